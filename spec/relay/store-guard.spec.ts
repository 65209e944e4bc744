import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { drain, EVERYTHING, expectCode } from '../../adapters/conformance/storage-kit.ts';
import { LevelStorage } from '../../adapters/level.ts';
import { GraphError } from '../../lib/base/errors.ts';
import type { Storage } from '../../lib/store/storage.ts';
import type { Durability } from '../../relay/option-table.ts';
import { CommitCounter, readCommitCount } from '../../relay/commit-counter.ts';
import { GuardedStorage, type GuardEvent } from '../../relay/store-guard.ts';
import { cut, fileOf as newestFile, flip } from '../support/broken-store.ts';
import { FaultyStorage } from '../support/faulty-storage.ts';
import { seed } from '../support/seed.ts';
import { temporaryFolder, temporaryFolders } from '../support/temporary-folder.ts';

const COMMITS = 150;
/** A commit's own records, so that one that is half there shows. */
const RECORDS = 4;

function guardOf(
  location: string,
  durability: Durability = 'os',
  report?: (event: GuardEvent) => void,
): GuardedStorage {
  const storage = new LevelStorage({ location, durability });
  return new GuardedStorage({ location, durability, storage, report });
}

describeStorage(
  { describe, it },
  'GuardedStorage',
  async () => {
    const folder = await temporaryFolder();
    const again = (): Storage => guardOf(folder.path);
    return { storage: again(), again, remove: () => folder.remove() };
  },
  { supports: { persistent: true, snapshots: true }, seed },
);

async function expectReadOnly(guard: GuardedStorage): Promise<void> {
  await expectCode('STORAGE_DAMAGED', () => guard.commit([['new', '1']]));
  expect(await guard.getText('new')).to.equal(undefined);
}

/** What a damaged store still gives; anything that is not as it was written fails. */
async function expectOnlyWhatWasWritten(guard: GuardedStorage): Promise<number> {
  let count = 0;
  for (let number = 0; number < COMMITS; number += 1) {
    for (let i = 0; i < RECORDS; i += 1) {
      let text: string | undefined;
      try {
        text = await guard.getText(`${number} ${i}`);
      } catch (error) {
        expect((error as GraphError).code).to.equal('STORAGE_DAMAGED');
        continue;
      }
      if (text === undefined) continue;
      expect(text).to.equal(`${number} `.repeat(60));
      count += 1;
    }
  }
  return count;
}

