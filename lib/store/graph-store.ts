import { Gate } from '../base/gate.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { Pace } from '../base/pace.ts';
import { Slices, type WaitingSteps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { Limits } from '../base/limits.ts';
import { lexBytes, type Selector } from '../graph/selector.ts';
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
  type LongEntry,
} from './keys.ts';
import { wholeEntry } from './long-value.ts';
import { CachedNode, NodeCache } from './node-cache.ts';
import { decodeIndex, MANY, type NodeIndex } from './node-index.ts';
import { PartBuilder, type NodePart } from './part-builder.ts';
import type { Storage, TextEntry } from './storage.ts';

export type { NodePart };

/** Entries read from storage in one step. */
const STEP_ENTRIES = 512;
/** Walks over storage that run at once. */
const PARALLEL_WALKS = 64;

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
  /** Cuts long work into slices; own ones when absent. */
  readonly slices?: Slices;
}

/**
 * Properties and nodes out of storage, through a bounded cache.
 *
 * New properties enter the cache when they are touched again, so that loading data leaves memory flat.
 */
export class GraphStore {
  readonly #storage: Storage;
  readonly #limits: Limits;
  readonly #slices: Slices;
  readonly #cache: NodeCache;
  readonly #loading = new Map<string, Loading>();
  readonly #walks = new Gate(PARALLEL_WALKS);
  /** Reads of properties and nodes that memory answered, and those it could not answer. */
  hits = 0;
  misses = 0;

  constructor({ storage, limits, slices }: GraphStoreOptions) {
    this.#storage = storage;
    this.#limits = limits;
    this.#slices = slices ?? new Slices({ schedule: inLaterTurn });
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
    const storageKey = fieldKey(soul, key);
    const record = this.#storage.getText(storageKey);
    if (record instanceof Promise) return record.then((found) => this.#entryOf(storageKey, found));
    const found = this.#entryOf(storageKey, record);
    // What took turns may be older than what is in memory by now.
    if (found !== undefined && !(found instanceof Promise)) this.#remember(soul, key, found, undefined);
    return found;
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
    const cursor = this.#storage.range({ ...rangeOf(selector), reverse: selector.reverse });
    const builder = new PartBuilder(selector, this.#limits);
    try {
      while (!builder.done) {
        const found = await this.#walks.run(() => cursor.next(STEP_ENTRIES));
        if (found.length === 0) break;
        yield* this.#partsOf(builder, found);
      }
    } finally {
      await cursor.close();
    }
    yield { nodes: builder.rest(), more: false };
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

  /** The parts that entries of a walk fill. */
  async *#partsOf(builder: PartBuilder, found: readonly TextEntry[]): AsyncGenerator<ReadPart> {
    for (let at = 0; at < found.length && !builder.done;) {
      const taking = this.#slices.runWaiting(this.#take(builder, found, at));
      at = taking instanceof Promise ? await taking : taking;
      const full = builder.full();
      if (full !== undefined) yield { nodes: full, more: true };
    }
  }

  /** Takes entries of a walk until a part is full; gives the place of the first that is left. */
  *#take(builder: PartBuilder, found: readonly TextEntry[], first: number): WaitingSteps<number> {
    const pace = new Pace();
    for (let at = first; at < found.length; at += 1) {
      const [storageKey, record] = found[at]!;
      const { soul, key } = parseFieldKey(storageKey);
      if (builder.means(soul, key)) {
        const entry = decodeEntry(record);
        if (entry.json === undefined) {
          const whole = yield* wholeEntry(this.#storage, storageKey, entry);
          builder.add(soul, key, whole.entry, whole.lexBytes);
        } else builder.add(soul, key, entry, lexBytes(entry.json));
        if (builder.done || builder.isFull) return at + 1;
      }
      if (pace.after(record.length)) yield;
    }
    return found.length;
  }

  #entryOf(storageKey: string, record: string | undefined): MaybePromise<Entry | undefined> {
    if (record === undefined) return undefined;
    const found = decodeEntry(record);
    if (found.json !== undefined) return found;
    return chain(this.#slices.runWaiting(wholeEntry(this.#storage, storageKey, found)), ({ entry }) => entry);
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
      const longs = new LongFields();
      for (const [at, key] of index.entries()) {
        const record = records[at];
        if (record !== undefined) longs.put(node, key, decodeEntry(record));
      }
      return this.#complete(loading, node, longs);
    });
  }

  /** Walks over a node that outgrew its index. */
  async #walkNode(loading: Loading): Promise<CachedNode | undefined> {
    const node = new CachedNode(loading.soul);
    const longs = new LongFields();
    node.list(MANY);
    const cursor = this.#storage.range(nodeRange(loading.soul));
    try {
      for (;;) {
        const found = await cursor.next(STEP_ENTRIES);
        if (found.length === 0) break;
        for (const [storageKey, record] of found)
          longs.put(node, detached(parseFieldKey(storageKey).key), decodeEntry(record));
        if (!this.#fits(node.bytes + longs.bytes)) return undefined;
      }
    } finally {
      await cursor.close();
    }
    return this.#complete(loading, node, longs);
  }

  /** Reads the long values of a node, unless they make it too large for one part. */
  #complete(loading: Loading, node: CachedNode, longs: LongFields): MaybePromise<CachedNode | undefined> {
    if (longs.fields.size === 0) return this.#finish(loading, node, true);
    if (!this.#fits(node.bytes + longs.bytes)) {
      this.#ended(loading);
      return undefined;
    }
    const reading = this.#slices.runWaiting(this.#readLongs(node, longs));
    return chain(reading, () => this.#finish(loading, node, true));
  }

  *#readLongs(node: CachedNode, { fields }: LongFields): WaitingSteps<void> {
    const prefix = nodePrefix(node.soul);
    for (const [key, found] of fields) {
      const { entry } = yield* wholeEntry(this.#storage, fieldKeyOf(prefix, key), found);
      node.put(key, entry);
    }
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
    return this.#fits(node.bytes) ? node : undefined;
  }

  #fits(bytes: number): boolean {
    return bytes <= 2 * this.#limits.replyPartLength;
  }
}

/** Properties of a node whose values are in pieces, before these are read. */
class LongFields {
  readonly fields: Map<string, LongEntry> = new Map();
  /** Bytes by which they will make the node grow, about. */
  bytes = 0;

  /** Puts an entry into a node when it has its value, else notes it. */
  put(node: CachedNode, key: string, entry: Entry | LongEntry): void {
    if (entry.json === undefined) {
      this.fields.set(key, entry);
      this.bytes += 2 * (key.length + entry.long.length);
    } else node.put(key, entry);
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
