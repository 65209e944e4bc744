import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import {
  encodeKey,
  encodeKeys,
  encodeStates,
  encodeStatesInSteps,
  historyKey,
  type WrittenStates,
} from './history-record.ts';
import type { Change } from './storage.ts';

/** What of some writes the graph had before they came: all, or those that are told apart. */
export type WasHere = true | ((write: FieldWrite) => boolean);

/** What an operation writes to one node: a part of some writes. */
export interface WrittenNode {
  readonly soul: string;
  readonly writes: readonly FieldWrite[];
  readonly from: number;
  readonly to: number;
}

/** Writes that are gone through at once. */
const FEW_WRITES = 8;
/** Writes to one node that are gone through in one step, and at once at most. */
const STEP_WRITES = 512;

/** The one node that some few writes go to; undefined when there are more of either. */
export function onlyNode(writes: readonly FieldWrite[]): WrittenNode | undefined {
  if (writes.length === 0 || writes.length > FEW_WRITES) return undefined;
  const { soul } = writes[0]!;
  for (let at = 1; at < writes.length; at += 1) if (writes[at]!.soul !== soul) return undefined;
  return { soul, writes, from: 0, to: writes.length };
}

/** The nodes that writes go to, each once, in steps that give up to one. */
export function* writtenNodes(writes: readonly FieldWrite[]): Generator<WrittenNode | undefined, void> {
  if (isBySoul(writes)) return yield* nodesInOrder(writes);
  const bySoul = new Map<string, FieldWrite[]>();
  const pace = new Pace();
  for (const write of writes) {
    const known = bySoul.get(write.soul);
    if (known === undefined) bySoul.set(write.soul, [write]);
    else known.push(write);
    if (pace.after(write.key.length)) yield;
  }
  for (const [soul, some] of bySoul) yield { soul, writes: some, from: 0, to: some.length };
}

/** True when the writes to each node stand together for sure, as the bodies of operations have them. */
export function isBySoul(writes: readonly FieldWrite[]): boolean {
  for (let at = 1; at < writes.length; at += 1) if (writes[at - 1]!.soul > writes[at]!.soul) return false;
  return true;
}

function* nodesInOrder(writes: readonly FieldWrite[]): Generator<WrittenNode, void> {
  for (let from = 0, to = 0; from < writes.length; from = to) {
    to = endOfNode(writes, from);
    yield { soul: writes[from]!.soul, writes, from, to };
  }
}

/** Where the writes end that go to the same node as the first of them. */
export function endOfNode(writes: readonly FieldWrite[], from: number): number {
  const { soul } = writes[from]!;
  let to = from + 1;
  while (to < writes.length && writes[to]!.soul === soul) to += 1;
  return to;
}

/** True for writes all of which the graph had, false for those none of which it had, undefined for others. */
export function wereHere({ writes, from, to }: WrittenNode, wasHere: WasHere): boolean | undefined {
  if (wasHere === true) return true;
  const first = wasHere(writes[from]!);
  for (let at = from + 1; at < to; at += 1) if (wasHere(writes[at]!) !== first) return undefined;
  return first;
}

/** True for so many writes to a node that they are gone through in steps. */
export function isMany({ from, to }: WrittenNode): boolean {
  return to - from > STEP_WRITES;
}

/** {@link wereHere} in steps, for many writes. */
export function* wereHereInSteps(node: WrittenNode, wasHere: WasHere): Generator<void, boolean | undefined> {
  if (wasHere === true) return true;
  let were: boolean | undefined;
  for (const part of partsOf(node)) {
    const some = wereHere(part, wasHere);
    if (some === undefined || (were ?? some) !== some) return undefined;
    were = some;
    yield;
  }
  return were;
}

function* partsOf({ soul, writes, from, to }: WrittenNode): Generator<WrittenNode, void> {
  for (let at = from; at < to; at += STEP_WRITES)
    yield { soul, writes, from: at, to: Math.min(at + STEP_WRITES, to) };
}

/** The record by which the history of a node finds what an operation wrote to it. */
export function historyChange(id: string, node: WrittenNode, wasHere: WasHere): Change {
  const latest = latestOf(node);
  const { soul, writes, from, to } = node;
  return [historyKey(soul, latest, id), recordOf(writes.slice(from, to), latest, wasHere)];
}

/** The same in steps, for many writes. */
export function* historyChangeInSteps(
  id: string,
  node: WrittenNode,
  wasHere: WasHere,
): Generator<void, Change> {
  const latest = latestOf(node);
  const were = yield* wereHereInSteps(node, wasHere);
  const record = yield* encodeStatesInSteps(statesOf(node, wasHere), latest, were === true);
  return [historyKey(node.soul, latest, id), record];
}

function* statesOf(node: WrittenNode, wasHere: WasHere): Generator<WrittenStates, void> {
  for (const { writes, from, to } of partsOf(node)) yield statesIn(writes.slice(from, to), wasHere);
}

/**
 * Appends the end of such records, in steps: of each state that may have been the latest, as what was noted may have been
 * less than the operation says.
 */
export function* appendForgotten(
  changes: Change[],
  id: string,
  writes: readonly FieldWrite[],
): Generator<void, void> {
  const pace = new Pace();
  for (const node of writtenNodes(writes)) {
    if (node !== undefined) {
      const { soul, from, to } = node;
      for (const state of new Set(node.writes.slice(from, to).map((write) => write.state)))
        changes.push([historyKey(soul, state, id), undefined]);
    }
    if (node === undefined || pace.after(node.soul.length)) yield;
  }
}

/** The latest of the states that are written. */
export function latestOf({ writes, from, to }: WrittenNode): number {
  let latest = -Infinity;
  for (let at = from; at < to; at += 1) latest = Math.max(latest, writes[at]!.state);
  return latest;
}

function recordOf(writes: readonly FieldWrite[], latest: number, wasHere: WasHere): string {
  if (writes.length === 1) return encodeKey(writes[0]!.key, wasHere === true || wasHere(writes[0]!));
  if (wasHere === true && writes.every(({ state }) => state === latest))
    return encodeKeys(writes.map(({ key }) => key));
  return encodeStates(statesIn(writes, wasHere), latest);
}

function statesIn(writes: readonly FieldWrite[], wasHere: WasHere): WrittenStates {
  const isHere = wasHere === true ? () => true : wasHere;
  return writes.map((write) => {
    const { key, state } = write;
    return isHere(write) ? ([key, state, 1] as const) : ([key, state] as const);
  });
}
