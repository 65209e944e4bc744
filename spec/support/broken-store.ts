/** Stores on disk as the relay writes them, and ways to break them. */
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LevelStorage } from '../../adapters/level.ts';
import { RawLevel } from '../../adapters/level-raw.ts';
import { sealChanges } from '../../adapters/seal.ts';
import { utf8 } from '../../lib/base/bytes.ts';
import { limitsWith } from '../../lib/base/limits.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { GraphStore } from '../../lib/store/graph-store.ts';
import { Writer } from '../../lib/store/writer.ts';
import type { Durability } from '../../relay/option-table.ts';
import { GuardedStorage } from '../../relay/store-guard.ts';

/** Properties of each node: few, some, and more than an index lists. */
export const SIZES = [1, 3, 40];

/** Souls of the store, some of which no file name could hold. */
export const SOULS: readonly string[] = [
  'a',
  'a\u0000',
  'ab',
  'b/c',
  '\ue000',
  '\u{1f600}',
  ...Array.from({ length: 60 }, (_, at) => `soul ${at}`),
];

/** How many properties a soul's node has. */
export function sizeOf(soul: string): number {
  return SIZES[SOULS.indexOf(soul) % SIZES.length]!;
}

/** A store with its parts open. */
export interface OpenStore {
  readonly graph: GraphStore;
  readonly guard: GuardedStorage;
  put(soul: string, keys: readonly string[], value?: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens a store as the relay does. */
export async function openStoreAt(location: string, durability: Durability = 'fsync'): Promise<OpenStore> {
  const storage = new LevelStorage({ location, durability: 'os' });
  const guard = new GuardedStorage({ location, durability, storage });
  await guard.open();
  const limits = limitsWith();
  const graph = new GraphStore({ storage: guard, limits });
  const writer = new Writer({ storage: guard, graph, limits, schedule: setImmediate });
  await writer.open();
  return {
    graph,
    guard,
    put: (soul, keys, value = 'x'.repeat(50)) =>
      new Promise((resolve) => {
        const writes = keys.map((key) => writeOf(soul, key, 5, `${key} ${value}`));
        writer.submit({ writes, owner: undefined, settle: ({ ok }) => resolve(ok) });
      }),
    close: async () => {
      await writer.close();
      await guard.close();
    },
  };
}

/** Fills a store, half of it in tables and half in the log. */
export async function fillStore(location: string, durability: Durability = 'fsync'): Promise<void> {
  const half = SOULS.length / 2;
  for (const souls of [SOULS.slice(0, half), SOULS.slice(half)]) {
    const store = await openStoreAt(location, durability);
    for (const soul of souls) {
      await store.put(
        soul,
        Array.from({ length: sizeOf(soul) }, (_, at) => `k${at}`),
      );
    }
    await store.close();
  }
}

/** The newest file of a folder whose name matches. */
export async function fileOf(location: string, pattern: RegExp): Promise<string> {
  const name = (await readdir(location)).toSorted().findLast((each) => pattern.test(each));
  return join(location, name!);
}

/** Changes one bit of a file, at a part of its length from 0 to 1. */
export async function flip(file: string, part: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[Math.floor(bytes.length * part)]! ^= 0x40;
  await writeFile(file, bytes);
}

/** Cuts a file off after a part of its length. */
export async function cut(file: string, part: number): Promise<void> {
  await truncate(file, Math.floor((await readFile(file)).length * part));
}

/** What makes a store one of format 6, as far as its own records tell. */
export const FORMER_RECORDS = [
  ['M/format', undefined],
  ['M/commits', undefined],
  ...sealChanges([
    ['m/format', '6'],
    ['m/commits', '66'],
  ]),
] as const;

/** Changes records below every check; undefined deletes. */
export async function tamper(
  location: string,
  changes: readonly (readonly [key: string | Uint8Array, value: string | Uint8Array | undefined])[],
): Promise<void> {
  const raw = new RawLevel(location);
  await raw.open();
  await raw.write(
    changes.map(([key, value]) => [
      typeof key === 'string' ? utf8(key) : key,
      typeof value === 'string' ? utf8(value) : value,
    ]),
  );
  await raw.close();
}
