import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { manifest, readProjectFile, ROOT } from './project.ts';

/** Parts of adapters. */
const INNER: ReadonlySet<string> = new Set([
  'level-raw',
  'level-recovery',
  'level-salvage',
  'seal',
  'sorted-items',
  'tabs',
]);

describe('package exports', () => {
  const { name, exports, bin } = manifest();

  it('resolve from the built package', async () => {
    for (const path of Object.keys(exports)) {
      if (path.endsWith('.json')) continue;
      const door = (await import(`${name}${path.slice(1)}`)) as Record<string, unknown>;
      expect(Object.keys(door), path).to.not.deep.equal([]);
      // As gun has one, whose place that door takes.
      expect('default' in door, path).to.equal(path === './gun');
    }
  });

  it('name files that exist, types first', () => {
    for (const [path, conditions] of Object.entries(exports)) {
      const files = typeof conditions === 'string' ? [conditions] : Object.values(conditions);
      for (const file of files) expect(existsSync(join(ROOT, file)), `${path}: ${file}`).to.equal(true);
      if (typeof conditions === 'object') expect(Object.keys(conditions)[0], path).to.equal('types');
    }
  });

  it('block deep imports', async () => {
    for (const path of ['dist/lib/index.js', 'lib/base/errors.js', 'relay/bin']) {
      const error = await import(`${name}/${path}`).catch((reason: unknown) => reason);
      expect((error as NodeJS.ErrnoException).code, path).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED');
    }
  });

  it('open every adapter that is of use by itself, and the README lists them all', () => {
    const doors = Object.keys(exports).filter((path) => path.startsWith('./adapters/'));
    const names = doors.map((path) => path.slice('./adapters/'.length));
    const files = readdirSync(join(ROOT, 'adapters'))
      .map((file) => file.replace(/\.ts$/, ''))
      // Doors stand above the adapters, and have paths of their own.
      .filter((file) => !file.includes('.') && !INNER.has(file) && file !== 'doors');
    expect(names.toSorted()).to.deep.equal(files.toSorted());
    const readme = readProjectFile('README.md');
    for (const path of Object.keys(exports).filter((each) => !each.endsWith('.json')))
      expect(readme, path).to.contain(`| \`${name}${path.slice(1)}\` `);
  });

  it('come with a command that can be run', () => {
    for (const file of Object.values(bin))
      expect(readProjectFile(file)).to.match(/^#!\/usr\/bin\/env node\n/);
  });
});
