import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodeStates, historyKey } from './log-keys.ts';
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
  const statesBySoul = new Map<string, [string, number, 1?][]>();
  const pace = new Pace();
  for (const write of writes) {
    const { soul, key, state } = write;
    const states = statesBySoul.get(soul);
    const written: [string, number, 1?] = wasHere(write) ? [key, state, 1] : [key, state];
    if (states === undefined) statesBySoul.set(soul, [written]);
    else states.push(written);
    if (pace.after(key.length)) yield;
  }
  for (const [soul, states] of statesBySoul) {
    changes.push([historyKey(soul, states, id), isKept ? encodeStates(states) : undefined]);
    if (pace.after(soul.length)) yield;
  }
}
