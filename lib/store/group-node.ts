/** What a commit group knows of one node. */
import type { Entry, FieldWrite } from '../graph/write.ts';
import type { LongValue } from './keys.ts';
import { isLong } from './long-value.ts';
import type { CachedNode } from './node-cache.ts';
import { LARGE, staysSmall, type NodeRecord } from './node-record.ts';
import type { WrittenNode } from './written-nodes.ts';

/** The entry of a value in pieces; they are not read unless a write has the same state. */
export class UnreadEntry implements Entry {
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
export class Stored {
  entry: Entry;
  /** The pieces the stored value has, if it has any. */
  long: LongValue | undefined = undefined;
  winner: FieldWrite | undefined = undefined;
  /** True when the group takes it out of the graph. */
  isGone = false;

  constructor(entry: Entry) {
    this.entry = entry;
  }
}

/** A property as the group sees it: one the store has, a winner it did not have, or nothing yet. */
export type Slot = Stored | FieldWrite | null;

/** The properties of one node that the group touches. */
export interface GroupNode {
  readonly soul: string;
  readonly cached: CachedNode | undefined;
  readonly slots: Map<string, Slot>;
  /** The whole node as the store has it, when it is small; undefined until it is read. */
  stored: NodeRecord | undefined;
  /** What its record notes of its source, once that is read. */
  source: string | undefined;
  /** What its new record notes of that. */
  nextSource: string | undefined;
  /** True when something must be read. */
  incomplete: boolean;
  /** The winners, when the node stays small. */
  winners: readonly FieldWrite[];
  /** True when it was small before this group. */
  outgrown: boolean;
  /** Properties that the group takes out of the graph. */
  gone: Set<string>;
}

/** Shared by all nodes that nothing is taken out of, as nearly none has. */
const NOTHING = new Set<string>();

/** A node of which the group has touched nothing yet. */
export function groupNode(soul: string, cached: CachedNode | undefined): GroupNode {
  const stored = cached === undefined ? undefined : storedOf(cached);
  return {
    soul,
    cached,
    slots: new Map(),
    stored,
    source: stored === undefined ? undefined : cached?.source,
    nextSource: undefined,
    incomplete: false,
    winners: [],
    outgrown: false,
    gone: NOTHING,
  };
}

/** Notes that the group takes a property out of a node. */
export function takeOut(node: GroupNode, key: string): void {
  if (node.gone === NOTHING) node.gone = new Set();
  node.gone.add(key);
}

/** What memory knows of a node's records; which pieces a long value has it does not know. */
function storedOf({ isLarge, complete, hasLong, fields }: CachedNode): NodeRecord | undefined {
  if (isLarge) return LARGE;
  return complete && !hasLong ? fields : undefined;
}

/** True when nothing must be read to merge with a property. */
export function isKnown({ stored, cached }: GroupNode, entry: Entry | undefined): boolean {
  if (stored !== LARGE) return stored !== undefined;
  return entry === undefined ? cached?.complete === true : !isLong(entry.json);
}

/** True when the record of a property must be read. */
export function isUnknown(slot: Slot): boolean {
  return slot === null || (slot instanceof Stored && isLong(slot.entry.json));
}

/** True when the group changes the record of a small node. */
export function isChanged({ slots, gone }: GroupNode): boolean {
  if (gone.size > 0) return true;
  for (const slot of slots.values()) if (winnerOf(slot) !== undefined) return true;
  return false;
}

/** True when what is written to a node is everything that it has at the end of the group, and little enough. */
export function isAllOf({ stored, slots, gone }: GroupNode, written: WrittenNode): boolean {
  const { writes, from, to } = written;
  const count = to - from;
  if (stored === undefined || stored === LARGE || stored.size > count || gone.size > 0) return false;
  if (!staysSmall(written)) return false;
  for (let at = from; at < to; at += 1) {
    if (winnerOf(slots.get(writes[at]!.key) ?? null) !== writes[at]) return false;
  }
  for (const key of stored.keys()) if (!isReplaced(slots.get(key))) return false;
  return hasWinners(slots, count);
}

/** True for so many winners, and no more. */
function hasWinners(slots: ReadonlyMap<string, Slot>, count: number): boolean {
  if (slots.size < count) return false;
  let winners = 0;
  for (const slot of slots.values()) if (isReplaced(slot) && ++winners > count) return false;
  return winners === count;
}

function isReplaced(slot: Slot | undefined): boolean {
  return slot !== undefined && winnerOf(slot) !== undefined;
}

/** The last winner of a property in the group. */
export function winnerOf(slot: Slot): FieldWrite | undefined {
  return slot instanceof Stored ? slot.winner : (slot ?? undefined);
}
