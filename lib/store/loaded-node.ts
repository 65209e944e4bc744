/** Nodes on their way from the store into memory. */
import type { FieldWrite } from '../graph/write.ts';
import type { LongEntry, StoredEntry } from './keys.ts';
import { CachedNode, CHARACTER_BYTES } from './node-cache.ts';

/** Properties of a node whose values are in pieces, before these are read. */
export class LongFields {
  readonly fields: Map<string, LongEntry> = new Map();
  /** Bytes by which they will make the node grow, about. */
  bytes = 0;

  /** Puts an entry into a node when it has its value, else notes it. */
  put(node: CachedNode, key: string, entry: StoredEntry): void {
    if (entry.json === undefined) {
      this.fields.set(key, entry);
      this.bytes += CHARACTER_BYTES * (key.length + entry.long.length);
    } else node.put(key, entry);
  }
}

/**
 * A small node in memory, with what a commit changed in it; whole unless values in pieces are missing.
 *
 * @param source what its record notes of its source
 */
export function cachedNode(
  soul: string,
  fields: ReadonlyMap<string, StoredEntry>,
  winners: readonly FieldWrite[],
  source?: string,
): CachedNode {
  const node = new CachedNode(soul);
  node.source = source;
  const longs = new LongFields();
  for (const [key, entry] of fields) longs.put(node, key, entry);
  for (const write of winners) {
    longs.fields.delete(write.key);
    node.put(write.key, write);
  }
  node.complete = longs.fields.size === 0;
  return node;
}

/** A copy of a key that does not keep the whole storage key alive, as the part of a text does. */
export function detached(key: string): string {
  return JSON.parse(JSON.stringify(key)) as string;
}
