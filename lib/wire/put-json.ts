import { finish } from '../base/slices.ts';
import { nodeJsonOf, nodeJsonSteps } from '../graph/node.ts';
import type { FieldWrite } from '../graph/write.ts';
import { joinNodes } from './codec.ts';

/** Writes that are gathered in one step. */
const STEP_WRITES = 1000;

/** JSON of a put that holds the writes, souls in order. */
export function putJsonOf(writes: readonly FieldWrite[]): string {
  const first = writes[0]!.soul;
  // Nearly every change is one of a single node.
  if (writes.every(({ soul }) => soul === first)) return joinNodes([nodeJsonOf(first, entriesOf(writes))]);
  const nodes = finish(nodesIn(writes));
  return joinNodes(nodes.map(([soul, entries]) => nodeJsonOf(soul, entries)));
}

/** {@link putJsonOf} in steps. */
export function* putJsonSteps(writes: readonly FieldWrite[]): Generator<void, string, void> {
  const texts: string[] = [];
  for (const [soul, entries] of yield* nodesIn(writes)) texts.push(yield* nodeJsonSteps(soul, entries));
  return joinNodes(texts);
}

/** The writes to each node, souls in order. */
function* nodesIn(
  writes: readonly FieldWrite[],
): Generator<void, [soul: string, entries: [string, FieldWrite][]][], void> {
  const bySoul = new Map<string, [string, FieldWrite][]>();
  for (let at = 0; at < writes.length; at += 1) {
    const write = writes[at]!;
    const entries = bySoul.get(write.soul);
    if (entries === undefined) bySoul.set(write.soul, [[write.key, write]]);
    else entries.push([write.key, write]);
    if ((at + 1) % STEP_WRITES === 0) yield;
  }
  const nodes = [...bySoul];
  if (nodes.length > 1) nodes.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return nodes;
}

function entriesOf(writes: readonly FieldWrite[]): [string, FieldWrite][] {
  return writes.map((write) => [write.key, write]);
}
