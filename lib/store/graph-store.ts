import { Gate } from '../base/gate.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import type { Limits } from '../base/limits.ts';
import { inRange, matchesNames, lexBytes, type NameRange, type Selector } from '../graph/selector.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import {
  decodeEntry,
  fieldKey,
  fieldKeyOf,
  indexKey,
  keyRange,
  nodePrefix,
  nodeRange,
  parseFieldKey,
  soulRange,
  type KeyRange,
} from './keys.ts';
import { CachedNode, NodeCache } from './node-cache.ts';
import { decodeIndex, MANY, type NodeIndex } from './node-index.ts';
import type { Storage } from './storage.ts';

/** Entries read from storage in one step. */
const STEP_ENTRIES = 512;
/** Walks over storage that run at once. */
const PARALLEL_WALKS = 64;

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
  readonly soul: string;
  readonly committed: FieldWrite[];
  /** The node's index after the last of these commits that told it. */
  index: NodeIndex | undefined;
  node: MaybePromise<CachedNode | undefined>;
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
  /** Reads of properties and nodes that memory answered, and those it could not answer. */
  hits = 0;
  misses = 0;

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
    if (entry !== undefined || node?.lacks(key) === true) {
      this.hits += 1;
      return entry;
    }
    this.misses += 1;
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
    if (node?.complete === true) {
      this.hits += 1;
      return this.#fitting(node);
    }
    this.misses += 1;
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
   * Tells what a commit changed, after {@link indexed}.
   *
   * @param fresh true when the property was not in the store before
   * @param index of the node, when it is known
   */
  committed(write: FieldWrite, fresh: boolean, index: NodeIndex | undefined): void {
    this.#loading.get(write.soul)?.committed.push(write);
    const node = this.#cache.get(write.soul);
    if (node === undefined) {
      if (!fresh) this.#remember(write.soul, write.key, write, index);
    } else if (!fresh || node.index !== MANY || node.complete) this.#cache.put(node, write.key, write);
  }

  /** Tells the index of a node after a commit, before the properties: who reads between finds them all. */
  indexed(soul: string, index: NodeIndex): void {
    const loading = this.#loading.get(soul);
    if (loading !== undefined) loading.index = index;
    const node = this.#cache.get(soul);
    if (node !== undefined) this.#cache.list(node, index);
    else if (index === MANY) {
      const created = new CachedNode(soul);
      created.list(MANY);
      this.#cache.keep(created);
    }
  }

  #rememberRecord(soul: string, key: string, record: string | undefined): Entry | undefined {
    if (record === undefined) return undefined;
    const entry = decodeEntry(record);
    this.#remember(soul, key, entry, undefined);
    return entry;
  }

  #remember(soul: string, key: string, entry: Entry, index: NodeIndex | undefined): void {
    const node = this.#cache.get(soul);
    if (node !== undefined) return this.#cache.put(node, key, entry);
    const created = new CachedNode(soul);
    created.list(index);
    created.put(key, entry);
    this.#cache.keep(created);
  }

  #load(soul: string): MaybePromise<CachedNode | undefined> {
    const loading: Loading = { soul, committed: [], index: undefined, node: undefined };
    this.#loading.set(soul, loading);
    const index = this.#cache.get(soul)?.index ?? chain(this.#storage.getText(indexKey(soul)), decodeIndex);
    const node = chain(index, (known) =>
      known === MANY ? this.#walks.run(() => this.#walkNode(loading)) : this.#readListed(loading, known),
    );
    if (!(node instanceof Promise)) return node;
    loading.node = node.finally(() => this.#ended(loading));
    return loading.node;
  }

  /** Commits are not noted any more, so nobody may join. */
  #ended(loading: Loading): void {
    if (this.#loading.get(loading.soul) === loading) this.#loading.delete(loading.soul);
  }

  /** Reads the properties that an index lists. */
  #readListed(loading: Loading, index: readonly string[]): MaybePromise<CachedNode | undefined> {
    const node = new CachedNode(loading.soul);
    node.list(index);
    if (index.length === 0) return this.#finish(loading, node, false);
    const prefix = nodePrefix(loading.soul);
    return chain(this.#storage.getTexts(index.map((key) => fieldKeyOf(prefix, key))), (records) => {
      for (const [at, key] of index.entries()) {
        const record = records[at];
        if (record !== undefined) node.put(key, decodeEntry(record));
      }
      return this.#finish(loading, node, true);
    });
  }

  /** Walks over a node that outgrew its index. */
  async #walkNode(loading: Loading): Promise<CachedNode | undefined> {
    const node = new CachedNode(loading.soul);
    node.list(MANY);
    const cursor = this.#storage.range(nodeRange(loading.soul));
    try {
      for (;;) {
        const found = await cursor.next(STEP_ENTRIES);
        if (found.length === 0) break;
        for (const [storageKey, record] of found)
          node.put(detached(parseFieldKey(storageKey).key), decodeEntry(record));
        if (this.#fitting(node) === undefined) return undefined;
      }
    } finally {
      await cursor.close();
    }
    return this.#finish(loading, node, true);
  }

  /** A node as read, with what was committed meanwhile. */
  #finish(loading: Loading, node: CachedNode, keep: boolean): CachedNode | undefined {
    this.#ended(loading);
    for (const write of loading.committed) node.put(write.key, write);
    if (loading.index !== undefined) node.list(loading.index);
    node.complete = true;
    if (keep) this.#cache.keep(node);
    return this.#fitting(node);
  }

  /** The node, unless it is too large for one part. */
  #fitting(node: CachedNode): CachedNode | undefined {
    return node.bytes > 2 * this.#limits.replyPartLength ? undefined : node;
  }
}

/** A copy of a key that does not keep the whole storage key alive, as the part of a text does. */
function detached(key: string): string {
  return JSON.parse(JSON.stringify(key)) as string;
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
    const length = 2 * (soul.length + key.length) + record.length;
    const full = this.#length > 0 && this.#length + length > this.#partLength ? this.rest() : undefined;
    const entry = decodeEntry(record);
    const last = this.#nodes.at(-1);
    if (last?.soul === soul) {
      last.entries.push([key, entry]);
      this.#length += length - 2 * soul.length;
    } else {
      this.#nodes.push({ soul, entries: [[key, entry]] });
      this.#length += length;
    }
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
