/** Finds the client files of the `gun` package, if the operator has it installed; nothing else from disk. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A file of the package below one of the places served, without folders. */
const LIB_FILE = /^[\w-]+(?:\.[\w-]+)*\.js$/;

/** Where `gun` is looked for. */
export type FindGun = () => string | undefined;

/** The folder of `gun` as seen from the working folder, else from this package; undefined when neither has it. */
export const findGun: FindGun = () => {
  for (const from of [join(process.cwd(), 'package.json'), import.meta.url]) {
    try {
      return dirname(createRequire(from).resolve('gun/package.json'));
    } catch {
      // Not installed there; the next place may have it.
    }
  }
  return undefined;
};

/** A file to serve, as a path below the package's folder; undefined for names that are not served. */
export function gunLibFile(name: string): string | undefined {
  return LIB_FILE.test(name) ? join('lib', name) : undefined;
}
