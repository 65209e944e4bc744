import type { Entry, FieldWrite } from '../graph/write.ts';
import type { MergeView } from '../ham/merge.ts';
import { Pace } from '../base/pace.ts';
import type { WaitingSteps } from '../base/slices.ts';
import { ChunkedReads } from './chunked-reads.ts';
import type { GraphStore } from './graph-store.ts';
import {
  groupNode,
  isAllOf,
  isChanged,
  isKnown,
  isUnknown,
  Stored,
  takeOut,
  UnreadEntry,
  winnerOf,
  type GroupNode,
  type Slot,
} from './group-node.ts';
import { decodeEntry, fieldKeyOf, nodeKey, nodePrefix, type LongValue, type StoredEntry } from './keys.ts';
import { isInPieces, missingPieces, readPieces } from './long-value.ts';
import { appendNode } from './node-changes.ts';
import { decodeNode, LARGE, sourceIn } from './node-record.ts';
import { idOfSource } from './node-source.ts';
import type { Change, Storage } from './storage.ts';
import type { WrittenNode } from './written-nodes.ts';

/** Records read in one request. */
const RECORDS_READ = 128;

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
  /** Nodes that have a source. */
  readonly #sourced: GroupNode[] = [];

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

  /** Reads what memory did not have: the records of nodes first, then those of properties of large ones. */
  *load(batches: Iterable<readonly FieldWrite[]>): WaitingSteps<void> {
    if (this.#incomplete.length === 0) return;
    yield* this.#loadNodes();
    yield* this.#loadFields();
    this.#incomplete = [];
    if (this.#unread > 0) yield* this.#loadTies(batches);
  }

  current(soul: string, key: string): Entry | undefined {
    const slot = this.#nodeOf(soul).slots.get(key);
    if (!(slot instanceof Stored)) return slot ?? undefined;
    return slot.winner ?? (slot.isGone ? undefined : slot.entry);
  }

  accept(write: FieldWrite): void {
    const { slots } = this.#nodeOf(write.soul);
    const slot = slots.get(write.key);
    if (slot === undefined) throw new TypeError('the property was not gathered');
    if (slot instanceof Stored) slot.winner = write;
    else slots.set(write.key, write);
  }

  /** Takes a property out of the graph; what is accepted later puts another one in its place. */
  remove(soul: string, key: string): void {
    const node = this.#nodeOf(soul);
    const { slots } = node;
    const slot = slots.get(key);
    if (slot instanceof Stored) {
      slot.winner = undefined;
      slot.isGone = true;
      takeOut(node, key);
    } else slots.set(key, null);
  }

  /** True when the write still holds its property at the end of the group. */
  holds(write: FieldWrite): boolean {
    return this.current(write.soul, write.key) === write;
  }

  /** True when nodes have sources, some of which may be given up. */
  get hasSources(): boolean {
    return this.#sourced.length > 0;
  }

  /** Nodes that the group changes and whose records name their sources; what is to be noted of these may be changed. */
  changedSources(): Pick<GroupNode, 'soul' | 'source'>[] {
    return this.#sourced.filter(isChanged);
  }

  /** True when the record of a node names an operation as its source. */
  hasSource(soul: string, id: string): boolean {
    const source = this.#nodes.get(soul)?.source;
    return source !== undefined && id.startsWith(idOfSource(source));
  }

  /**
   * Makes an operation the source of a node, when what it writes is everything that the node has at the end of the
   * group; false when they are not.
   *
   * @param source names the operation in the node's record
   */
  takeSource(written: WrittenNode, source: string): boolean {
    const node = this.#nodes.get(written.soul);
    if (node === undefined || !isAllOf(node, written)) return false;
    node.nextSource = source;
    return true;
  }

  /** Appends the storage changes of all properties the group changed, in steps. */
  *appendChanges(changes: Change[]): Generator<void, void> {
    const pace = new Pace();
    for (const node of this.#nodes.values()) {
      const left = appendNode(changes, node);
      if (left !== undefined) yield* left;
      if (pace.after(node.soul.length)) yield;
    }
  }

  /** Tells the graph what is durable now. */
  *publish(): Generator<void, void> {
    const pace = new Pace();
    for (const node of this.#nodes.values()) {
      const { soul, slots, stored, winners, outgrown, gone, nextSource } = node;
      if (stored === LARGE || outgrown) {
        this.#graph.markLarge(soul);
        yield* this.#publishFields(slots);
      } else if (stored !== undefined && winners.length > 0)
        this.#graph.committedNode(soul, stored, winners, nextSource);
      for (const key of gone) if (this.current(soul, key) === undefined) this.#graph.removedField(soul, key);
      if (pace.after(0)) yield;
    }
  }

  *#publishFields(slots: ReadonlyMap<string, Slot>): Generator<void, void> {
    const pace = new Pace();
    for (const slot of slots.values()) {
      const winner = winnerOf(slot);
      if (winner !== undefined) this.#graph.committedField(winner, winner === slot);
      if (pace.after(0)) yield;
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
      node = groupNode(soul, this.#graph.cached(soul));
      if (node.source !== undefined) this.#sourced.push(node);
      this.#nodes.set(soul, node);
    }
    this.#lastNode = node;
    return node;
  }

  #slotOf(node: GroupNode, key: string): Slot {
    const entry = node.cached?.fields.get(key);
    if (!node.incomplete && !isKnown(node, entry)) {
      node.incomplete = true;
      this.#incomplete.push(node);
    }
    return entry === undefined ? null : new Stored(entry);
  }

  *#loadNodes(): WaitingSteps<void> {
    const reads = new ChunkedReads<GroupNode>(this.#storage, RECORDS_READ, (node, record) => {
      this.#takeNode(node, record);
    });
    for (const node of this.#incomplete) {
      if (node.stored === undefined && reads.add(nodeKey(node.soul), node)) yield* reads.flush();
    }
    yield* reads.flush();
  }

  #takeNode(node: GroupNode, record: string | undefined): void {
    const stored = decodeNode(record);
    node.stored = stored;
    if (stored === LARGE) return;
    node.source = sourceIn(record);
    if (node.source !== undefined) this.#sourced.push(node);
    for (const [key, found] of stored) {
      const slot = node.slots.get(key);
      if (slot !== undefined && isUnknown(slot)) this.#fill(node.slots, key, found);
    }
  }

  *#loadFields(): WaitingSteps<void> {
    const reads = new ChunkedReads<UnreadField>(this.#storage, RECORDS_READ, ({ slots, key }, record) => {
      if (record !== undefined) this.#fill(slots, key, decodeEntry(record));
    });
    const pace = new Pace();
    for (const node of this.#incomplete) {
      if (node.stored !== LARGE) continue;
      const prefix = nodePrefix(node.soul);
      for (const [key, slot] of node.slots) {
        if (pace.after(0)) yield;
        if (isUnknown(slot) && reads.add(fieldKeyOf(prefix, key), { slots: node.slots, key }))
          yield* reads.flush();
      }
    }
    yield* reads.flush();
  }

  /** Notes what the store has for a property. */
  #fill(slots: Map<string, Slot>, key: string, found: StoredEntry): void {
    const known = slots.get(key);
    const entry = found.json === undefined ? new UnreadEntry(found.state, found.long) : found;
    const stored = known instanceof Stored ? known : new Stored(entry);
    if (found.json === undefined) stored.long = found.long;
    if (stored.entry instanceof UnreadEntry) this.#unread += 1;
    slots.set(key, stored);
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

/** A property of a large node whose record is read. */
interface UnreadField {
  readonly slots: Map<string, Slot>;
  readonly key: string;
}
