import { TwoGenerations } from '../base/two-generations.ts';
import type { Entry } from '../graph/write.ts';
import { MANY, type NodeIndex } from './node-index.ts';

/** What an engine spends on a node and on a property beside their texts, in bytes; measured, rounded up. */
const NODE_BYTES = 400;
const FIELD_BYTES = 180;
/** The same for a key that an index lists. */
const LISTED_BYTES = 32;
/** A node that takes more than this share of the cache is not kept. */
const LARGEST_SHARE = 8;

/** A node in memory: some of its properties, or all. */
export class CachedNode {
  readonly soul: string;
  readonly fields: Map<string, Entry> = new Map();
  /** True when a property that is not here is not in the store either. */
  complete = false;
  /** Estimated bytes, soul and properties together. */
  bytes: number;
  /** What a reader derived from the properties; dropped at each change. */
  memo: unknown = undefined;
  #index: NodeIndex | undefined = undefined;

  constructor(soul: string) {
    this.soul = soul;
    this.bytes = NODE_BYTES + 2 * soul.length;
  }

  /** The node's index, when it was read. */
  get index(): NodeIndex | undefined {
    return this.#index;
  }

  /** Takes the node's index and gives the bytes by which the node grew. */
  list(index: NodeIndex | undefined): number {
    if (index === this.#index) return 0;
    const growth = bytesOfIndex(index) - bytesOfIndex(this.#index);
    this.#index = index;
    this.bytes += growth;
    return growth;
  }

  /** True when the node surely has no such property. */
  lacks(key: string): boolean {
    if (this.fields.has(key)) return false;
    return this.complete || (this.index !== undefined && this.index !== MANY && !this.index.includes(key));
  }

  /** Puts an entry and gives the bytes by which the node grew. */
  put(key: string, entry: Entry): number {
    const before = this.fields.get(key);
    const growth =
      before === undefined
        ? FIELD_BYTES + 2 * (key.length + entry.json.length)
        : 2 * (entry.json.length - before.json.length);
    this.fields.set(key, entry);
    this.bytes += growth;
    this.memo = undefined;
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

  /** Puts an entry into a kept node; the node leaves when it becomes too large. */
  put(node: CachedNode, key: string, entry: Entry): void {
    this.#grow(node, node.put(key, entry));
  }

  /** Tells a kept node its index; the node leaves when it becomes too large. */
  list(node: CachedNode, index: NodeIndex): void {
    this.#grow(node, node.list(index));
  }

  #grow(node: CachedNode, growth: number): void {
    if (node.bytes > this.#largestBytes) this.#nodes.delete(node.soul);
    else this.#nodes.grow(growth);
  }
}

function bytesOfIndex(index: NodeIndex | undefined): number {
  if (index === undefined || index === MANY) return 0;
  let bytes = 0;
  for (const key of index) bytes += LISTED_BYTES + 2 * key.length;
  return bytes;
}

function bytesOf(node: CachedNode): number {
  return node.bytes;
}
