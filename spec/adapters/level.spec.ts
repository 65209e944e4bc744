import { expect } from 'chai';
import { Level } from 'level';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { LevelStorage } from '../../adapters/level.ts';
import { GraphError } from '../../lib/base/errors.ts';
import type { Change } from '../../lib/store/storage.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolder, temporaryFolders } from '../support/temporary-folder.ts';

describeStorage(
  { describe, it },
  'LevelStorage',
  async () => {
    const folder = await temporaryFolder();
    const again = (): LevelStorage => new LevelStorage({ location: folder.path, durability: 'os' });
    return { storage: again(), again, remove: () => folder.remove() };
  },
  { supports: { persistent: true, snapshots: true }, seed },
);

type Write = (this: unknown, options: { readonly sync?: boolean }) => Promise<void>;

async function failureOf(run: () => Promise<unknown>): Promise<GraphError> {
  try {
    await run();
  } catch (error) {
    expect(error).to.be.instanceOf(GraphError);
    return error as GraphError;
  }
  throw new Error('nothing failed');
}

describe('LevelStorage', () => {
  const folder = temporaryFolders();

  it('creates its folder, parents included', async () => {
    const location = join(await folder(), 'deep', 'data');
    const storage = new LevelStorage({ location });
    await storage.open();
    await storage.commit([['a', '1']]);
    await storage.close();
    expect(await readdir(location)).to.include('CURRENT');
  });

  it('answers reads of up to 32 keys at once and larger ones later', async () => {
    const storage = new LevelStorage({ location: await folder(), durability: 'os' });
    await storage.open();
    await storage.commit([['a', '1']]);
    const keys = Array.from({ length: 33 }, () => 'a');
    expect(storage.getText('a')).to.equal('1');
    expect([...(storage.getBytes('a') as Uint8Array)]).to.deep.equal([49]);
    expect(storage.getTexts(keys.slice(1))).to.deep.equal(keys.slice(1).map(() => '1'));
    const later = storage.getTexts(keys);
    expect(later).to.be.instanceOf(Promise);
    expect(await later).to.deep.equal(keys.map(() => '1'));
    await storage.close();
  });

  it('writes a commit once, synced to disk unless its durability is that of the operating system', async () => {
    const probe = new Level(await folder());
    await probe.open();
    const batch = Object.getPrototypeOf(probe.batch()) as Record<string, Write>;
    await probe.close();
    const method = '_write';
    const { value: write } = Object.getOwnPropertyDescriptor(batch, method) as { value: Write };
    const syncs: unknown[] = [];
    batch[method] = function (options) {
      syncs.push(options.sync);
      return write.call(this, options);
    };
    try {
      for (const durability of [undefined, 'fsync', 'os'] as const) {
        const location = await folder();
        const storage = new LevelStorage(durability === undefined ? { location } : { location, durability });
        await storage.open();
        await storage.commit(Array.from({ length: 200 }, (_, i): Change => [`k${i}`, '1']));
        await storage.close();
      }
    } finally {
      batch[method] = write;
    }
    expect(syncs).to.deep.equal([true, true, false]);
  });

  it('names the folder and the cause when another storage holds it', async () => {
    const location = await folder();
    const first = new LevelStorage({ location });
    await first.open();
    const error = await failureOf(() => new LevelStorage({ location }).open());
    await first.close();
    expect(error.code).to.equal('STORAGE_LOCKED');
    expect(error.message).to.include(location);
    expect(error.cause).to.be.instanceOf(Error);
  });

  it('tells that a folder cannot be used or is damaged', async () => {
    const file = join(await folder(), 'file');
    await writeFile(file, 'not a folder');
    const location = await folder();
    const storage = new LevelStorage({ location });
    await storage.open();
    await storage.commit([['a', '1']]);
    await storage.close();
    const manifest = (await readdir(location)).find((name) => name.startsWith('MANIFEST'))!;
    await writeFile(join(location, manifest), 'damage');
    for (const place of [file, join(file, 'below'), location]) {
      const error = await failureOf(() => new LevelStorage({ location: place }).open());
      expect(error.code).to.equal('STORAGE_UNREADABLE');
      expect(error.cause).to.be.instanceOf(Error);
    }
  });

  it('opens after a failed opening, once the reason is gone', async () => {
    const location = await folder();
    const first = new LevelStorage({ location });
    const second = new LevelStorage({ location });
    await first.open();
    await failureOf(() => second.open());
    await first.close();
    await second.open();
    await second.commit([['a', '1']]);
    expect(await second.getText('a')).to.equal('1');
    await second.close();
  });

  it('rejects a commit that the disk refused', async () => {
    const location = await folder();
    const storage = new LevelStorage({ location, durability: 'os', writeBufferBytes: 64 * 1024 });
    await storage.open();
    await rm(location, { recursive: true });
    const value = 'x'.repeat(50_000);
    const error = await failureOf(async () => {
      // LevelDB needs a new file once its write buffer is full, and its folder is gone.
      for (let i = 0; i < 20; i += 1) await storage.commit([[`k${i}`, value]]);
    });
    await storage.close();
    expect(error.code).to.equal('STORAGE_FAILED');
    expect(error.cause).to.be.instanceOf(Error);
  });

  it('rejects every read that meets a damaged table', async () => {
    const location = await folder();
    const first = new LevelStorage({ location });
    await first.open();
    await first.commit([['a', '1']]);
    await first.close();
    // Opening moves what the log holds into a table.
    const second = new LevelStorage({ location });
    await second.open();
    await second.close();
    const tables = (await readdir(location)).filter((name) => name.endsWith('.ldb'));
    expect(tables).to.have.lengthOf(1);
    await writeFile(join(location, tables[0]!), 'damage');
    const third = new LevelStorage({ location });
    await third.open();
    const keys = Array.from({ length: 40 }, () => 'a');
    const reads = [
      () => third.getText('a'),
      () => third.getTexts(['a']),
      () => third.getTexts(keys),
      () => third.getBytes('a'),
      () => third.range({ from: 'a', to: 'b' }).next(1),
    ];
    const errors: GraphError[] = [];
    for (const read of reads) errors.push(await failureOf(async () => read()));
    await third.close();
    expect(errors.map(({ code }) => code)).to.deep.equal(reads.map(() => 'STORAGE_FAILED'));
    for (const { cause } of errors) expect(cause).to.be.instanceOf(Error);
  });

  it('ends a page of large values early instead of holding them all', async () => {
    const storage = new LevelStorage({ location: await folder(), durability: 'os' });
    await storage.open();
    const value = 'x'.repeat(10_000);
    await storage.commit(Array.from({ length: 100 }, (_, i): Change => [`k${i}`, value]));
    const cursor = storage.range({ from: 'k', to: 'l' });
    const pages: number[] = [];
    for (let page = await cursor.next(100); page.length > 0; page = await cursor.next(100)) {
      pages.push(page.length);
    }
    await cursor.close();
    await storage.close();
    expect(Math.max(...pages)).to.be.within(20, 30);
    expect(pages.reduce((sum, page) => sum + page)).to.equal(100);
  });
});
