import { expect } from 'chai';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { Slices } from '../../../lib/base/slices.ts';
import { ChunkedReads } from '../../../lib/store/chunked-reads.ts';
import { FaultyStorage } from '../../support/faulty-storage.ts';

describe('store ChunkedReads', () => {
  let storage: FaultyStorage;
  let taken: [number, string | undefined][];

  beforeEach(async () => {
    storage = new FaultyStorage(new MemoryStorage());
    await storage.open();
    await storage.commit(Array.from({ length: 100 }, (_, index) => [`k${index}`, `value ${index}`]));
    taken = [];
  });

  afterEach(() => storage.close());

  /** Reads keys with their places as items, at most ten at once. */
  async function read(keys: readonly string[]): Promise<void> {
    const reads = new ChunkedReads<number>(storage, 10, (item, record) => void taken.push([item, record]));
    for (const [index, key] of keys.entries()) {
      if (reads.add(key, index)) await new Slices({ schedule: setImmediate }).runWaiting(reads.flush());
    }
    await new Slices({ schedule: setImmediate }).runWaiting(reads.flush());
  }

  for (const late of [false, true]) {
    it(`gives every record with what it was asked for, when storage answers ${late ? 'later' : 'at once'}`, async () => {
      storage.late = late;
      await read(['k7', 'missing', 'k3', 'k7']);
      expect(taken).to.deep.equal([
        [0, 'value 7'],
        [1, undefined],
        [2, 'value 3'],
        [3, 'value 7'],
      ]);
    });
  }

  it('asks for so many records at once and no more', async () => {
    await read(Array.from({ length: 35 }, (_, index) => `k${index}`));
    expect(taken).to.have.length(35);
    expect(storage.calls.getTexts).to.equal(4);
  });

  it('asks for fewer records when their keys are long', async () => {
    await read(Array.from({ length: 10 }, (_, index) => `k${index}`.padEnd(20_000, ' ')));
    expect(storage.calls.getTexts).to.equal(3);
  });

  it('asks for nothing when nothing was noted', async () => {
    await read([]);
    expect(storage.calls.getTexts).to.equal(0);
  });
});
