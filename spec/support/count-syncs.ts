/** Preloaded into a relay: writes a line to the file in SYNCS for each batch that LevelDB has synced. */
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';

type Write = (this: unknown, options: { readonly sync?: boolean }) => Promise<void>;

const WRITE = '_write';

const location = await mkdtemp(join(tmpdir(), 'count-syncs-'));
const probe = new Level(location);
await probe.open();
const batch = Object.getPrototypeOf(probe.batch()) as Record<string, Write>;
await probe.close();
await rm(location, { recursive: true });

const { value: write } = Object.getOwnPropertyDescriptor(batch, WRITE) as { value: Write };
batch[WRITE] = async function (options) {
  await write.call(this, options);
  if (options.sync === true) appendFileSync(process.env['SYNCS']!, 'sync\n');
};
