import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import {
  differingProperties,
  missingNotes,
  missingWaiting,
  wholeWrite,
} from '../../../lib/store/graph-differences.ts';
import { deferredKey, encodeDeferred, pieceRange } from '../../../lib/store/keys.ts';
import { historyOf, type HistoryNote } from '../../../lib/store/history-record.ts';
import { FakeClock, START_MS } from '../../support/fake-clock.ts';
import { gathered } from '../../support/log-bytes.ts';
import { copyWithout, ignoringCase } from '../../support/rebuilding.ts';
import { openStore, type SmallStore } from '../../support/small-store.ts';
import type { FieldWrite } from '../../../lib/graph/write.ts';

const LONG = 'x'.repeat(3000);

async function storeOf(...writes: FieldWrite[]): Promise<SmallStore> {
  const store = await openStore({ clock: new FakeClock() });
  if (writes.length > 0) await store.put(writes);
  return store;
}

function note(id: string, latest: number, states: HistoryNote['states']): HistoryNote {
  return { shortId: id.repeat(32), latest, states };
}

describe('store.graph-differences', () => {
  it('tells of each property that is not what logs say who wins, and of no other', async () => {
    const [store, logs] = [
      await storeOf(
        writeOf('a', 'only', 1, 1),
        writeOf('b', 'same', 1, LONG),
        writeOf('b', 'later', 2, LONG),
        writeOf('b', 'earlier', 1, LONG),
        writeOf('b', 'larger', 1, `${LONG}b`),
        writeOf('b', 'smaller', 1, 'a'),
        writeOf('c', 'same', 1, 1),
      ),
      await storeOf(
        writeOf('b', 'same', 1, LONG),
        writeOf('b', 'later', 1, 1),
        writeOf('b', 'earlier', 2, 1),
        writeOf('b', 'larger', 1, `${LONG}a`),
        writeOf('b', 'smaller', 1, LONG),
        writeOf('c', 'same', 1, 1),
        writeOf('z', 'only', 1, 1),
      ),
    ];
    const found = await gathered(differingProperties(store.storage, logs.storage));
    expect(found.map(({ soul, key, kind }) => [soul, key, kind])).to.deep.equal([
      ['a', 'only', 'unsigned'],
      ['b', 'earlier', 'older'],
      ['b', 'larger', 'unsigned'],
      ['b', 'later', 'unsigned'],
      ['b', 'smaller', 'older'],
      ['z', 'only', 'lost'],
    ]);
    expect(await wholeWrite(store.storage, found[2]!, found[2]!.has!)).to.deep.equal(
      writeOf('b', 'larger', 1, `${LONG}b`),
    );
    expect(await gathered(differingProperties(store.storage, store.storage))).to.deep.equal([]);
    expect([store, logs].map(({ storage }) => storage.openCursors)).to.deep.equal([0, 0]);
    await store.close();
    await logs.close();
  });

  it('tells of no other text that says the same, where it stays because it came first', async () => {
    const keys = ['wins', 'loses', 'other', 'later'];
    const [store, logs] = [
      await storeOf(
        ...['a', 'A', 'x', 'a'].map((text, at) => writeOf('s', keys[at]!, at === 3 ? 2 : 1, text)),
      ),
      await storeOf(...['A', 'a', 'A', 'A'].map((text, at) => writeOf('s', keys[at]!, 1, text))),
    ];
    const found = await gathered(differingProperties(store.storage, logs.storage, ignoringCase));
    expect(found.map(({ key, kind }) => [key, kind])).to.deep.equal([
      ['later', 'unsigned'],
      ['loses', 'older'],
      ['other', 'unsigned'],
    ]);
    await store.close();
    await logs.close();
  });

  it('closes its walks for who looks no further, and tells when a value lacks pieces', async () => {
    const [store, logs] = [
      await storeOf(writeOf('s', 'k', 1, LONG)),
      await storeOf(writeOf('s', 'k', 1, 'y')),
    ];
    const { from, to } = pieceRange();
    const memory = await copyWithout(store.memory, (key) => key >= from && key < to);
    const error = await gathered(differingProperties(memory, logs.storage)).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.include('a piece of a value is missing');
    for await (const _ of differingProperties(store.storage, logs.storage)) break;
    expect([store, logs].map(({ storage }) => storage.openCursors)).to.deep.equal([0, 0]);
    await store.close();
    await logs.close();
  });

  it('misses what no note tells of, under whatever state that stands', async () => {
    const [store, logs] = [new MemoryStorage(), new MemoryStorage()];
    await store.open();
    await logs.open();
    await logs.commit([
      historyOf('s', note('a', 1, [['k', 1]])),
      historyOf('s', note('b', 1, [['k', 1]])),
      historyOf(
        's',
        note('c', 1, [
          ['k', 1],
          ['j', 1],
        ]),
      ),
      historyOf('t', note('d', 1, [['k', 1]])),
    ]);
    const more = [
      ['k', 1],
      ['other', 9],
    ] as const;
    await store.commit([
      historyOf('s', note('a', 9, more)),
      historyOf('s', note('c', 9, more)),
      historyOf('t', note('d', 1, [['k', 1, 1]])),
      historyOf('u', note('e', 1, [['k', 1]])),
    ]);
    const missing = await gathered(missingNotes(store, logs));
    expect(missing.map(({ soul, note: { shortId } }) => soul + shortId[0]!)).to.deep.equal(['sb', 'sc']);
  });

  it('misses what waits for its time, unless something greater waits there', async () => {
    const [due, value] = [START_MS + 5, 'm'];
    const logs = await storeOf(
      ...['none', 'same', 'less', 'more'].map((key) => writeOf('s', key, due, value)),
      writeOf('s', 'long', due, LONG),
    );
    const store = await storeOf(
      writeOf('s', 'same', due, value),
      writeOf('s', 'less', due, 'a'),
      writeOf('s', 'more', due, 'z'),
      writeOf('s', 'unsigned', due, 1),
    );
    const far = deferredKey(due, 's', 'far');
    await logs.memory.commit([[far, encodeDeferred('1', 'author')]]);
    const missing = await gathered(missingWaiting(store.storage, logs.storage));
    expect(missing.map(({ write, owner }) => [write.key, write.json.length, owner])).to.deep.equal([
      ['far', 1, 'author'],
      ['less', 3, undefined],
      ['long', LONG.length + 2, undefined],
      ['none', 3, undefined],
    ]);
    await store.close();
    await logs.close();
  });
});
