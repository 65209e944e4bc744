import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { LevelStorage } from '../../adapters/level.ts';
import { DataFolder } from '../../relay/data-folder.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('data folder', () => {
  const folder = temporaryFolders();
  let path: string;
  let data: DataFolder;

  beforeEach(async () => {
    path = join(await folder(), 'data');
    data = new DataFolder(path);
  });

  async function opened(): Promise<LevelStorage> {
    const storage = new LevelStorage({ location: path, durability: 'os' });
    await storage.open();
    return storage;
  }

  it('is sound when it does not exist', () => {
    expect(data.mark).to.equal(undefined);
    expect(data.isHeadless).to.equal(false);
    expect(data.logState).to.equal('whole');
    expect(data.dropped).to.equal(undefined);
  });

  it('keeps a mark that LevelDB leaves alone, until it is cleared', async () => {
    data.setMark('a reason');
    await (await opened()).close();
    await (await opened()).close();
    expect(new DataFolder(path).mark).to.equal('a reason');
    data.clearMark();
    data.clearMark();
    expect(data.mark).to.equal(undefined);
  });

  it('does not fail where no mark can be written', async () => {
    await writeFile(path, 'a file');
    data.setMark('a reason');
    expect(data.mark).to.equal(undefined);
  });

  it('is headless with tables or logs and no CURRENT, not when LevelDB has just begun', async () => {
    await mkdir(path);
    await writeFile(join(path, 'LOCK'), '');
    await writeFile(join(path, 'MANIFEST-000001'), 'begun');
    expect(data.isHeadless).to.equal(false);
    await rm(path, { recursive: true });
    await (await opened()).close();
    expect(data.isHeadless).to.equal(false);
    await rm(join(path, 'CURRENT'));
    expect(data.isHeadless).to.equal(true);
  });

  it('tells the worst state of its logs', async () => {
    const storage = await opened();
    await storage.commit([['a', 'x'.repeat(40_000)]]);
    await storage.commit([['b', '1']]);
    await storage.close();
    expect(data.logState).to.equal('whole');
    await writeFile(join(path, '000099.log'), 'torn');
    expect(data.logState).to.equal('torn');
    const name = (await readdir(path)).find((each) => each.endsWith('.log'))!;
    await writeFile(join(path, name), Buffer.alloc(10), { flag: 'r+' });
    expect(data.logState).to.equal('damaged');
  });

  it('finds what LevelDB says it dropped when it opened last', async () => {
    const storage = await opened();
    await storage.commit([['a', '1']]);
    await storage.close();
    const name = (await readdir(path)).find((each) => each.endsWith('.log'))!;
    await writeFile(join(path, name), Buffer.alloc(3, 9), { flag: 'r+' });
    expect(data.dropped).to.equal(undefined);
    await (await opened()).close();
    expect(data.dropped).to.contain('dropping').and.to.contain('checksum mismatch');
    await (await opened()).close();
    expect(data.dropped).to.equal(undefined);
  });

  it('can be synced', async () => {
    await mkdir(path);
    data.sync();
    await rm(path, { recursive: true });
    expect(() => data.sync()).to.throw('ENOENT');
  });
});
