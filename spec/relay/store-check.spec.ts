import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectCode } from '../../adapters/conformance/storage-kit.ts';
import { nodeKey } from '../../lib/store/keys.ts';
import { CommitCounter } from '../../relay/commit-counter.ts';
import { checkStore, reasonOf, throwIfLocked } from '../../relay/store-check.ts';
import {
  cut,
  fileOf,
  fillStore,
  FORMER_RECORDS,
  flip,
  openStoreAt,
  sizeOf,
  SOULS,
  tamper,
} from '../support/broken-store.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('thicket check', () => {
  const folder = temporaryFolders();
  let data: string;

  beforeEach(async () => {
    data = join(await folder(), 'data');
    await fillStore(data);
  });

  it('calls a sound store sound, again and again, and changes nothing in it', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { isSound, lines } = await checkStore(data);
      expect(lines.at(-1)).to.equal('sound');
      expect(isSound).to.equal(true);
      expect(lines).to.include(`  commits: ${SOULS.length}, ${SOULS.length} counted beside the store`);
    }
    const store = await openStoreAt(data);
    expect(store.guard.damage).to.equal(undefined);
    expect((await store.graph.readNode('a'))?.fields.size).to.equal(1);
    await store.close();
  });

  it('calls an empty store sound', async () => {
    data = join(await folder(), 'data');
    await (await openStoreAt(data)).close();
    expect((await checkStore(data)).isSound).to.equal(true);
  });

  const DAMAGES: [what: string, damage: () => Promise<unknown>, fault: RegExp][] = [
    ['the log is cut off', async () => cut(await fileOf(data, /\.log$/), 0.5), /the last \d+ of 66 commits/],
    ['a bit of the log has changed', async () => flip(await fileOf(data, /\.log$/), 0.3), /write-ahead log/],
    ['a bit of a table has changed', async () => flip(await fileOf(data, /\.ldb$/), 0.2), /LevelDB|checksum/],
    ['a table is cut off', async () => cut(await fileOf(data, /\.ldb$/), 0.5), /LevelDB cannot read it/],
    ['a table is gone', async () => rm(await fileOf(data, /\.ldb$/)), /LevelDB cannot read it/],
    ['the manifest is gone', async () => rm(await fileOf(data, /^MANIFEST/)), /LevelDB cannot read it/],
    ['CURRENT is garbage', () => writeFile(join(data, 'CURRENT'), 'garbage\n'), /LevelDB cannot read it/],
    ['CURRENT is gone', () => rm(join(data, 'CURRENT')), /CURRENT is missing/],
    ['a record is damaged', () => tamper(data, [[nodeKey('a'), 'x']]), /1 records do not fit/],
    [
      'the mark of a large node is gone',
      () => tamper(data, [[nodeKey(SOULS.find((soul) => sizeOf(soul) === 40)!), undefined]]),
      /1 nodes do not fit their properties/,
    ],
  ];
  for (const [what, damage, fault] of DAMAGES) {
    it(`calls a store damaged, again and again, when ${what}`, async () => {
      await damage();
      for (let round = 0; round < 2; round += 1) {
        const { isSound, lines } = await checkStore(data);
        expect(isSound).to.equal(false);
        expect(lines.join('\n')).to.match(fault);
        expect(lines.at(-1)).to.contain(`thicket repair --data ${JSON.stringify(data)}`);
      }
    });
  }

  it('finds what the relay found damaged, and the relay what it found', async () => {
    await flip(await fileOf(data, /\.log$/), 0.3);
    await checkStore(data);
    const store = await openStoreAt(data);
    expect(store.guard.damage).to.be.a('string');
    await store.close();
    expect((await checkStore(data)).lines.join('\n')).to.contain('found damaged before');
  });

  it('does not call a loss damage where none was promised', async () => {
    new CommitCounter(join(data, 'commits'), { commits: 99, durability: 'os' }).close();
    const { isSound, lines } = await checkStore(data);
    expect(isSound).to.equal(true);
    expect(lines).to.include(`  commits: ${SOULS.length}, 99 counted beside the store`);
    await rm(join(data, 'commits'));
    expect((await checkStore(data)).lines).to.include(
      `  commits: ${SOULS.length}, not counted beside the store`,
    );
  });

  it('calls data of another kind damaged', async () => {
    data = join(await folder(), 'data');
    await mkdir(data);
    await cp(await folder(), data, { recursive: true });
    await (await openStoreAt(data)).close();
    await tamper(data, [['g/a', '1']]);
    expect((await checkStore(data)).lines.join('\n')).to.contain('unknown format');
  });

  it('says of a store of another format that nothing repairs it, and misses no commits', async () => {
    await tamper(data, FORMER_RECORDS);
    const { isSound, lines } = await checkStore(data);
    expect(isSound).to.equal(false);
    expect(lines).to.include('  it holds data of an unknown format');
    expect(lines.join('\n')).to.not.match(/commits are gone|thicket repair/);
  });

  it('needs a store that no relay runs on', async () => {
    await expectCode('OPTION_INVALID', () => checkStore(join(data, 'missing')));
    const store = await openStoreAt(data);
    await expectCode('STORAGE_LOCKED', () => checkStore(data));
    await store.close();
    expect(await readdir(data)).to.not.include('DAMAGED');
  });

  it('names the innermost reason of an error, and a lock as such', () => {
    const error = new Error('outer', { cause: Object.assign(new Error('inner'), { code: 'LEVEL_LOCKED' }) });
    expect(reasonOf(error)).to.equal('inner');
    expect(reasonOf('text')).to.equal('text');
    expect(() => throwIfLocked(error, 'data')).to.throw('another process');
    expect(() => throwIfLocked(new Error('any'), 'data')).to.not.throw();
  });
});
