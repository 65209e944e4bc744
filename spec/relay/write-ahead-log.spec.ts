import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { LevelStorage } from '../../adapters/level.ts';
import { logState } from '../../relay/write-ahead-log.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

const BLOCK = 32 * 1024;

describe('write-ahead log', () => {
  const folder = temporaryFolders();

  /** The log of some commits, one of them longer than three blocks. */
  async function aLog(sizes: readonly number[]): Promise<Buffer> {
    const location = await folder();
    const storage = new LevelStorage({ location, durability: 'os' });
    await storage.open();
    for (const [at, size] of sizes.entries()) await storage.commit([[`key ${at}`, 'x'.repeat(size)]]);
    await storage.close();
    const name = (await readdir(location)).find((each) => each.endsWith('.log'))!;
    return readFile(join(location, name));
  }

  it('is whole when LevelDB wrote it, wherever its records end', async () => {
    expect(logState(await aLog([]))).to.equal('whole');
    expect(logState(await aLog([10, 100_000, 5, 40_000, 7]))).to.equal('whole');
    // The record before leaves 0 to 12 bytes of its block.
    for (let rest = 0; rest < 13; rest += 1) {
      expect(logState(await aLog([BLOCK - 32 - rest, 10])), `${rest}`).to.equal('whole');
    }
  });

  it('is torn, or whole, however much of its end is cut off', async () => {
    const log = await aLog([10, 100_000, 5, 40_000, 7]);
    const states = new Set<string>();
    for (let length = 0; length < log.length; length += length < 200 ? 1 : 997) {
      states.add(logState(log.subarray(0, length)));
    }
    expect([...states].toSorted()).to.deep.equal(['torn', 'whole']);
    expect(logState(log.subarray(0, log.length - 1))).to.equal('torn');
    expect(logState(log.subarray(0, log.length - 7 - 12 - 5))).to.equal('torn');
  });

  it('is torn when its last record is garbled or followed by zeros or rubbish', async () => {
    const log = await aLog([10, 20, 30]);
    const garbled = Buffer.from(log);
    garbled[garbled.length - 3]! ^= 1;
    expect(logState(garbled)).to.equal('torn');
    expect(logState(Buffer.concat([log, Buffer.alloc(5000)]))).to.equal('torn');
    expect(logState(Buffer.concat([log, Buffer.alloc(5000, 0xa7)]))).to.equal('torn');
    expect(logState(Buffer.from(log).fill(0, log.length - 30))).to.equal('torn');
  });

  it('is damaged when something whole comes after what cannot be read', async () => {
    const log = await aLog(Array.from({ length: 400 }, () => 300));
    expect(log.length).to.be.greaterThan(3 * BLOCK);
    for (const at of [0, 4, 6, 100, 5000, BLOCK + 40, 2 * BLOCK + 1]) {
      const garbled = Buffer.from(log);
      garbled[at]! ^= 0x40;
      expect(logState(garbled), `byte ${at}`).to.equal('damaged');
    }
    expect(logState(Buffer.from(log).fill(0, 10_000, 14_096))).to.equal('damaged');
    expect(logState(Buffer.from(log).fill(0, BLOCK, 2 * BLOCK))).to.equal('damaged');
  });
});
