/** What apps are bundled with, each as it is by itself: a build for production without a plugin or a setting. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import * as vite from 'vite';
import webpack from 'webpack';

/** An app as it is served. */
export interface BuiltApp {
  /** Its only script; empty when there is none. */
  readonly code: string;
  /** All that the bundler warned of or failed with. */
  readonly complaints: readonly string[];
}

/** Builds a script, given the folder that holds `app.js` and `index.html`, and a folder for the result. */
type Build = (folder: string, out: string) => Promise<readonly string[]>;

function silent(): void {
  // What is no complaint nobody asked for.
}

const BUILDS: Readonly<Record<string, Build>> = {
  esbuild: async (folder, out) => {
    const { warnings } = await esbuild.build({
      entryPoints: [join(folder, 'app.js')],
      outfile: join(out, 'app.js'),
      bundle: true,
      minify: true,
      logLevel: 'silent',
    });
    return warnings.map(({ text }) => text);
  },
  vite: async (root, outDir) => {
    const complaints: string[] = [];
    const complain = (text: string): void => void complaints.push(text);
    const before = process.env['NODE_ENV'];
    try {
      await vite.build({
        root,
        configFile: false,
        logLevel: 'warn',
        build: { outDir },
        customLogger: {
          info: silent,
          warn: complain,
          warnOnce: complain,
          error: complain,
          clearScreen: silent,
          hasErrorLogged: () => false,
          hasWarned: false,
        },
      });
    } finally {
      // Vite says `production` to the whole process.
      if (before === undefined) delete process.env['NODE_ENV'];
      else process.env['NODE_ENV'] = before;
    }
    return complaints;
  },
  webpack: async (context, path) => {
    const compiler = webpack({ mode: 'production', context, entry: './app.js', output: { path } });
    const stats = await new Promise<webpack.Stats>((resolve, reject) => {
      compiler.run((error, done) =>
        done === undefined ? reject(error ?? new Error('no stats')) : resolve(done),
      );
    });
    await new Promise<void>((resolve) => compiler.close(() => resolve()));
    const { errors = [], warnings = [] } = stats.toJson({ all: false, errors: true, warnings: true });
    return [...errors, ...warnings].map(({ message }) => message);
  },
};

/** The names of the bundlers. */
export const BUNDLERS: readonly string[] = Object.keys(BUILDS);

/** Builds the app of a folder, `app.js` with `index.html` around it, into a folder in there; never rejects. */
export async function buildApp(bundler: string, folder: string): Promise<BuiltApp> {
  const out = join(folder, `out-${bundler}`);
  try {
    const complaints = await BUILDS[bundler]!(folder, out);
    return { code: await onlyScript(out), complaints };
  } catch (error) {
    return { code: '', complaints: [String(error)] };
  }
}

async function onlyScript(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true });
  const scripts = files.filter((file) => file.endsWith('.js'));
  if (scripts.length !== 1) throw new Error(`one script was expected, not ${scripts.join(', ')}`);
  return readFile(join(folder, scripts[0]!), 'utf8');
}
