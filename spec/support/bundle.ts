/** Bundles the door `thicket` for browsers and prints what an app pays for it: `npm run bundle`. */
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** Largest bundle allowed, gzipped, in bytes: what an app without user space may be asked to load. */
export const MAX_GZIP_BYTES: number = 30 * 1024;
/** What user space may add to that; bundlers leave it out where it is not used. */
export const MAX_SEA_GZIP_BYTES: number = 9 * 1024;

/** What is left out of a bundle without user space. */
const SEA = './sea/index.js';
const ENTRY = fileURLToPath(new URL('../../lib/index.js', import.meta.url));

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

/** Bundles the compiled library, minified; rejects when it needs anything a browser lacks. */
export async function bundleForBrowsers(entry: string = ENTRY, withSea = true): Promise<Bundle> {
  const result = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent',
    external: withSea ? [] : [SEA],
  });
  const bytes = result.outputFiles[0]!.contents;
  const [output] = Object.values(result.metafile.outputs);
  return {
    bytes: bytes.length,
    gzipBytes: gzipSync(bytes).length,
    inputs: Object.keys(result.metafile.inputs),
    imports: output!.imports.map(({ path }) => path),
    code: result.outputFiles[0]!.text,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { bytes, gzipBytes, inputs } = await bundleForBrowsers();
  const core = (await bundleForBrowsers(ENTRY, false)).gzipBytes;
  const sizes = `${gzipBytes} gzipped, of which user space ${gzipBytes - core}`;
  console.log(`thicket for browsers: ${bytes} bytes, ${sizes}; ${inputs.length} files`);
  if (core > MAX_GZIP_BYTES || gzipBytes - core > MAX_SEA_GZIP_BYTES) {
    console.error(`larger than ${MAX_GZIP_BYTES} bytes gzipped, or user space than ${MAX_SEA_GZIP_BYTES}`);
    process.exitCode = 1;
  }
}
