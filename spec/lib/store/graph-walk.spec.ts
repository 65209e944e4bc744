import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { namesOf } from '../../../lib/log/operation.ts';
import { recordsIn, walkNotes, walkProperties } from '../../../lib/store/graph-walk.ts';
import { encodeEntry, fieldKey, nodeKey, soulRange } from '../../../lib/store/keys.ts';
import { LARGE_RECORD } from '../../../lib/store/node-record.ts';
import { aName, seeded } from '../../support/arbitraries.ts';
import { bodyOf, gathered } from '../../support/log-bytes.ts';
import { authorOf, operationAfter } from '../../support/log-maker.ts';
import { openLogged } from '../../support/logged-store.ts';
import { nodeRecord } from '../../support/node-records.ts';
import { openStore } from '../../support/small-store.ts';

function byUnits(a: readonly string[], b: readonly string[]): number {
  if (a[0] === b[0]) return a[1]! < b[1]! ? -1 : 1;
  return a[0]! < b[0]! ? -1 : 1;
}

describe('store.graph-walk', () => {
  it('gives every property once, by soul and key in the order of UTF-16 units', async () => {
    const places = fc.uniqueArray(fc.tuple(aName(), aName()), {
      maxLength: 60,
      selector: (place) => place.join('\n'),
    });
    await fc.assert(
      fc.asyncProperty(places, fc.boolean(), async (found, isWide) => {
        const store = await openStore();
        const wide = isWide ? Array.from({ length: 40 }, (_, at) => ['a', `k${at}`] as const) : [];
        const all = [
          ...found,
          ...wide.filter(([soul, key]) => !found.some(([s, k]) => s === soul && k === key)),
        ];
        for (const [soul, key] of all) await store.put([writeOf(soul, key, 1, 1)]);
        const walked = await gathered(walkProperties(store.storage));
        expect(walked.map(({ soul, key }) => [soul, key])).to.deep.equal(all.toSorted(byUnits));
        await store.close();
      }),
      seeded(60),
    );
  });

  it('sees what reads see: no properties of nodes that have no record of a large one', async () => {
    const storage = new MemoryStorage();
    await storage.open();
    await storage.commit([
      [nodeKey('large'), LARGE_RECORD],
      [nodeKey('small'), nodeRecord({ a: [1, '1'] })],
      ...['large', 'lost', 'small'].map((soul) => [fieldKey(soul, 'k'), encodeEntry(1, '2')] as const),
    ]);
    expect((await gathered(walkProperties(storage))).map(({ soul, key }) => `${soul} ${key}`)).to.deep.equal([
      'large k',
      'small a',
    ]);
    expect(await gathered(recordsIn(storage, soulRange({})))).to.have.lengthOf(5);
  });

  it('gives what operations wrote to nodes by the keys of their histories, wherever that is noted', async () => {
    const store = await openLogged();
    const operations = ['a', 'b', 'b', 'c', 'd'].map((soul, at) =>
      operationAfter(
        authorOf(at + 1),
        undefined,
        bodyOf([writeOf(soul, 'k', at + 1, at), writeOf('all', 'k', 1, at)]),
      ),
    );
    for (const operation of operations) await store.take(operation);
    await store.small.put([writeOf('own', 'k', 1, 1)]);
    await store.witness.flush();
    const walked = await gathered(walkNotes(store.small.memory));
    const keys = walked.map(({ key }) => key);
    expect(keys).to.deep.equal([...new Set(keys)].toSorted());
    const own = toHex((await store.logs.operation((await store.logs.head(store.own.name))!.tip))!.header.id);
    const noted = (soul: string): string[] =>
      walked.filter((note) => note.soul === soul).map(({ note }) => note.shortId);
    const short = (at: number): string => namesOf(operations[at]!).id.slice(0, 32);
    expect(['a', 'b', 'c', 'd', 'own'].map(noted)).to.deep.equal([
      [short(0)],
      [short(1), short(2)],
      [short(3)],
      [short(4)],
      [own.slice(0, 32)],
    ]);
    expect(noted('all').toSorted()).to.deep.equal(operations.map((_, at) => short(at)).toSorted());
    expect(walked).to.have.lengthOf(11);
    await store.close();
  });
});
