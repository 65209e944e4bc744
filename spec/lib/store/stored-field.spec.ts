import { expect } from 'chai';
import * as fc from 'fast-check';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { Slices } from '../../../lib/base/slices.ts';
import { encodeEntry, fieldKey, nodeKey } from '../../../lib/store/keys.ts';
import { LARGE_RECORD } from '../../../lib/store/node-record.ts';
import type { TextEntry } from '../../../lib/store/storage.ts';
import { readLarge, readStored, storedFields } from '../../../lib/store/stored-field.ts';
import { ODD_NAMES, seeded } from '../../support/arbitraries.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';
import { nodeRecord } from '../../support/node-records.ts';

const RECORDS: TextEntry[] = [
  [nodeKey('large'), LARGE_RECORD],
  [fieldKey('large', 'a'), encodeEntry(1, '1')],
  [fieldKey('large', 'b'), encodeEntry(2, '2')],
  [nodeKey('small'), nodeRecord({ z: [3, '3'], a: [4, '4'], '～': [5, '5'], '😀': [6, '6'] })],
];

describe('stored fields', () => {
  for (const late of [false, true]) {
    it(`are read wherever they stand, from storage that answers ${late ? 'later' : 'at once'}`, async () => {
      const storage = new FaultyStorage(new MemoryStorage());
      storage.late = late;
      await storage.open();
      await storage.commit(RECORDS);
      const slices = new Slices({ schedule: setImmediate });
      const read = async (soul: string, key: string): Promise<number | undefined> =>
        (await slices.runWaiting(readStored(storage, { soul, key })))?.state;
      expect([await read('small', 'a'), await read('small', 'b')]).to.deep.equal([4, undefined]);
      expect([await read('large', 'b'), await read('large', 'c')]).to.deep.equal([2, undefined]);
      expect(await read('none', 'a')).to.equal(undefined);
      expect(await readLarge(storage, { soul: 'large', key: 'a' })).to.deep.equal({ state: 1, json: '1' });
      await storage.close();
    });
  }

  it('come from a walk in its order, marks left out', () => {
    const rows = [...storedFields(RECORDS, false)].map(({ soul, key, entry }) => [soul, key, entry.state]);
    expect(rows).to.deep.equal([
      ['large', 'a', 1],
      ['large', 'b', 2],
      ['small', 'a', 4],
      ['small', 'z', 3],
      ['small', '😀', 6],
      ['small', '～', 5],
    ]);
    const backwards = [...storedFields(RECORDS.toReversed(), true)].map(({ entry }) => entry.state);
    expect(backwards).to.deep.equal(rows.map(([, , state]) => state).toReversed());
  });

  it('of a small node come in the order of UTF-16 units, whatever the keys', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...ODD_NAMES], { minLength: 1, maxLength: 30 }), (keys) => {
        const record = nodeRecord(Object.fromEntries(keys.map((key) => [key, [1, '1']] as const)));
        const found = [...storedFields([[nodeKey('s'), record]], false)].map(({ key }) => key);
        expect(found).to.deep.equal(keys.toSorted());
      }),
      seeded(100),
    );
  });
});
