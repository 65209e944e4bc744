import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodeStates, historyKey, type WrittenStates } from './log-keys.ts';
import type { Change } from './storage.ts';

/**
 * Appends the records by which the history of nodes finds what an operation wrote, or their end; in steps.
 *
 * @param wasHere true for what the graph has already
 */
export function* appendHistory(
  changes: Change[],
  id: string,
  writes: readonly FieldWrite[],
  isKept: boolean,
  wasHere: (write: FieldWrite) => boolean = () => false,
): Generator<void, void> {
  const bySoul = new Map<string, WrittenNode>();
  const pace = new Pace();
  for (const write of writes) {
    const { soul, key, state } = write;
    const node = bySoul.get(soul);
    const written: WrittenState = wasHere(write) ? [key, state, 1] : [key, state];
    if (node === undefined) bySoul.set(soul, { latest: state, states: [written] });
    else {
      node.states.push(written);
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
  readonly states: WrittenState[];
}

type WrittenState = WrittenStates[number];
