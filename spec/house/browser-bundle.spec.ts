import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { bundleForBrowsers, MAX_GZIP_BYTES, MAX_SEA_GZIP_BYTES } from '../support/bundle.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('browser bundle', () => {
  const folder = temporaryFolders();

  it('holds the library alone: nothing of Node, no adapter, no relay', async () => {
    const { inputs, imports, code } = await bundleForBrowsers();
    expect(imports).to.deep.equal([]);
    expect(inputs.filter((input) => /\bdist\/(?:relay|adapters)\//.test(input))).to.deep.equal([]);
    expect(code).to.not.match(/['"`]node:|\brequire\(|\bprocess\.|\bBuffer\b/);
  });

  it('is small enough to load', async () => {
    const { gzipBytes } = await bundleForBrowsers(undefined, false);
    console.log(`      ${gzipBytes} bytes gzipped`);
    expect(gzipBytes).to.be.within(100, MAX_GZIP_BYTES);
  });

  it('grows little with user space', async () => {
    const [whole, core] = await Promise.all([bundleForBrowsers(), bundleForBrowsers(undefined, false)]);
    const added = whole.gzipBytes - core.gzipBytes;
    console.log(`      ${added} bytes gzipped`);
    expect(added).to.be.within(100, MAX_SEA_GZIP_BYTES);
  });

  it('would fail with a module of Node in it', async () => {
    const entry = join(await folder(), 'entry.js');
    await writeFile(entry, "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync);\n");
    const error = await bundleForBrowsers(entry).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
  });
});
