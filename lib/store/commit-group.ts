import type { Entry, FieldWrite } from '../graph/write.ts';
import type { MergeView } from '../ham/merge.ts';
import { Pace } from '../base/pace.ts';
import type { WaitingSteps } from '../base/slices.ts';
import { ChunkedReads } from './chunked-reads.ts';
import type { GraphStore } from './graph-store.ts';
import {
  decodeEntry,
  encodeEntry,
  encodeLong,
  fieldKeyOf,
  indexKey,
  nodePrefix,
  type LongValue,
} from './keys.ts';
import { appendPieces, appendRemoval, isInPieces, isLong, missingPieces, readPieces } from './long-value.ts';
import type { CachedNode } from './node-cache.ts';
import { decodeIndex, encodeIndex, growIndex, MANY, type NodeIndex } from './node-index.ts';
import type { Change, Storage } from './storage.ts';

/** Records read in one request: indexes are small, values may be long. */
const INDEXES_READ = 256;
const FIELDS_READ = 128;

/** The entry of a value in pieces; they are not read unless a write has the same state. */
class UnreadEntry implements Entry {
  readonly state: number;
  readonly long: LongValue;

  constructor(state: number, long: LongValue) {
    this.state = state;
    this.long = long;
  }

  get json(): string {
    throw new Error('the value was not read');
  }
}

/** A property that the store has, and the last winner of the group. */
class Stored {
  entry: Entry;
  /** The pieces the stored value has, if it has any. */
  long: LongValue | undefined = undefined;
  winner: FieldWrite | undefined = undefined;

  constructor(entry: Entry) {
    this.entry = entry;
  }
}

/** A property as the group sees it: one the store has, a winner it did not have, or nothing yet. */
type Slot = Stored | FieldWrite | null;

/** The properties of one node that the group touches. */
interface GroupNode {
  readonly soul: string;
  readonly prefix: string;
  readonly cached: CachedNode | undefined;
  readonly slots: Map<string, Slot>;
  /** Undefined until it is read. */
  index: NodeIndex | undefined;
  /** True when memory lacks some of the properties. */
  incomplete: boolean;
}

/**
 * What the writes of one commit see and change: stored entries, overlaid with what the group accepted.
 *
 * `gather` all writes, `load`, merge, `appendChanges` and commit them, then `publish`; all of it in steps, for
 * groups of any size.
 */
export class CommitGroup implements MergeView {
  readonly #storage: Storage;
  readonly #graph: GraphStore;
  readonly #nodes = new Map<string, GroupNode>();
  #incomplete: GroupNode[] = [];
  /** Values in pieces that were not read. */
  #unread = 0;
  #lastNode: GroupNode | undefined;

  constructor(storage: Storage, graph: GraphStore) {
    this.#storage = storage;
    this.#graph = graph;
  }

  /** Notes the properties that writes will be merged with. */
  *gather(batches: readonly (readonly FieldWrite[])[]): Generator<void, void> {
    const pace = new Pace();
    // By index here and in the writer: loops over iterators cost twice as much in generators.
    for (let batch = 0; batch < batches.length; batch += 1) {
      const writes = batches[batch]!;
      for (let at = 0; at < writes.length; at += 1) {
        this.#note(writes[at]!);
        if (pace.after(writes[at]!.key.length)) yield;
      }
    }
  }

