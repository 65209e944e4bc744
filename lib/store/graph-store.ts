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
  keyRange,
  nodeKey,
  nodeRange,
  parseFieldKey,
  soulRange,
  type KeyRange,
  type StoredEntry,
} from './keys.ts';
import { cachedNode, detached, LongFields } from './loaded-node.ts';
import { wholeEntry } from './long-value.ts';
import { CachedNode, CHARACTER_BYTES, NodeCache } from './node-cache.ts';
import { decodeNode, LARGE, LARGE_RECORD, sourceIn } from './node-record.ts';
import { PartBuilder, type NodePart } from './part-builder.ts';
import type { Storage } from './storage.ts';
import { fieldsOf, readLarge, storedFields, type Place, type StoredField } from './stored-field.ts';

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
  committed: FieldWrite[];
  /** Properties that were removed meanwhile. */
  readonly removed: Set<string>;
  /** What the record of the node notes of its source. */
  source: string | undefined;
  /** True when the node is large, or became so meanwhile. */
  isLarge: boolean;
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
    if (entry !== undefined || node?.complete === true) {
      this.hits += 1;
      return entry;
    }
    this.misses += 1;
    if (node?.isLarge === true) return this.#readLarge({ soul, key });
    const record = this.#storage.getText(nodeKey(soul));
    if (!(record instanceof Promise)) return this.#fieldOf({ soul, key }, record, true);
    return record.then((found) => this.#fieldOf({ soul, key }, found, false));
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
    const builder = new PartBuilder(selector, this.#limits);
    const { soul, reverse } = selector;
    const record = typeof soul === 'string' ? await this.#storage.getText(nodeKey(soul)) : undefined;
    if (typeof soul !== 'string' || decodeNode(record) === LARGE) yield* this.#walkParts(builder, selector);
    else if (record !== undefined) yield* this.#partsOf(builder, fieldsOf(soul, record, reverse));
    yield { nodes: builder.rest(), more: false };
  }

  /**
   * Tells what a commit changed in a node that stays small.
   *
   * @param before what the store had for it
   * @param source what its record notes of its source now
   */
  committedNode(
    soul: string,
    before: ReadonlyMap<string, StoredEntry>,
    winners: readonly FieldWrite[],
    source?: string,
  ): void {
    const loading = this.#loading.get(soul);
    if (loading !== undefined) {
      loading.committed.push(...winners);
      loading.source = source;
    }
    const node = this.#cache.get(soul);
    if (node !== undefined) {
      node.source = source;
      for (const write of winners) this.#cache.put(node, write.key, write);
    } else if (before.size > 0) this.#cache.keep(cachedNode(soul, before, winners, source));
  }

  /**
   * Tells what a commit changed in a large node, after {@link markLarge}.
   *
   * @param fresh true when the property was not in the store before
   */
  committedField(write: FieldWrite, fresh: boolean): void {
    this.#loading.get(write.soul)?.committed.push(write);
    const node = this.#cache.get(write.soul);
    if (node === undefined) {
      if (!fresh) this.#remember(write, write, true);
    } else if (!fresh || node.complete) this.#cache.put(node, write.key, write);
  }

  /** Tells that a commit took a property out, after everything else that it changed in the node. */
  removedField(soul: string, key: string): void {
    const loading = this.#loading.get(soul);
    if (loading !== undefined) {
      loading.committed = loading.committed.filter((write) => write.key !== key);
      loading.removed.add(key);
      loading.source = undefined;
    }
    this.#cache.forget(soul);
  }

  /** Tells that a node is large, before what a commit changed in it: who reads between finds all of that. */
  markLarge(soul: string): void {
    const loading = this.#loading.get(soul);
    if (loading !== undefined) loading.isLarge = true;
    let node = this.#cache.get(soul);
    if (node === undefined) {
      node = new CachedNode(soul);
      this.#cache.keep(node);
    }
    node.isLarge = true;
  }

  async *#walkParts(builder: PartBuilder, selector: Selector): AsyncGenerator<ReadPart> {
    const { reverse } = selector;
    const cursor = this.#storage.range({ ...rangeOf(selector), reverse });
    try {
      while (!builder.done) {
        const found = await this.#walks.run(() => cursor.next(STEP_ENTRIES));
        if (found.length === 0) break;
        yield* this.#partsOf(builder, storedFields(found, reverse));
      }
    } finally {
      await cursor.close();
    }
  }

  /** The parts that properties fill. */
  async *#partsOf(builder: PartBuilder, fields: Iterator<StoredField, void>): AsyncGenerator<ReadPart> {
    for (let isOver = false; !isOver && !builder.done;) {
      const taking = this.#slices.runWaiting(this.#take(builder, fields));
      isOver = taking instanceof Promise ? await taking : taking;
      const full = builder.full();
      if (full !== undefined) yield { nodes: full, more: true };
    }
  }

  /** Takes properties until a part is full; true when none is left. */
  *#take(builder: PartBuilder, fields: Iterator<StoredField, void>): WaitingSteps<boolean> {
    const pace = new Pace();
    for (let next = fields.next(); next.done !== true; next = fields.next()) {
      const { soul, key, entry } = next.value;
      if (builder.means(soul, key)) {
        if (entry.json === undefined) {
          const whole = yield* wholeEntry(this.#storage, next.value, entry);
          builder.add(soul, key, whole.entry, whole.lexBytes);
        } else builder.add(soul, key, entry, lexBytes(entry.json));
        if (builder.done || builder.isFull) return false;
      }
      if (pace.after(entry.json?.length ?? 0)) yield;
    }
    return true;
  }

  /**
   * One property out of a node's record.
   *
   * @param isNow false when it took turns to read: it may be older than what is in memory by now
   */
  #fieldOf(place: Place, record: string | undefined, isNow: boolean): MaybePromise<Entry | undefined> {
    const node = decodeNode(record);
    if (node === LARGE) {
      if (isNow) this.markLarge(place.soul);
      return this.#readLarge(place);
    }
    if (isNow) this.#rememberNode(place.soul, node, sourceIn(record));
    return this.#whole(place, node.get(place.key), isNow, false);
  }

  #readLarge(place: Place): MaybePromise<Entry | undefined> {
    const found = readLarge(this.#storage, place);
    if (!(found instanceof Promise)) return this.#whole(place, found, true, true);
    return found.then((entry) => this.#whole(place, entry, false, true));
  }

  /** An entry with its value, which memory keeps when it was not in turns that it was read. */
  #whole(
    place: Place,
    found: StoredEntry | undefined,
    isNow: boolean,
    isLarge: boolean,
  ): MaybePromise<Entry | undefined> {
    if (found === undefined || (found.json !== undefined && !isLarge)) return found;
    const whole =
      found.json === undefined
        ? chain(this.#slices.runWaiting(wholeEntry(this.#storage, place, found)), ({ entry }) => entry)
        : found;
    if (isNow && !(whole instanceof Promise)) this.#remember(place, whole, isLarge);
    return whole;
  }

  /** Keeps one property of a node that is not kept whole. */
  #remember({ soul, key }: Place, entry: Entry, isLarge: boolean): void {
    const node = this.#cache.get(soul);
    if (node !== undefined) return this.#cache.put(node, key, entry);
    const created = new CachedNode(soul);
    created.isLarge = isLarge;
    created.put(key, entry);
    this.#cache.keep(created);
  }

  /** Keeps a small node; one that has been here already is a part of it with long values. */
  #rememberNode(soul: string, fields: ReadonlyMap<string, StoredEntry>, source: string | undefined): void {
    if (fields.size > 0 && this.#cache.get(soul) === undefined)
      this.#cache.keep(cachedNode(soul, fields, [], source));
  }

  #load(soul: string): MaybePromise<CachedNode | undefined> {
    const loading: Loading = {
      soul,
      committed: [],
      removed: new Set(),
      source: undefined,
      isLarge: false,
      node: undefined,
    };
    this.#loading.set(soul, loading);
    const record =
      this.#cache.get(soul)?.isLarge === true ? LARGE_RECORD : this.#storage.getText(nodeKey(soul));
    const node = chain(record, (known) => {
      const fields = decodeNode(known);
      if (fields === LARGE) return this.#walks.run(() => this.#walkNode(loading));
      // What was committed while it was read says what holds now.
      if (loading.committed.length === 0 && loading.removed.size === 0) loading.source = sourceIn(known);
      return this.#loadSmall(loading, fields);
    });
    if (!(node instanceof Promise)) return node;
    loading.node = node.finally(() => this.#ended(loading));
    return loading.node;
  }

  /** Commits are not noted any more, so nobody may join. */
  #ended(loading: Loading): void {
    if (this.#loading.get(loading.soul) === loading) this.#loading.delete(loading.soul);
  }

  #loadSmall(
    loading: Loading,
    fields: ReadonlyMap<string, StoredEntry>,
  ): MaybePromise<CachedNode | undefined> {
    const node = new CachedNode(loading.soul);
    const longs = new LongFields();
    for (const [key, entry] of fields) longs.put(node, key, entry);
    return this.#complete(loading, node, longs, fields.size > 0);
  }

  /** Walks over the properties of a large node. */
  async #walkNode(loading: Loading): Promise<CachedNode | undefined> {
    const node = new CachedNode(loading.soul);
    const longs = new LongFields();
    node.isLarge = true;
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
    return this.#complete(loading, node, longs, true);
  }

  /** Reads the long values of a node, unless they make it too large for one part. */
  #complete(
    loading: Loading,
    node: CachedNode,
    longs: LongFields,
    keep: boolean,
  ): MaybePromise<CachedNode | undefined> {
    if (longs.fields.size === 0) return this.#finish(loading, node, keep);
    if (!this.#fits(node.bytes + longs.bytes)) {
      this.#ended(loading);
      return undefined;
    }
    const reading = this.#slices.runWaiting(this.#readLongs(node, longs));
    return chain(reading, () => this.#finish(loading, node, true));
  }

  *#readLongs(node: CachedNode, { fields }: LongFields): WaitingSteps<void> {
    for (const [key, found] of fields) {
      const { entry } = yield* wholeEntry(this.#storage, { soul: node.soul, key }, found);
      node.put(key, entry);
    }
  }

  /** A node as read, with what was committed meanwhile. */
  #finish(loading: Loading, node: CachedNode, keep: boolean): CachedNode | undefined {
    this.#ended(loading);
    for (const key of loading.removed) node.fields.delete(key);
    for (const write of loading.committed) node.put(write.key, write);
    if (loading.isLarge) node.isLarge = true;
    node.source = loading.source;
    node.complete = true;
    if (keep) this.#cache.keep(node);
    return this.#fitting(node);
  }

  /** The node, unless it is too large for one part. */
  #fitting(node: CachedNode): CachedNode | undefined {
    return this.#fits(node.bytes) ? node : undefined;
  }

  #fits(bytes: number): boolean {
    return bytes <= CHARACTER_BYTES * this.#limits.replyPartLength;
  }
}

function rangeOf({ soul, key }: Selector): KeyRange {
  if (typeof soul !== 'string') return soulRange(soul);
  if (key === undefined) return nodeRange(soul);
  return keyRange(soul, typeof key === 'string' ? { from: key, to: key } : key);
}
