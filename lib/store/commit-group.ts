import type { Entry, FieldWrite } from '../graph/write.ts';
import type { MergeView } from '../ham/merge.ts';
import { chain } from '../base/maybe-promise.ts';
import type { GraphStore } from './graph-store.ts';
import { decodeEntry, encodeEntry, fieldKeyOf, indexKey, nodePrefix } from './keys.ts';
import type { CachedNode } from './node-cache.ts';
import { decodeIndex, encodeIndex, growIndex, MANY, type NodeIndex } from './node-index.ts';
import type { Change, MaybePromise, Storage } from './storage.ts';

/** A property as the group sees it: as stored, then as the group changed it. */
interface Slot {
  readonly key: string;
  entry: Entry | undefined;
  /** True when the store has the property. */
  stored: boolean;
  /** The last winner of the group. */
  winner: FieldWrite | undefined;
}

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
 * Call `gather` for all writes, `load` once, merge, then commit `changes`, then `publish`.
 */
export class CommitGroup implements MergeView {
  readonly #storage: Storage;
  readonly #graph: GraphStore;
  readonly #nodes = new Map<string, GroupNode>();
  #incomplete: GroupNode[] = [];
  #lastNode: GroupNode | undefined;

  constructor(storage: Storage, graph: GraphStore) {
    this.#storage = storage;
    this.#graph = graph;
  }

  /** Notes the properties that writes will be merged with. */
  gather(writes: readonly FieldWrite[]): void {
    for (const { soul, key } of writes) {
      const node = this.#nodeOf(soul);
      if (!node.slots.has(key)) node.slots.set(key, this.#slotOf(node, key));
    }
  }

  /** Reads what memory did not have: the indexes of unknown nodes first, then the properties they list. */
  load(): MaybePromise<void> {
    if (this.#incomplete.length === 0) return undefined;
    return chain(this.#loadIndexes(), () => this.#loadFields());
  }

  current(soul: string, key: string): Entry | undefined {
    return this.#nodeOf(soul).slots.get(key)?.entry;
  }

  accept(write: FieldWrite): void {
    const slot = this.#nodeOf(write.soul).slots.get(write.key)!;
    slot.entry = write;
    slot.winner = write;
  }

  /** True when the write still holds its property at the end of the group. */
  holds(write: FieldWrite): boolean {
    return this.current(write.soul, write.key) === write;
  }

  /** Appends the storage changes of all properties the group changed. */
  appendChanges(changes: Change[]): void {
    for (const node of this.#nodes.values()) {
      let newKeys: string[] | undefined;
      for (const { key, winner, stored } of node.slots.values()) {
        if (winner === undefined) continue;
        changes.push([fieldKeyOf(node.prefix, key), encodeEntry(winner.state, winner.json)]);
        if (!stored) (newKeys ??= []).push(key);
      }
      if (newKeys !== undefined && node.index !== undefined) grow(node, node.index, newKeys, changes);
    }
  }

  /** Tells the graph what is durable now. */
  publish(): void {
    for (const { soul, slots, index } of this.#nodes.values()) {
      for (const { winner, stored } of slots.values()) {
        if (winner !== undefined) this.#graph.committed(winner, !stored);
      }
      if (index !== undefined) this.#graph.indexed(soul, index);
    }
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
    const isKnown = entry !== undefined || (node.cached?.complete === true && node.index !== undefined);
    if (!isKnown && !node.incomplete) {
      node.incomplete = true;
      this.#incomplete.push(node);
    }
    return { key, entry, stored: entry !== undefined, winner: undefined };
  }

  #loadIndexes(): MaybePromise<void> {
    const unknown = this.#incomplete.filter(({ index }) => index === undefined);
    if (unknown.length === 0) return undefined;
    return chain(this.#storage.getTexts(unknown.map(({ soul }) => indexKey(soul))), (records) => {
      for (const [at, node] of unknown.entries()) node.index = decodeIndex(records[at]);
    });
  }

  #loadFields(): MaybePromise<void> {
    const keys: string[] = [];
    const slots: Slot[] = [];
    for (const node of this.#incomplete) {
      const index = node.index!;
      if (index.length === 0) continue;
      for (const slot of node.slots.values()) {
        if (slot.stored || (index !== MANY && !index.includes(slot.key))) continue;
        keys.push(fieldKeyOf(node.prefix, slot.key));
        slots.push(slot);
      }
    }
    this.#incomplete = [];
    if (keys.length === 0) return undefined;
    return chain(this.#storage.getTexts(keys), (records) => {
      for (const [at, slot] of slots.entries()) fill(slot, records[at]);
    });
  }
}

function grow(node: GroupNode, index: NodeIndex, newKeys: readonly string[], changes: Change[]): void {
  if (index === MANY) return;
  node.index = growIndex(index, newKeys);
  changes.push([indexKey(node.soul), encodeIndex(node.index)]);
}

function fill(slot: Slot, record: string | undefined): void {
  if (record === undefined) return;
  slot.entry = decodeEntry(record);
  slot.stored = true;
}