  /** Reads what memory did not have: the indexes of unknown nodes first, then the properties they list. */
  *load(batches: Iterable<readonly FieldWrite[]>): WaitingSteps<void> {
    if (this.#incomplete.length === 0) return;
    yield* this.#loadIndexes();
    yield* this.#loadFields();
    this.#incomplete = [];
    if (this.#unread > 0) yield* this.#loadTies(batches);
  }

  current(soul: string, key: string): Entry | undefined {
    const slot = this.#nodeOf(soul).slots.get(key);
    return slot instanceof Stored ? (slot.winner ?? slot.entry) : (slot ?? undefined);
  }

  accept(write: FieldWrite): void {
    const { slots } = this.#nodeOf(write.soul);
    const slot = slots.get(write.key);
    if (slot === undefined) throw new TypeError('the property was not gathered');
    if (slot instanceof Stored) slot.winner = write;
    else slots.set(write.key, write);
  }

  /** True when the write still holds its property at the end of the group. */
  holds(write: FieldWrite): boolean {
    return this.current(write.soul, write.key) === write;
  }

  /** Appends the storage changes of all properties the group changed, in steps. */
  *appendChanges(changes: Change[]): Generator<void, void> {
    const pace = new Pace();
    for (const node of this.#nodes.values()) {
      let newKeys: string[] | undefined;
      for (const [key, slot] of node.slots) {
        if (pace.after(key.length)) yield;
        const winner = winnerOf(slot);
        if (winner === undefined) continue;
        if (isLong(winner.json)) yield* appendLong(changes, node.prefix, winner);
        else changes.push([fieldKeyOf(node.prefix, key), encodeEntry(winner.state, winner.json)]);
        if (winner === slot) (newKeys ??= []).push(key);
        else if (slot instanceof Stored && slot.long !== undefined) yield* appendRemoval(changes, slot.long);
      }
      if (newKeys !== undefined && node.index !== undefined) grow(node, node.index, newKeys, changes);
    }
  }

  /** Tells the graph what is durable now. */
  *publish(): Generator<void, void> {
    const pace = new Pace();
    for (const { soul, slots, index } of this.#nodes.values()) {
      if (index !== undefined) this.#graph.indexed(soul, index);
      for (const slot of slots.values()) {
        const winner = winnerOf(slot);
        if (winner !== undefined) this.#graph.committed(winner, winner === slot, index);
        if (pace.after(0)) yield;
      }
    }
  }

  #note({ soul, key }: FieldWrite): void {
    const node = this.#nodeOf(soul);
    if (node.slots.get(key) === undefined) node.slots.set(key, this.#slotOf(node, key));
  }

  #nodeOf(soul: string): GroupNode {
    if (this.#lastNode?.soul === soul) return this.#lastNode;
    let node = this.#nodes.get(soul);
    if (node === undefined) {
      const cached = this.#graph.cached(soul);
      const prefix = nodePrefix(soul);
      node = { soul, prefix, cached, slots: new Map(), index: cached?.index, incomplete: false };
      this.#nodes.set(soul, node);
    }
    this.#lastNode = node;
    return node;
  }

  #slotOf(node: GroupNode, key: string): Slot {
    const entry = node.cached?.fields.get(key);
    // Which pieces a long value has is not in memory.
    const isKnown =
      entry === undefined ? node.cached?.complete === true && node.index !== undefined : !isLong(entry.json);
    if (!isKnown && !node.incomplete) {
      node.incomplete = true;
      this.#incomplete.push(node);
    }
    return entry === undefined ? null : new Stored(entry);
  }

  *#loadIndexes(): WaitingSteps<void> {
    const reads = new ChunkedReads<GroupNode>(this.#storage, INDEXES_READ, (node, record) => {
      node.index = decodeIndex(record);
    });
    for (const node of this.#incomplete) {
      if (node.index === undefined && reads.add(indexKey(node.soul), node)) yield* reads.flush();
    }
    yield* reads.flush();
  }

  *#loadFields(): WaitingSteps<void> {
    const reads = new ChunkedReads<Place>(this.#storage, FIELDS_READ, (place, record) => {
      if (record !== undefined && fill(place, record) instanceof UnreadEntry) this.#unread += 1;
    });
    const pace = new Pace();
    for (const node of this.#incomplete) {
      const index = node.index!;
      if (index.length === 0) continue;
      for (const [key, slot] of node.slots) {
        if (pace.after(0)) yield;
        if (!isUnknown(slot) || (index !== MANY && !index.includes(key))) continue;
        if (reads.add(fieldKeyOf(node.prefix, key), { slots: node.slots, key })) yield* reads.flush();
      }
    }
    yield* reads.flush();
  }

  /** Reads the values in pieces that writes of the same state will be compared with. */
  *#loadTies(batches: Iterable<readonly FieldWrite[]>): WaitingSteps<void> {
    const pace = new Pace();
    for (const writes of batches) {
      for (const write of writes) {
        const slot = this.#nodeOf(write.soul).slots.get(write.key);
        if (slot instanceof Stored && slot.entry instanceof UnreadEntry && slot.entry.state === write.state)
          slot.entry = yield* this.#readTie(slot.entry.long, write);
        if (pace.after(0)) yield;
      }
    }
  }

  /** A stored entry with its value; most often it is the one that is written again. */
  *#readTie(long: LongValue, { state, json }: FieldWrite): WaitingSteps<Entry> {
    if (yield* isInPieces(this.#storage, long, json)) return { state, json };
    const stored = yield* readPieces(this.#storage, long);
    if (stored === undefined) throw missingPieces();
    return { state, json: stored };
  }
}

/** Where a record that is read belongs. */
interface Place {
  readonly slots: Map<string, Slot>;
  readonly key: string;
}

/** True when the record of a property must be read. */
function isUnknown(slot: Slot): boolean {
  return slot === null || (slot instanceof Stored && isLong(slot.entry.json));
}

/** Notes what a record holds; gives the entry the property has now. */
function fill({ slots, key }: Place, record: string): Entry {
  const found = decodeEntry(record);
  const known = slots.get(key);
  const entry = found.json === undefined ? new UnreadEntry(found.state, found.long) : found;
  const stored = known instanceof Stored ? known : new Stored(entry);
  if (found.json === undefined) stored.long = found.long;
  slots.set(key, stored);
  return stored.entry;
}

function winnerOf(slot: Slot): FieldWrite | undefined {
  return slot instanceof Stored ? slot.winner : (slot ?? undefined);
}

function* appendLong(
  changes: Change[],
  prefix: string,
  { key, state, json }: FieldWrite,
): Generator<void, void> {
  const long = yield* appendPieces(changes, json);
  changes.push([fieldKeyOf(prefix, key), encodeEntry(state, encodeLong(long))]);
}

function grow(node: GroupNode, index: NodeIndex, newKeys: readonly string[], changes: Change[]): void {
  if (index === MANY) return;
  node.index = growIndex(index, newKeys);
  changes.push([indexKey(node.soul), encodeIndex(node.index)]);
}
