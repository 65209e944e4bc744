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
  const statesBySoul = new Map<string, [string, number][]>();
  const pace = new Pace();
  for (const { soul, key, state } of writes) {
    const states = statesBySoul.get(soul);
    if (states === undefined) statesBySoul.set(soul, [[key, state]]);
    else states.push([key, state]);
    if (pace.after(key.length)) yield;
  }
  for (const [soul, states] of statesBySoul) {
    changes.push([historyKey(soul, states, id), isKept ? encodeStates(states) : undefined]);
    if (pace.after(soul.length)) yield;
  }
}
