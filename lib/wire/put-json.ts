import { nodeJsonOf } from '../graph/node.ts';
import type { FieldWrite } from '../graph/write.ts';
import { joinNodes } from './codec.ts';

/** JSON of a put that holds the writes, souls in order. */
export function putJsonOf(writes: readonly FieldWrite[]): string {
  const first = writes[0]!.soul;
  // Nearly every change is one of a single node.
  if (writes.every(({ soul }) => soul === first)) return joinNodes([nodeJsonOf(first, entriesOf(writes))]);
  const bySoul = new Map<string, [string, FieldWrite][]>();
  for (const write of writes) {
    const entries = bySoul.get(write.soul);
    if (entries === undefined) bySoul.set(write.soul, [[write.key, write]]);
    else entries.push([write.key, write]);
  }
  const nodes = [...bySoul];
  if (nodes.length > 1) nodes.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return joinNodes(nodes.map(([soul, entries]) => nodeJsonOf(soul, entries)));
}

function entriesOf(writes: readonly FieldWrite[]): [string, FieldWrite][] {
  return writes.map((write) => [write.key, write]);
}
