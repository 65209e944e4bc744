import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodeKeys, encodeStates, historyKey } from './log-keys.ts';
import type { Change } from './storage.ts';

/** What of some writes the graph had before they came: all, or those that are told apart. */
export type WasHere = true | ((write: FieldWrite) => boolean);

/** What is written to one node. */
interface WrittenNode {
  latest: number;
  /** True when all states are the same. */
  isEven: boolean;
  readonly writes: FieldWrite[];
}

/** Appends the records by which the history of nodes finds what an operation wrote, or their end; in steps. */
export function* appendHistory(
  changes: Change[],
  id: string,
  writes: readonly FieldWrite[],
  isKept: boolean,
  wasHere: WasHere = () => false,
): Generator<void, void> {
  const bySoul = new Map<string, WrittenNode>();
  const pace = new Pace();
  for (const write of writes) {
    const { soul, key, state } = write;
    const node = bySoul.get(soul);
    if (node === undefined) bySoul.set(soul, { latest: state, isEven: true, writes: [write] });
    else {
      node.writes.push(write);
      node.isEven &&= node.latest === state;
      node.latest = Math.max(node.latest, state);
    }
    if (pace.after(key.length)) yield;
  }
  for (const [soul, node] of bySoul) {
    const record = isKept ? recordOf(node, wasHere) : undefined;
    changes.push([historyKey(soul, node.latest, id), record]);
    if (pace.after(soul.length)) yield;
  }
}

function recordOf({ latest, isEven, writes }: WrittenNode, wasHere: WasHere): string {
  if (wasHere === true && isEven) return encodeKeys(writes.map(({ key }) => key));
  const isHere = wasHere === true ? () => true : wasHere;
  const states = writes.map((write) => {
    const { key, state } = write;
    return isHere(write) ? ([key, state, 1] as const) : ([key, state] as const);
  });
  return encodeStates(states, latest);
}
