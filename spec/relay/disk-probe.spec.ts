import { mkdir, open, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { isWritable } from '../../relay/disk-probe.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('disk probe', () => {
  const folder = temporaryFolders();

  it('says yes where there is room, and leaves nothing behind', async () => {
    const path = await folder();
    await writeFile(join(path, '000001.log'), 'x'.repeat(100_000));
    expect(await isWritable(path)).to.equal(true);
    expect(await readdir(path)).to.deep.equal(['000001.log']);
  });

  it('says no where nothing can be written', async () => {
    const path = await folder();
    expect(await isWritable(join(path, 'missing'))).to.equal(false);
    await mkdir(join(path, 'probe'));
    expect(await isWritable(path)).to.equal(false);
    expect(await readdir(path)).to.deep.equal(['probe']);
  });

  it('says no where the logs would not fit a second time', async () => {
    const path = await folder();
    const log = join(path, '000001.log');
    await writeFile(log, '');
    // A file that takes no room, and is larger than any disk.
    const handle = await open(log, 'r+');
    await handle.truncate(2 ** 43);
    await handle.close();
    expect(await isWritable(path)).to.equal(false);
  });
});
