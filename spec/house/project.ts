/** Where the project stands on disk, and what is in its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, relative, sep } from 'node:path';

/** The project's folder; this file runs as `dist/spec/house/project.js`. */
export const ROOT: string = fileURLToPath(new URL('../../../', import.meta.url));

/** Folders with code that ships. */
export const SOURCE_FOLDERS: readonly string[] = ['lib', 'adapters', 'relay'];

/** The text of a file, given its path below the project's folder. */
export function readProjectFile(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Paths of all TypeScript files below a folder of the project, with `/` between their parts. */
export function typescriptFiles(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .toSorted();
}

/** Every source file that ships. */
export function sourceFiles(): string[] {
  return SOURCE_FOLDERS.flatMap((folder) => typescriptFiles(folder));
}

/** The JavaScript that a source file became. */
export function compiledText(path: string): string {
  return readProjectFile(`dist/${path.replace(/\.ts$/, '.js')}`);
}

/** What package.json says, as far as specs ask. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

/** The project's package.json. */
export function manifest(): Manifest {
  return JSON.parse(readProjectFile('package.json')) as Manifest;
}
