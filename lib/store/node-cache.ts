import { TwoGenerations } from '../base/two-generations.ts';
import type { Entry } from '../graph/write.ts';
import { isLong } from './long-value.ts';

/** What an engine spends on a node and on a property beside their texts, in bytes; measured, rounded up. */
const NODE_BYTES = 400;
const FIELD_BYTES = 180;
/** Bytes of a character of their texts: two at most where they stand, and as many in an answer made of them. */
export const CHARACTER_BYTES = 4;
/** A node that takes more than this share of the cache is not kept. */
const LARGEST_SHARE = 8;

/** A node in memory: some of its properties, or all. */
export class CachedNode {
  readonly soul: string;
  readonly fields: Map<string, Entry> = new Map();
  /** True when a property that is not here is not in the store either. */
  complete = false;
  /** Estimated bytes, soul, properties and memo together. */
  bytes: number;
  /** What a reader derived from the properties, about as long as these; dropped at each change. */
  memo: unknown = undefined;
  /** True when it is known that each property has a record of its own. */
  isLarge = false;
  /** True when a value was put that is in pieces in the store. */
  hasLong = false;
  /** What the record of a whole small node notes of its source. */
  source: string | undefined = undefined;

  constructor(soul: string) {
    this.soul = soul;
    this.bytes = NODE_BYTES + CHARACTER_BYTES * soul.length;
  }

  /** Puts an entry and gives the bytes by which the node grew. */
  put(key: string, entry: Entry): number {
    const before = this.fields.get(key);
    const growth =
      before === undefined
        ? FIELD_BYTES + CHARACTER_BYTES * (key.length + entry.json.length)
        : CHARACTER_BYTES * (entry.json.length - before.json.length);
    this.fields.set(key, entry);
    this.bytes += growth;
    this.memo = undefined;
    if (isLong(entry.json)) this.hasLong = true;
    return growth;
  }
}

/** Hot nodes, bounded in bytes; the least lately used half leaves at once. */
export class NodeCache {
  readonly #nodes: TwoGenerations<string, CachedNode>;
  readonly #largestBytes: number;

  /** @param capacity bytes in all */
  constructor(capacity: number) {
    this.#nodes = new TwoGenerations(capacity);
    this.#largestBytes = capacity / LARGEST_SHARE;
  }

  /** The node of a soul, if it is here. */
  get(soul: string): CachedNode | undefined {
    return this.#nodes.get(soul, bytesOf);
  }

  /** Keeps a node unless it is too large. */
  keep(node: CachedNode): void {
    if (node.bytes <= this.#largestBytes) this.#nodes.set(node.soul, node, node.bytes);
  }

  /** Keeps a node no longer. */
  forget(soul: string): void {
    this.#nodes.delete(soul);
  }

  /** Puts an entry into a kept node; the node leaves when it becomes too large. */
  put(node: CachedNode, key: string, entry: Entry): void {
    const growth = node.put(key, entry);
    if (node.bytes > this.#largestBytes) this.#nodes.delete(node.soul);
    else this.#nodes.grow(growth);
  }
}

function bytesOf(node: CachedNode): number {
  return node.bytes;
}
