/** The storage changes that a commit group makes to one node. */
import type { FieldWrite } from '../graph/write.ts';
import { Pace } from '../base/pace.ts';
import { Stored, winnerOf, type GroupNode, type Slot } from './group-node.ts';
import {
  encodeEntry,
  encodeLong,
  encodeStored,
  fieldKeyOf,
  nodeKey,
  nodePrefix,
  type LongValue,
  type StoredEntry,
} from './keys.ts';
import { appendPieces, appendRemoval, isLong } from './long-value.ts';
import { isTooMany, LARGE, LARGE_RECORD, NodeRecordBuilder } from './node-record.ts';
import { sourceChange } from './node-source.ts';
import type { Change } from './storage.ts';

/**
 * Appends the changes of all properties of a node that the group changed: at once where that is one record, as it nearly
 * always is.
 *
 * @returns what remains to be done, in steps, if it is not done
 */
export function appendNode(changes: Change[], node: GroupNode): Generator<void, void> | undefined {
  const { stored } = node;
  const winners = stored === LARGE || stored === undefined ? undefined : fewWinners(node.slots);
  if (winners === undefined) return appendLarge(changes, node);
  if (winners.length === 0 && node.gone.size === 0) return undefined;
  return appendAtOnce(changes, node, winners) ? undefined : appendSmall(changes, node, winners);
}

/** Appends the new record of a node that stays small and has no long values; false when it is another. */
function appendAtOnce(changes: Change[], node: GroupNode, winners: readonly FieldWrite[]): boolean {
  const { slots, stored, gone } = node;
  if (gone.size > 0) return false;
  const builder = new NodeRecordBuilder();
  if (stored !== undefined && stored !== LARGE && stored.size > 0)
    for (const [key, entry] of unchanged(node)) builder.add(key, encodeStored(entry));
  for (let at = 0; at < winners.length; at += 1) {
    const { key, state, json } = winners[at]!;
    if (isLong(json) || longOf(slots.get(key)!) !== undefined) return false;
    builder.add(key, encodeEntry(state, json));
  }
  const record = builder.build(node.nextSource);
  if (record === undefined) return false;
  appendSource(changes, node);
  changes.push([nodeKey(node.soul), record]);
  node.winners = winners;
  return true;
}

/** The pieces that a property has in the store. */
function longOf(slot: Slot): LongValue | undefined {
  return slot instanceof Stored ? slot.long : undefined;
}

/** The winners of a node, undefined when they are too many for a small one. */
function fewWinners(slots: ReadonlyMap<string, Slot>): readonly FieldWrite[] | undefined {
  const winners: FieldWrite[] = [];
  for (const slot of slots.values()) {
    const winner = winnerOf(slot);
    if (winner !== undefined && isTooMany(winners.push(winner))) return undefined;
  }
  return winners;
}

/** Appends the new record of a small node, or what makes a large one of it. */
function* appendSmall(
  changes: Change[],
  node: GroupNode,
  winners: readonly FieldWrite[],
): Generator<void, void> {
  const builder = new NodeRecordBuilder();
  for (const [key, entry] of unchanged(node)) builder.add(key, encodeStored(entry));
  const encoded: string[] = [];
  for (const winner of winners) {
    const text = isLong(winner.json)
      ? yield* appendLong(changes, winner)
      : encodeEntry(winner.state, winner.json);
    builder.add(winner.key, text);
    encoded.push(text);
    yield* appendReplaced(changes, node.slots.get(winner.key)!);
  }
  for (const key of node.gone) yield* appendGone(changes, node.slots.get(key)!);
  appendSource(changes, node);
  const record = builder.build(node.nextSource);
  if (builder.isEmpty) changes.push([nodeKey(node.soul), undefined]);
  else if (record === undefined) {
    appendOutgrown(changes, node);
    const prefix = nodePrefix(node.soul);
    for (const [at, { key }] of winners.entries()) changes.push([fieldKeyOf(prefix, key), encoded[at]!]);
  } else {
    changes.push([nodeKey(node.soul), record]);
    node.winners = winners;
  }
}

/** Appends a record for each property that changed. */
function* appendLarge(changes: Change[], node: GroupNode): Generator<void, void> {
  if (node.stored !== LARGE) {
    appendSource(changes, node);
    appendOutgrown(changes, node);
  }
  const prefix = nodePrefix(node.soul);
  const pace = new Pace();
  for (const [key, slot] of node.slots) {
    if (pace.after(key.length)) yield;
    const winner = winnerOf(slot);
    if (winner === undefined) {
      if (!isGone(slot)) continue;
      changes.push([fieldKeyOf(prefix, key), undefined]);
      yield* appendReplaced(changes, slot);
      continue;
    }
    const text = isLong(winner.json)
      ? yield* appendLong(changes, winner)
      : encodeEntry(winner.state, winner.json);
    changes.push([fieldKeyOf(prefix, key), text]);
    yield* appendReplaced(changes, slot);
  }
}

/** Notes in the history what the record noted of its source. */
function appendSource(changes: Change[], { soul, stored, source }: GroupNode): void {
  if (source !== undefined && stored !== undefined && stored !== LARGE)
    changes.push(sourceChange(soul, source, stored));
}

/** Appends the mark of a large node, and records for what stays of the small one. */
function appendOutgrown(changes: Change[], node: GroupNode): void {
  node.outgrown = true;
  changes.push([nodeKey(node.soul), LARGE_RECORD]);
  const prefix = nodePrefix(node.soul);
  for (const [key, entry] of unchanged(node)) changes.push([fieldKeyOf(prefix, key), encodeStored(entry)]);
}

/** What a small node has in the store that the group does not change. */
function* unchanged({ stored, slots }: GroupNode): Generator<readonly [string, StoredEntry], void> {
  if (stored === undefined || stored === LARGE) return;
  for (const field of stored) {
    const slot = slots.get(field[0]);
    if (slot === undefined || (winnerOf(slot) === undefined && !isGone(slot))) yield field;
  }
}

/** Appends the pieces of a winner; gives what stands for them. */
function* appendLong(changes: Change[], { state, json }: FieldWrite): Generator<void, string> {
  return encodeEntry(state, encodeLong(yield* appendPieces(changes, json)));
}

/** Appends the removal of the pieces of a property that goes; a winner in its place has done so. */
function* appendGone(changes: Change[], slot: Slot): Generator<void, void> {
  if (winnerOf(slot) === undefined) yield* appendReplaced(changes, slot);
}

function isGone(slot: Slot): boolean {
  return slot instanceof Stored && slot.isGone;
}

/** Appends the removal of the pieces that a winner replaces. */
function* appendReplaced(changes: Change[], slot: Slot): Generator<void, void> {
  const long = longOf(slot);
  if (long !== undefined) yield* appendRemoval(changes, long);
}
