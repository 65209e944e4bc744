import { builtinModules } from 'node:module';
import { dirname, join } from 'node:path/posix';
import { expect } from 'chai';
import { compiledText, manifest, readProjectFile, sourceFiles, typescriptFiles } from './project.ts';

/** One import statement. */
interface Import {
  readonly file: string;
  /** As written. */
  readonly specifier: string;
  /** Path below the project for files, undefined for packages. */
  readonly target: string | undefined;
}

/** Which folders or files a floor may import besides itself; the deepest floor that holds a file decides. */
const FLOORS: Readonly<Record<string, readonly string[]>> = {
  'lib/base': [],
  'lib/graph': ['lib/base'],
  'lib/log': ['lib/base'],
  'lib/ham': ['lib/base', 'lib/graph'],
  'lib/wire': ['lib/base', 'lib/graph'],
  'lib/sea': ['lib/base', 'lib/graph'],
  'lib/schema': ['lib/base', 'lib/graph'],
  'lib/store': ['lib/base', 'lib/graph', 'lib/ham', 'lib/log'],
  'lib/view': ['lib/base', 'lib/graph', 'lib/log', 'lib/schema', 'lib/store'],
  'lib/sync': ['lib/base', 'lib/log', 'lib/store'],
  'lib/mesh': ['lib/base', 'lib/graph', 'lib/ham', 'lib/wire', 'lib/store', 'lib/sync'],
  'lib/api': ['lib'],
  'lib/chain': ['lib'],
  lib: ['lib'],
  adapters: ['lib/base', 'lib/store/storage.ts', 'lib/mesh/link.ts'],
  'adapters/conformance': ['lib/base', 'lib/store/storage.ts', 'lib/mesh/link.ts'],
  'adapters/doors': ['lib', 'adapters'],
  relay: ['lib', 'adapters'],
};

/** Packages a floor may import; only `relay` may import what Node brings. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  lib: ['@noble/ed25519', '@noble/hashes', 'cbor-x', 'fast-json-stable-stringify'],
  adapters: ['level'],
  'adapters/conformance': ['chai'],
  'adapters/doors': ['react'],
  'adapters/doors/node-websocket.ts': ['ws'],
  relay: ['cli-progress', 'commander', 'express', 'pino', 'prom-client', 'ws', 'thicket'],
};

/** What compiled code loads before it does anything. */
const STATIC_IMPORT = /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*['"]([^'"\n]+)['"]/gm;
const IMPORT = /(?:^|[\s;])(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*\(?\s*['"]([^'"\n]+)['"]/g;
/** A quoted word after `require(`, `resolve(` or the like of createRequire. */
const REQUIRED = /\brequire\(['"]([^'"\n]+)['"]\)/g;

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** The deepest of the places that holds a file. */
function floorOf(file: string, places: readonly string[]): string {
  const holding = places.filter((place) => isWithin(file, place));
  return holding.reduce((deepest, place) => (place.length > deepest.length ? place : deepest), '');
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
}

function importsOf(file: string): Import[] {
  const text = withoutComments(readProjectFile(file));
  return [...text.matchAll(IMPORT), ...text.matchAll(REQUIRED)].map(([, specifier = '']) => ({
    file,
    specifier,
    target: specifier.startsWith('.') ? join(dirname(file), specifier) : undefined,
  }));
}

/** The packages that a file loads with all that it loads. */
function packagesLoadedBy(file: string, seen = new Set<string>()): Set<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  for (const [, specifier = ''] of compiledText(file).matchAll(STATIC_IMPORT)) {
    if (specifier.startsWith('.')) {
      const target = join(dirname(file), specifier).replace(/\.js$/, '.ts');
      for (const name of packagesLoadedBy(target, seen)) packages.add(name);
    } else if (!isBuiltin(specifier)) packages.add(packageOf(specifier));
  }
  return packages;
}

function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

describe('floors', () => {
  const imports = sourceFiles().flatMap(importsOf);

  it('are read from every source file', () => {
    expect(imports.length).to.be.greaterThan(sourceFiles().length);
    const targets = new Set(imports.map(({ target }) => target));
    expect(targets.has('lib/base/errors.ts')).to.equal(true);
    expect(targets.has('lib/store/storage.ts')).to.equal(true);
  });

  it('hold every source file', () => {
    const homeless = sourceFiles().filter((file) => {
      const floor = floorOf(file, Object.keys(FLOORS));
      return floor === '' || (floor === 'lib' && file !== 'lib/index.ts');
    });
    expect(homeless).to.deep.equal([]);
  });

  it('import only themselves and what lies below them', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (target === undefined) return false;
      const floor = floorOf(file, Object.keys(FLOORS));
      const below = [floor, ...FLOORS[floor]!];
      // A door above the adapters is no part of the adapters' own floor.
      if (floor === 'adapters' && isWithin(target, 'adapters/doors')) return true;
      return !below.some((place) => isWithin(target, place));
    });
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).to.deep.equal([]);
  });

  it('import only the packages that are theirs, and nothing of Node below the relay', () => {
    const wrong = imports.filter(({ file, specifier, target }) => {
      if (target !== undefined) return false;
      const floor = floorOf(file, Object.keys(PACKAGES));
      if (isBuiltin(specifier)) return floor !== 'relay';
      return !PACKAGES[floor]!.includes(packageOf(specifier));
    });
    expect(wrong.map(({ file, specifier }) => `${file} imports ${specifier}`)).to.deep.equal([]);
  });

  it('use every package that is installed for them', () => {
    const used = new Set(imports.map(({ specifier }) => packageOf(specifier)));
    const idle = Object.keys(manifest().dependencies).filter((name) => !used.has(name));
    expect(idle).to.deep.equal([]);
  });

  it('load no relay for a command that needs none', () => {
    expect([...packagesLoadedBy('relay/bin.ts')]).to.deep.equal(['commander']);
    expect([...packagesLoadedBy('relay/relay.ts')]).to.include.members(['express', 'level', 'ws']);
  });

  it('are never imported from the specs', () => {
    const upward = imports.filter(({ target }) => target !== undefined && isWithin(target, 'spec'));
    expect(upward).to.deep.equal([]);
    expect(typescriptFiles('spec')).to.not.deep.equal([]);
  });

  it('have no import cycle', () => {
    const targetsByFile = new Map<string, string[]>();
    for (const { file, target } of imports) {
      if (target !== undefined) targetsByFile.set(file, [...(targetsByFile.get(file) ?? []), target]);
    }
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(' > '));
      if (done.has(file) || path.includes(file)) return;
      for (const target of targetsByFile.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of targetsByFile.keys()) visit(file, []);
    expect(cycles).to.deep.equal([]);
  });
});
