import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { APP_BUNDLES, bundleApp, bundleForBrowsers, NEEDS_NODE } from '../support/bundle.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

describe('browser bundle', () => {
  const folder = temporaryFolders();

  it('holds the library alone: nothing of Node, no adapter, no relay', async () => {
    const { inputs, imports, code } = await bundleForBrowsers();
    expect(imports).to.deep.equal([]);
    expect(inputs.filter((input) => /\bdist\/(?:relay|adapters)\//.test(input))).to.deep.equal([]);
    expect(code).to.not.match(NEEDS_NODE);
  });

  for (const app of APP_BUNDLES) {
    it(`is small enough to load: ${app.name}`, async () => {
      const { gzipBytes, imports, code } = await bundleApp(app);
      console.log(`      ${gzipBytes} bytes gzipped`);
      expect(gzipBytes).to.be.within(100, app.mostGzipBytes);
      expect(imports).to.deep.equal([]);
      expect(code).to.not.match(NEEDS_NODE);
    });
  }

  it('would fail with a module of Node in it', async () => {
    const entry = join(await folder(), 'entry.js');
    await writeFile(entry, "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync);\n");
    const error = await bundleForBrowsers(entry).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error);
  });
});
