import { expect } from 'chai';
import { Level } from 'level';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { LevelStorage } from '../../adapters/level.ts';
import { utf8 } from '../../lib/base/bytes.ts';
import { GraphError } from '../../lib/base/errors.ts';
import type { Change } from '../../lib/store/storage.ts';
import { FakeClock } from '../support/fake-clock.ts';
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

  it('gives smaller pages the more walks read at once, so that they do not add up in one turn', async () => {
    const storage = new LevelStorage({ location: await folder(), durability: 'os' });
    await storage.open();
    const keys = Array.from({ length: 600 }, (_, at) => `k${String(at).padStart(3, '0')}`);
    await storage.commit(keys.map((key) => [key, 'x']));
    const walks = Array.from({ length: 20 }, () => storage.range({ from: 'k', to: 'l' }));
    const pages = await Promise.all(walks.map((walk) => walk.next(512)));
    const lengths = pages.map((page) => page.length);
    expect([lengths[0], lengths[1], lengths[7], lengths[15], lengths[19]]).to.deep.equal([
      512, 256, 64, 32, 32,
    ]);
    const found = pages[19]!.map(([key]) => key);
    for (let page = await walks[19]!.next(512); page.length > 0; page = await walks[19]!.next(512)) {
      expect(page).to.have.length(Math.min(512, 600 - found.length));
      found.push(...page.map(([key]) => key));
    }
    expect(found).to.deep.equal(keys);
    await Promise.all(walks.map((walk) => walk.close()));
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

  describe('after a failed write', () => {
    const METHOD = '_write';
    let batches: Record<string, Write>;
    let write: Write;
    let time: FakeClock;
    let isWritable: boolean;
    let storage: LevelStorage;

    beforeEach(async () => {
      const probe = new Level(await folder());
      await probe.open();
      batches = Object.getPrototypeOf(probe.batch()) as Record<string, Write>;
      await probe.close();
      write = Object.getOwnPropertyDescriptor(batches, METHOD)!.value as Write;
      time = new FakeClock();
      isWritable = false;
      const options = { clock: time.clock, isWritable: async () => isWritable };
      storage = new LevelStorage({ location: await folder(), durability: 'os', ...options });
      await storage.open();
      await storage.commit(Array.from({ length: 100 }, (_, i): Change => [`k${10 + i}`, 'old']));
    });

    afterEach(async () => {
      batches[METHOD] = write;
      await storage.close();
    });

    /** Makes writes fail before they are done. */
    function breakWrites(): void {
      batches[METHOD] = async () => {
        throw new Error('IO error: 000003.log: No space left on device');
      };
    }

    it('reads go on and commits are refused, those that wait included, until the disk takes writes', async () => {
      breakWrites();
      const errors = await Promise.all(
        ['a', 'b', 'c'].map((key) => failureOf(() => storage.commit([[key, '1']]))),
      );
      expect(errors.map(({ code }) => code)).to.deep.equal(Array.from({ length: 3 }, () => 'STORAGE_FULL'));
      batches[METHOD] = write;
      expect((await failureOf(() => storage.commit([['d', '1']]))).code).to.equal('STORAGE_FULL');
      expect(await storage.getTexts(['k10', 'a', 'b', 'd'])).to.deep.equal([
        'old',
        undefined,
        undefined,
        undefined,
      ]);
      isWritable = true;
      time.advance(1000);
      await storage.commit([['e', '1']]);
      expect(await storage.getTexts(['k10', 'a', 'b', 'd', 'e'])).to.deep.equal([
        'old',
        undefined,
        undefined,
        undefined,
        '1',
      ]);
    });

    it('reads and walks that come while it is opened anew wait, and those under way go on', async () => {
      breakWrites();
      await failureOf(() => storage.commit([['a', '1']]));
      batches[METHOD] = write;
      const up = storage.range({ from: 'k', to: 'l' });
      const down = storage.range({ from: 'k', to: 'l', reverse: true });
      expect(await up.next(3)).to.have.length(3);
      expect(await down.next(3)).to.have.length(3);
      isWritable = true;
      const state = { isDone: false };
      const committing = storage.commit([['k999', '1']]).finally(() => {
        state.isDone = true;
      });
      while (!state.isDone) {
        const text = storage.getText('k10');
        const texts = storage.getTexts(['k10']);
        const bytes = storage.getBytes('k10');
        const page = storage.range({ from: 'k10', to: 'k100' }).next(1);
        await nextTurn();
        expect([await text, await texts, await page]).to.deep.equal(['old', ['old'], [['k10', 'old']]]);
        expect([...(await bytes)!]).to.deep.equal([...utf8('old')]);
      }
      await committing;
      expect((await up.next(2)).map(([key]) => key)).to.deep.equal(['k102', 'k103']);
      expect((await down.next(2)).map(([key]) => key)).to.deep.equal(['k96', 'k95']);
      await Promise.all([up.close(), down.close()]);
    });
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
