import { Gate } from '../base/gate.ts';
import type { Limits } from '../base/limits.ts';
import { inRange, matchesNames, lexBytes, type NameRange, type Selector } from '../graph/selector.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import {
  decodeEntry,
  fieldKey,
  keyRange,
  nodeRange,
  parseFieldKey,
  soulRange,
  type KeyRange,
} from './keys.ts';
import { CachedNode, NodeCache } from './node-cache.ts';
import type { MaybePromise, Storage } from './storage.ts';

/** Entries read from storage in one step. */
const STEP_ENTRIES = 512;
/** Walks over storage that run at once. */
const PARALLEL_WALKS = 64;

/** A property that the store is known not to have. */
export const ABSENT = null;

/** Properties of one soul, in the order they were read. */
export interface NodePart {
  readonly soul: string;
  readonly entries: (readonly [string, Entry])[];
}

/** One bounded piece of an answer; parts of one read never overlap. */
export interface ReadPart {
  readonly nodes: readonly NodePart[];
  /** False on the last part. */
  readonly more: boolean;
}

/** A whole node is being read; what is committed meanwhile must not be lost. */
interface Loading {
  readonly committed: FieldWrite[];
  readonly node: Promise<CachedNode | undefined>;
}

/** What the graph needs. */
export interface GraphStoreOptions {
  readonly storage: Storage;
  readonly limits: Limits;
}

/**
 * Properties and nodes out of storage, through a bounded cache.
 *
 * New properties enter the cache when they are touched again, so that loading data leaves memory flat.
 */
export class GraphStore {
  readonly #storage: Storage;
  readonly #limits: Limits;
  readonly #cache: NodeCache;
  readonly #loading = new Map<string, Loading>();
  readonly #walks = new Gate(PARALLEL_WALKS);

  constructor({ storage, limits }: GraphStoreOptions) {
    this.#storage = storage;
    this.#limits = limits;
    this.#cache = new NodeCache(limits.cacheBytes);
  }

  /** The node of a soul if any of it is in memory. */
  cached(soul: string): CachedNode | undefined {
    return this.#cache.get(soul);
  }

  /** One property; answers at once when memory or storage can. */
  readField(soul: string, key: string): MaybePromise<Entry | undefined> {
    const node = this.#cache.get(soul);
    const entry = node?.fields.get(key);
    if (entry !== undefined || node?.complete === true) return entry;
    const record = this.#storage.getText(fieldKey(soul, key));
    if (typeof record !== 'object') return this.#rememberRecord(soul, key, record);
    return record.then((found) => (found === undefined ? undefined : decodeEntry(found)));
  }

  /**
   * A whole node, or undefined when it is too large for one part; read it with {@link parts} then.
   * A soul without properties gives a node without fields.
   */
  readNode(soul: string): MaybePromise<CachedNode | undefined> {
    const node = this.#cache.get(soul);
    if (node?.complete === true) return node;
    const loading = this.#loading.get(soul);
    if (loading !== undefined) return loading.node;
    return this.#load(soul);
  }

  /** Any read in bounded parts (D19, D20). The last part may be empty; walks end when the caller stops. */
  async *parts(selector: Selector): AsyncGenerator<ReadPart> {
    const { soul, key } = selector;
    const isLex = typeof soul !== 'string' || (key !== undefined && typeof key !== 'string');
    const { lexDefaultBytes, lexMaxBytes } = this.#limits;
    const wished = selector.byteLimit ?? (isLex ? lexDefaultBytes : Infinity);
    const budget = isLex || selector.byteLimit !== undefined ? Math.min(wished, lexMaxBytes) : wished;
    const cursor = this.#storage.range({ ...rangeOf(selector), reverse: selector.reverse });
    const page = new PartBuilder(selector, budget, this.#limits.replyPartLength);
    try {
      while (!page.done) {
        const found = await this.#walks.run(() => cursor.next(STEP_ENTRIES));
        if (found.length === 0) break;
        for (const [storageKey, record] of found) {
          const full = page.take(storageKey, record);
          if (full !== undefined) yield { nodes: full, more: true };
          if (page.done) break;
        }
      }
    } finally {
      await cursor.close();
    }
    yield { nodes: page.rest(), more: false };
  }

  /**
   * Tells what a commit changed.
   *
   * @param fresh true when the property was not in the store before
   */
  committed(write: FieldWrite, fresh: boolean): void {
    this.#loading.get(write.soul)?.committed.push(write);
    const node = this.#cache.get(write.soul);
    if (node !== undefined) this.#cache.put(node, write.key, write);
    else if (!fresh) this.#remember(write.soul, write.key, write);
  }

  #rememberRecord(soul: string, key: string, record: string | undefined): Entry | undefined {
    if (record === undefined) return undefined;
    const entry = decodeEntry(record);
    this.#remember(soul, key, entry);
    return entry;
  }

