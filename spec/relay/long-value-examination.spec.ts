import { join } from 'node:path';
import { expect } from 'chai';
import { sealChanges } from '../../adapters/seal.ts';
import { fromUtf8, utf8 } from '../../lib/base/bytes.ts';
import { pieceKey, pieceRange } from '../../lib/store/keys.ts';
import { longValueFaults } from '../../relay/long-value-examination.ts';
import { checkStore } from '../../relay/store-check.ts';
import { repairStore } from '../../relay/store-repair.ts';
import { openStoreAt, tamper } from '../support/broken-store.ts';
import { withRaw } from '../support/raw-level.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const LONG = 'long '.repeat(40_000);

describe('values in pieces', () => {
  const folder = temporaryFolders();
  let data: string;

  beforeEach(async () => {
    data = join(await folder(), 'data');
    const store = await openStoreAt(data);
    await store.put('whole', ['text'], LONG);
    await store.put('other', ['text', 'more'], LONG);
    await store.put('short', ['text'], 'short');
    await store.close();
  });

  function faults(): Promise<string[]> {
    return withRaw(data, async (raw) => {
      const found: string[] = [];
      for await (const { kind, key } of longValueFaults(raw)) found.push(`${kind} ${fromUtf8(key)}`);
      return found;
    });
  }

  function pieces(): Promise<string[]> {
    const { from, to } = pieceRange();
    return withRaw(data, async (raw) => {
      const keys: string[] = [];
      for await (const [key] of raw.walk({ from: utf8(from), to: utf8(to) })) keys.push(fromUtf8(key));
      return keys;
    });
  }

  it('are sound when every piece is there', async () => {
    expect(await pieces()).to.have.lengthOf.above(9);
    expect(await faults()).to.deep.equal([]);
    expect((await checkStore(data)).isSound).to.equal(true);
  });

  it('are incomplete when a piece is gone or damaged, and what is left of them is loose', async () => {
    const all = await pieces();
    const [first] = all;
    const id = first!.split('/')[1]!;
    const ofFirst = all.filter((key) => key.includes(id));
    await tamper(data, [[first!, undefined]]);
    const gone = await faults();
    expect(gone.filter((fault) => fault.startsWith('incomplete'))).to.have.lengthOf(1);
    expect(gone.filter((fault) => fault.startsWith('loose'))).to.have.members(
      ofFirst.slice(1).map((key) => `loose ${key}`),
    );
    await tamper(data, [[ofFirst.at(-1)!, 'x']]);
    expect((await checkStore(data)).lines.join('\n')).to.include('1 values lack pieces');
  });

  it('leave loose pieces behind that do no harm', async () => {
    const loose = sealChanges([[pieceKey('nobody', 0), 'text']]);
    await tamper(
      data,
      loose.map(([key, value]) => [key, value as string]),
    );
    expect(await faults()).to.deep.equal([`loose ${pieceKey('nobody', 0)}`]);
    expect((await checkStore(data)).isSound).to.equal(true);
  });

  it('are dropped by a repair when they lack pieces, with the pieces that are left', async () => {
    await tamper(data, [[(await pieces()).at(-1)!, undefined]]);
    const lines = await repairStore({ data, backup: false });
    expect(lines.join('\n')).to.match(/values that lack pieces: 1 dropped, with \d+ loose pieces/);
    expect(await faults()).to.deep.equal([]);
    expect((await checkStore(data)).isSound).to.equal(true);
    const store = await openStoreAt(data);
    const left: number[] = [];
    for (const [soul, key] of [
      ['whole', 'text'],
      ['other', 'text'],
      ['other', 'more'],
    ] as const) {
      const entry = await store.graph.readField(soul, key);
      if (entry !== undefined) left.push(entry.json.length);
    }
    expect(left).to.have.lengthOf(2);
    expect(left.every((length) => length > LONG.length)).to.equal(true);
    await store.close();
  });
});
