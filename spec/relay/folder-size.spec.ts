import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { FolderSize } from '../../relay/folder-size.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('relay folder size', () => {
  const folder = temporaryFolders();

  it('is the bytes of all files, measured again after ten seconds', async () => {
    const path = await folder();
    let now = 0;
    const size = new FolderSize(path, () => now);
    await mkdir(join(path, 'deep'));
    await writeFile(join(path, 'one'), 'x'.repeat(100));
    await writeFile(join(path, 'deep', 'two'), 'x'.repeat(50));
    expect(await size.bytes()).to.equal(150);
    await writeFile(join(path, 'three'), 'x');
    now = 9999;
    expect(await size.bytes()).to.equal(150);
    now = 10_000;
    expect(await size.bytes()).to.equal(151);
  });

  it('is nothing where there is no folder', async () => {
    expect(await new FolderSize(join(await folder(), 'missing'), () => 0).bytes()).to.equal(0);
  });
});