describe('GuardedStorage', () => {
  const folder = temporaryFolders();
  let location: string;
  let events: GuardEvent[];

  beforeEach(async () => {
    location = join(await folder(), 'data');
    events = [];
  });

  it('removes what a rebuild of the graph has left that was killed, but nothing of one that is under way', async () => {
    const first = guardOf(location);
    await first.open();
    await mkdir(join(location, 'rebuild'));
    await writeFile(join(location, 'rebuild', 'CURRENT'), 'half of a graph');
    await expectCode('STORAGE_LOCKED', () => guardOf(location).open());
    await first.close();
    expect(await readdir(location)).to.include('rebuild');
    const second = guardOf(location);
    await second.open();
    expect(await readdir(location)).to.not.include('rebuild');
    await second.close();
  });

  async function opened(durability: Durability = 'fsync'): Promise<GuardedStorage> {
    const guard = guardOf(location, durability, (event) => events.push(event));
    await guard.open();
    return guard;
  }

  /** Fills a store with commits of several records; the older half lies in tables, the newer one in the log. */
  async function fill(durability: Durability = 'fsync'): Promise<void> {
    for (const half of [0, 1]) {
      const guard = guardOf(location, 'os');
      await guard.open();
      for (let at = 0; at < COMMITS / 2; at += 1) {
        const number = half * (COMMITS / 2) + at;
        await guard.commit(
          Array.from({ length: RECORDS }, (_, i) => [`${number} ${i}`, `${number} `.repeat(60)]),
        );
      }
      await guard.close();
    }
    new CommitCounter(join(location, 'commits'), { commits: COMMITS, durability }).close();
  }

  function fileOf(pattern: RegExp): Promise<string> {
    return newestFile(location, pattern);
  }

  function kinds(): string[] {
    return events.map(({ kind }) => kind);
  }

  it('says nothing about a sound store, opened again and again', async () => {
    for (let round = 0; round < 3; round += 1) {
      const guard = await opened();
      await guard.commit([[`a${round}`, '1']]);
      expect(guard.damage).to.equal(undefined);
      await guard.close();
    }
    expect(events).to.deep.equal([]);
    expect(readCommitCount(join(location, 'commits'))).to.deep.equal({ commits: 3, durability: 'fsync' });
  });

  it('counts a commit after it went through, never before', async () => {
    const inner = new FaultyStorage(new LevelStorage({ location, durability: 'os' }));
    const guard = new GuardedStorage({ location, durability: 'os', storage: inner });
    await guard.open();
    const hold = inner.hold('commit', 'after');
    const committing = guard.commit([['a', '1']]);
    await hold.reached;
    expect(readCommitCount(join(location, 'commits'))?.commits).to.equal(0);
    hold.release();
    await committing;
    expect(readCommitCount(join(location, 'commits'))?.commits).to.equal(1);
    await guard.close();
  });

  it('opens clean when a commit was not counted, as when the process is killed between both', async () => {
    await fill();
    new CommitCounter(join(location, 'commits'), { commits: COMMITS - 1, durability: 'fsync' }).close();
    const guard = await opened();
    expect(kinds()).to.deep.equal([]);
    await guard.close();
    expect(readCommitCount(join(location, 'commits'))?.commits).to.equal(COMMITS);
  });

  it('opens clean when the log ends amid a commit that nobody was told of', async () => {
    await fill();
    new CommitCounter(join(location, 'commits'), { commits: COMMITS - 1, durability: 'fsync' }).close();
    const log = await fileOf(/\.log$/);
    await truncate(log, (await readFile(log)).length - 20);
    const guard = await opened();
    expect(kinds()).to.deep.equal([]);
    await guard.commit([['new', '1']]);
    expect(await expectOnlyWhatWasWritten(guard)).to.equal((COMMITS - 1) * RECORDS);
    await guard.close();
  });

  it('opens clean when a power cut garbled the end of a commit that nobody was told of', async () => {
    await fill();
    new CommitCounter(join(location, 'commits'), { commits: COMMITS - 1, durability: 'fsync' }).close();
    const log = await fileOf(/\.log$/);
    const bytes = await readFile(log);
    await writeFile(log, bytes.fill(0, bytes.length - 500));
    const guard = await opened();
    expect(kinds()).to.deep.equal([]);
    await guard.close();
  });

  it('holds each commit whole or not at all, wherever its log ends, and each one that was counted', async () => {
    const guard = guardOf(location);
    await guard.open();
    const ends: number[] = [];
    for (let number = 0; number < 12; number += 1) {
      await guard.commit(
        Array.from({ length: RECORDS }, (_, i) => [`${number} ${i}`, 'x'.repeat(number * 300)]),
      );
      ends.push((await readFile(await fileOf(/\.log$/))).length);
    }
    await guard.close();
    const copy = join(await folder(), 'copy');
    const log = (await fileOf(/\.log$/)).slice(location.length);
    for (let length = 0; length < ends.at(-1)!; length += 401) {
      await rm(copy, { recursive: true, force: true });
      await cp(location, copy, { recursive: true });
      await truncate(join(copy, log), length);
      const whole = ends.filter((end) => end <= length).length;
      new CommitCounter(join(copy, 'commits'), { commits: whole, durability: 'fsync' }).close();
      const torn = guardOf(copy);
      await torn.open();
      expect(torn.damage, `${length} bytes`).to.equal(undefined);
      const keys = (await drain(torn, EVERYTHING)).map(([key]) => key);
      await torn.close();
      const expected = Array.from(
        { length: whole * RECORDS },
        (_, at) => `${Math.floor(at / RECORDS)} ${at % RECORDS}`,
      );
      expect(keys, `${length} bytes`).to.have.members(expected);
    }
  });

  const DAMAGES: [what: string, damage: () => Promise<void>][] = [
    ['the log is cut off', async () => cut(await fileOf(/\.log$/), 0.5)],
    ['the log is empty', async () => cut(await fileOf(/\.log$/), 0)],
    ['the log is gone', async () => rm(await fileOf(/\.log$/))],
    ['a bit of the log has changed', async () => flip(await fileOf(/\.log$/), 0.4)],
    ['a bit of the end of the log has changed', async () => flip(await fileOf(/\.log$/), 0.999)],
  ];
  for (const [what, damage] of DAMAGES) {
    it(`is read-only, over restarts, when ${what}`, async () => {
      await fill();
      await damage();
      for (let start = 0; start < 3; start += 1) {
        events = [];
        const guard = await opened();
        expect(kinds()).to.deep.equal(['store-damaged']);
        expect(guard.damage).to.be.a('string');
        await expectReadOnly(guard);
        expect(await expectOnlyWhatWasWritten(guard)).to.be.within(RECORDS, COMMITS * RECORDS - 1);
        await guard.close();
      }
    });
  }

  const UNOPENABLE: [what: string, damage: () => Promise<void>][] = [
    ['the manifest is garbled', async () => flip(await fileOf(/^MANIFEST/), 0.5)],
    ['the manifest is cut off', async () => cut(await fileOf(/^MANIFEST/), 0.9)],
    ['a table is cut off', async () => cut(await fileOf(/\.ldb$/), 0.5)],
    ['a table is gone', async () => rm(await fileOf(/\.ldb$/))],
    ['CURRENT is gone', async () => rm(join(location, 'CURRENT'))],
    ['CURRENT is empty', async () => cut(join(location, 'CURRENT'), 0)],
  ];
  for (const [what, damage] of UNOPENABLE) {
    it(`refuses to open, says what to do and deletes nothing when ${what}`, async () => {
      await fill();
      await damage();
      const tables = (await readdir(location)).filter((name) => name.endsWith('.ldb'));
      for (let start = 0; start < 2; start += 1) {
        const guard = guardOf(location, 'fsync');
        const error = await guard.open().catch((reason: unknown) => reason as GraphError);
        expect(error).to.be.instanceOf(GraphError);
        expect((error as GraphError).code).to.equal('STORAGE_DAMAGED');
        expect((error as GraphError).message).to.contain('thicket repair');
        expect(await readdir(location)).to.include.members(tables);
      }
    });
  }

  const UNREADABLE: [what: string, damage: () => Promise<void>, reason: RegExp][] = [
    ['the manifest is gone', async () => rm(await fileOf(/^MANIFEST/)), /MANIFEST-\d+: No such file/],
    ['CURRENT is garbage', () => writeFile(join(location, 'CURRENT'), 'garbage\n'), /garbage: No such file/],
    [
      'CURRENT names another manifest',
      () => writeFile(join(location, 'CURRENT'), 'MANIFEST-999999\n'),
      /MANIFEST-999999: No such file/,
    ],
  ];
  for (const [what, damage, reason] of UNREADABLE) {
    it(`says what LevelDB misses and what to do, and deletes nothing, when ${what}`, async () => {
      await fill();
      await damage();
      const files = await readdir(location);
      for (let start = 0; start < 2; start += 1) {
        const error = await guardOf(location, 'fsync')
          .open()
          .catch((failure: unknown) => failure);
        expect(error).to.be.instanceOf(GraphError).with.property('code', 'STORAGE_UNREADABLE');
        const { message } = error as GraphError;
        const folderText = JSON.stringify(location);
        expect(message).to.match(reason);
        expect(message).to.contain(
          `run: thicket check --data ${folderText}, thicket repair --data ${folderText}`,
        );
        expect(await readdir(location)).to.include.members(files);
      }
    });
  }

  it('has no commands to offer where there is no store', async () => {
    await writeFile(location, 'a file');
    const error = await guardOf(location, 'fsync')
      .open()
      .catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(GraphError).with.property('code', 'STORAGE_UNREADABLE');
    expect((error as GraphError).message).to.not.contain('repair');
  });

  it('becomes read-only when it meets a damaged table while it runs', async () => {
    for (const part of [0.1, 0.3, 0.6]) {
      await rm(location, { recursive: true, force: true });
      await fill();
      await flip(await fileOf(/\.ldb$/), part);
      events = [];
      const guard = await opened();
      expect(guard.damage).to.equal(undefined);
      await expectOnlyWhatWasWritten(guard);
      const walk = await drain(guard, EVERYTHING).catch((error: unknown) => error as GraphError);
      if (!Array.isArray(walk)) expect(walk.code).to.equal('STORAGE_DAMAGED');
      for (const [key, value] of Array.isArray(walk) ? walk : []) {
        expect(value).to.equal(`${key.split(' ')[0]} `.repeat(60));
      }
      expect(kinds()).to.deep.equal(['store-damaged']);
      await expectReadOnly(guard);
      await guard.close();
      const again = await opened();
      expect(again.damage).to.be.a('string');
      await again.close();
    }
  });

  it('warns of commits lost to a power cut where none were promised to survive one, and goes on', async () => {
    await fill('os');
    await cut(await fileOf(/\.log$/), 0.5);
    const guard = await opened('os');
    expect(events).to.have.length(1);
    expect(events[0]).to.include({ kind: 'store-behind' });
    expect((events[0] as { lostCommits: number }).lostCommits).to.be.within(30, 45);
    await guard.commit([['new', '1']]);
    await guard.close();
    events = [];
    await (await opened('os')).close();
    expect(events).to.deep.equal([]);
  });

  it('judges a loss by what was promised when the commits were made', async () => {
    await fill('os');
    await cut(await fileOf(/\.log$/), 0.5);
    const lenient = await opened('fsync');
    expect(kinds()).to.deep.equal(['store-behind']);
    await lenient.close();
    await rm(location, { recursive: true });
    await fill('fsync');
    await cut(await fileOf(/\.log$/), 0.5);
    events = [];
    const strict = await opened('os');
    expect(kinds()).to.deep.equal(['store-damaged']);
    await strict.close();
  });

  it('is damaged even so when its log cannot be read in the middle', async () => {
    await fill('os');
    await flip(await fileOf(/\.log$/), 0.4);
    const guard = await opened('os');
    expect(kinds()).to.deep.equal(['store-damaged']);
    await guard.close();
  });

  it('begins to count anew, and says so, when the count is gone', async () => {
    await fill();
    await rm(join(location, 'commits'));
    const guard = await opened();
    expect(kinds()).to.deep.equal(['store-uncounted']);
    await guard.commit([['new', '1']]);
    await guard.close();
    events = [];
    await (await opened()).close();
    expect(events).to.deep.equal([]);
  });

  it('is not taken for an empty store when everything but the count is gone', async () => {
    await fill();
    const count = await readFile(join(location, 'commits'));
    await rm(location, { recursive: true });
    await mkdir(location);
    await writeFile(join(location, 'commits'), count);
    const guard = await opened();
    expect(kinds()).to.deep.equal(['store-damaged']);
    await expectReadOnly(guard);
    await guard.close();
  });

  it('takes a copy of its folder for what it is: the same store', async () => {
    await fill();
    const copy = join(await folder(), 'copy');
    await cp(location, copy, { recursive: true });
    location = copy;
    const guard = await opened();
    expect(events).to.deep.equal([]);
    expect(await expectOnlyWhatWasWritten(guard)).to.equal(COMMITS * RECORDS);
    await guard.close();
  });

  it('opens clean when the process was killed before LevelDB had begun', async () => {
    await mkdir(location);
    await writeFile(join(location, 'LOCK'), '');
    await writeFile(join(location, 'MANIFEST-000001'), 'begun');
    const guard = await opened();
    await guard.commit([['a', '1']]);
    await guard.close();
    expect(events).to.deep.equal([]);
  });
});
