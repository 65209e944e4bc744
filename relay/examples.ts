/** The example pages, with the library beside them as it was compiled: no bundler is needed. */
import { fileURLToPath } from 'node:url';
import express, { type Express } from 'express';

const PACKAGE = new URL('../../', import.meta.url);
/** What is served, by its address; of the library the parts that run in pages. */
const FOLDERS: readonly (readonly [address: string, folder: string])[] = [
  ['/examples/thicket/lib', 'dist/lib/'],
  ['/examples/thicket/adapters', 'dist/adapters/'],
  ['/examples', 'examples/'],
];

/** Serves the pages on `/examples/`, and `/examples` leads there. */
export function serveExamples(app: Express): void {
  for (const [address, folder] of FOLDERS) {
    const root = fileURLToPath(new URL(folder, PACKAGE));
    app.use(address, express.static(root, { dotfiles: 'ignore', index: 'index.html' }));
  }
}