  #remember(soul: string, key: string, entry: Entry): void {
    const node = this.#cache.get(soul);
    if (node !== undefined) return this.#cache.put(node, key, entry);
    const created = new CachedNode(soul);
    created.put(key, entry);
    this.#cache.keep(created);
  }

  #load(soul: string): Promise<CachedNode | undefined> {
    const committed: FieldWrite[] = [];
    const node = this.#walks
      .run(() => this.#walkNode(soul, committed))
      .finally(() => this.#loading.delete(soul));
    this.#loading.set(soul, { committed, node });
    return node;
  }

  async #walkNode(soul: string, committed: readonly FieldWrite[]): Promise<CachedNode | undefined> {
    const node = new CachedNode(soul);
    const cursor = this.#storage.range(nodeRange(soul));
    try {
      for (;;) {
        const found = await cursor.next(STEP_ENTRIES);
        if (found.length === 0) break;
        for (const [storageKey, record] of found)
          node.put(parseFieldKey(storageKey).key, decodeEntry(record));
        if (node.bytes > 2 * this.#limits.replyPartLength) return undefined;
      }
    } finally {
      await cursor.close();
    }
    for (const write of committed) node.put(write.key, write);
    node.complete = true;
    this.#cache.keep(node);
    return node;
  }
}

function rangeOf({ soul, key }: Selector): KeyRange {
  if (typeof soul !== 'string') return soulRange(soul);
  if (key === undefined) return nodeRange(soul);
  return keyRange(soul, typeof key === 'string' ? { from: key, to: key } : key);
}

/** Gathers entries of a walk into parts of bounded length, until a budget of bytes is spent. */
class PartBuilder {
  readonly #souls: NameRange | undefined;
  readonly #selector: Selector;
  readonly #partLength: number;
  #budget: number;
  #nodes: NodePart[] = [];
  #length = 0;

  constructor(selector: Selector, budget: number, partLength: number) {
    this.#selector = selector;
    this.#souls = typeof selector.soul === 'string' ? undefined : selector.soul;
    this.#budget = budget;
    this.#partLength = partLength;
  }

  /** True when the budget is spent. */
  get done(): boolean {
    return this.#budget <= 0;
  }

  /** Takes an entry; gives the part before it when that is full. */
  take(storageKey: string, record: string): readonly NodePart[] | undefined {
    const { soul, key } = parseFieldKey(storageKey);
    if (this.#souls !== undefined && !inRange(soul, this.#souls)) return undefined;
    if (this.#selector.key !== undefined && !matchesNames(key, this.#selector.key)) return undefined;
    const length = 2 * key.length + record.length;
    const full = this.#length > 0 && this.#length + length > this.#partLength ? this.rest() : undefined;
    const entry = decodeEntry(record);
    const last = this.#nodes.at(-1);
    if (last?.soul === soul) last.entries.push([key, entry]);
    else this.#nodes.push({ soul, entries: [[key, entry]] });
    this.#length += length;
    this.#budget -= Math.max(1, lexBytes(entry.json));
    return full;
  }

  /** What was gathered since the last part. */
  rest(): readonly NodePart[] {
    const nodes = this.#nodes;
    this.#nodes = [];
    this.#length = 0;
    return nodes;
  }
}
