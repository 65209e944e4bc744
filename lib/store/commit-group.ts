import type { Entry, FieldWrite } from '../graph/write.ts';
import type { MergeView } from '../ham/merge.ts';
import type { GraphStore } from './graph-store.ts';
import { decodeEntry, encodeEntry, fieldKeyOf, nodePrefix } from './keys.ts';
import type { Change, MaybePromise, Storage } from './storage.ts';

/** A property as the group sees it: as stored, then as the group changed it. */
interface Slot {
  entry: Entry | undefined;
  stored: boolean;
}

/** The properties of one node that the group touches. */
interface GroupNode {
  readonly prefix: string;
  readonly slots: Map<string, Slot>;
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
  readonly #missingKeys: string[] = [];
  readonly #missingSlots: Slot[] = [];
  readonly #accepted = new Map<Slot, FieldWrite>();
  #lastSoul: string | undefined;
  #lastNode: GroupNode | undefined;

  constructor(storage: Storage, graph: GraphStore) {
    this.#storage = storage;
    this.#graph = graph;
  }

  /** Notes the properties that writes will be merged with. */
  gather(writes: readonly FieldWrite[]): void {
    for (const { soul, key } of writes) {
      const node = this.#nodeOf(soul);
      if (!node.slots.has(key)) node.slots.set(key, this.#slotOf(soul, key, node.prefix));
    }
  }

  /** Reads what memory did not have, in one request. */
  load(): MaybePromise<void> {
    if (this.#missingKeys.length === 0) return undefined;
    const records = this.#storage.getTexts(this.#missingKeys);
    if (Array.isArray(records)) return this.#fill(records);
    return records.then((found) => this.#fill(found));
  }

  current(soul: string, key: string): Entry | undefined {
    return this.#nodeOf(soul).slots.get(key)?.entry;
  }

  accept(write: FieldWrite): void {
    const slot = this.#nodeOf(write.soul).slots.get(write.key);
    if (slot === undefined) return;
    slot.entry = write;
    this.#accepted.set(slot, write);
  }

  /** True when the write still holds its property at the end of the group. */
  holds(write: FieldWrite): boolean {
    return this.current(write.soul, write.key) === write;
  }

  /** Appends the storage changes of all properties the group changed. */
  appendChanges(changes: Change[]): void {
    for (const { soul, key, state, json } of this.#accepted.values()) {
      changes.push([fieldKeyOf(this.#nodeOf(soul).prefix, key), encodeEntry(state, json)]);
    }
  }

  /** Tells the graph what is durable now. */
  publish(): void {
    for (const [slot, write] of this.#accepted) this.#graph.committed(write, !slot.stored);
  }

  #nodeOf(soul: string): GroupNode {
    if (soul === this.#lastSoul) return this.#lastNode!;
    let node = this.#nodes.get(soul);
    if (node === undefined) {
      node = { prefix: nodePrefix(soul), slots: new Map() };
      this.#nodes.set(soul, node);
    }
    this.#lastSoul = soul;
    this.#lastNode = node;
    return node;
  }

  #slotOf(soul: string, key: string, prefix: string): Slot {
    const cached = this.#graph.cached(soul);
    const entry = cached?.fields.get(key);
    if (entry !== undefined) return { entry, stored: true };
    const slot: Slot = { entry: undefined, stored: false };
    if (cached?.complete === true) return slot;
    this.#missingKeys.push(fieldKeyOf(prefix, key));
    this.#missingSlots.push(slot);
    return slot;
  }

  #fill(records: readonly (string | undefined)[]): void {
    for (const [index, slot] of this.#missingSlots.entries()) {
      const record = records[index];
      if (record === undefined) continue;
      slot.entry = decodeEntry(record);
      slot.stored = true;
    }
  }
}
