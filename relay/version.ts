import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('thicket/package.json') as { readonly version: string };

/** Version of the installed package. */
export const VERSION: string = manifest.version;
