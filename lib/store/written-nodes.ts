import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodeStates, historyKey } from './log-keys.ts';
import type { Change } from './storage.ts';

/** Appends the records by which the history of nodes finds what an operation wrote, or their end; in steps. */
export function* appendHistory(
  changes: Change[],
  id: string,
  writes: readonly FieldWrite[],
  isKept: boolean,
): Generator<void, void> {
  const bySoul = new Map<string, WrittenNode>();
  const pace = new Pace();
  for (const { soul, key, state } of writes) {
    const node = bySoul.get(soul);
    if (node === undefined) bySoul.set(soul, { latest: state, states: [[key, state]] });
    else {
      node.states.push([key, state]);
      node.latest = Math.max(node.latest, state);
    }
    if (pace.after(key.length)) yield;
  }
  for (const [soul, { latest, states }] of bySoul) {
    changes.push([historyKey(soul, latest, id), isKept ? encodeStates(states, latest) : undefined]);
    if (pace.after(soul.length)) yield;
  }
}

/** What is written to one node. */
interface WrittenNode {
  latest: number;
  readonly states: [string, number][];
}
