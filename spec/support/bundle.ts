/** Bundles what apps load in browsers and prints what they pay for it: `npm run bundle`. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const DIST = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = fileURLToPath(new URL('../../lib/index.js', import.meta.url));
const KIB = 1024;

/** What an app imports, and what it may cost, gzipped, in bytes. */
export interface AppBundle {
  readonly name: string;
  readonly source: string;
  readonly mostGzipBytes: number;
}

/** What apps are asked to load; the core is to be smaller than gun.js, 17.1 KiB. */
export const APP_BUNDLES: readonly AppBundle[] = [
  {
    name: 'a graph in memory with its peers',
    source: `export { createGraph, keys } from './lib/index.js';
      export { websocket } from './adapters/websocket-link.js';`,
    mostGzipBytes: 15 * KIB,
  },
  {
    name: 'a graph in IndexedDB with its peers',
    source: `export { createGraph, keys, stored } from './lib/index.js';
      export { IndexedDbStorage } from './adapters/indexed-db.js';
      export { websocket } from './adapters/websocket-link.js';`,
    mostGzipBytes: 18 * KIB,
  },
  {
    name: 'a graph in IndexedDB with its peers and users',
    source: `export { createGraph, keys, stored } from './lib/index.js';
      export { userOf, userSpaces } from './lib/api/user.js';
      export { IndexedDbStorage } from './adapters/indexed-db.js';
      export { websocket } from './adapters/websocket-link.js';`,
    mostGzipBytes: 26 * KIB,
  },
  {
    name: 'a graph in IndexedDB with its peers and an author',
    source: `export { createGraph, keys, stored } from './lib/index.js';
      export { authorOf } from './lib/api/author.js';
      export { IndexedDbStorage } from './adapters/indexed-db.js';
      export { websocket } from './adapters/websocket-link.js';`,
    mostGzipBytes: 42 * KIB,
  },
  {
    name: "gun's chain with users, in IndexedDB with its peers",
    source: `export { Gun, SEA } from './adapters/doors/gun.js';`,
    mostGzipBytes: 36 * KIB,
  },
];

/** What code for browsers has nothing of: Node's modules, `require`, and Node's globals. */
export const NEEDS_NODE: RegExp = /['"`]node:|\brequire\(|\bprocess\.|\bBuffer\b/;

/** A bundle's cost and contents. */
export interface Bundle {
  readonly bytes: number;
  readonly gzipBytes: number;
  /** Files that went into it. */
  readonly inputs: readonly string[];
  /** Names it imports at run time. */
  readonly imports: readonly string[];
  readonly code: string;
}

/** Bundles the compiled library or another file, minified; rejects when it needs anything a browser lacks. */
export function bundleForBrowsers(entry: string = ENTRY): Promise<Bundle> {
  return bundle({ entryPoints: [entry] });
}

/** Bundles what an app imports, given relative to the compiled project. */
export function bundleApp({ source }: AppBundle): Promise<Bundle> {
  return bundle({ stdin: { contents: source, resolveDir: DIST, loader: 'js' } });
}

async function bundle(what: Parameters<typeof build>[0]): Promise<Bundle> {
  const result = await build({
    ...what,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent',
  });
  const { contents, text } = result.outputFiles[0]!;
  const [output] = Object.values(result.metafile.outputs);
  return {
    bytes: contents.length,
    gzipBytes: gzipSync(contents).length,
    inputs: Object.keys(result.metafile.inputs),
    imports: output!.imports.map(({ path }) => path),
    code: text,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const app of APP_BUNDLES) {
    const { bytes, gzipBytes, inputs } = await bundleApp(app);
    console.log(`${app.name}: ${bytes} bytes, ${gzipBytes} gzipped, ${inputs.length} files`);
    if (gzipBytes <= app.mostGzipBytes) continue;
    console.error(`larger than ${app.mostGzipBytes} bytes gzipped`);
    process.exitCode = 1;
  }
}
