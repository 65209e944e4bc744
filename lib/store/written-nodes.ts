import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodeKeys, encodeStates, historyKey } from './log-keys.ts';
import type { Change } from './storage.ts';

/** What of some writes the graph had before they came: all, or those that are told apart. */
export type WasHere = true | ((write: FieldWrite) => boolean);

/** What is written to one node. */
interface WrittenNode {
  readonly latest: number;
  /** True when all states are the same. */
  readonly isEven: boolean;
  readonly writes: readonly FieldWrite[];
}

/** Appends the records by which the history of nodes finds what an operation wrote, or their end; in steps. */
export function* appendHistory(
  changes: Change[],
  id: string,
  writes: readonly FieldWrite[],
  isKept: boolean,
  wasHere: WasHere = () => false,
): Generator<void, void> {
  if (isBySoul(writes)) return yield* appendInOrder(changes, id, writes, isKept ? wasHere : undefined);
  const bySoul = new Map<string, FieldWrite[]>();
  const pace = new Pace();
  for (const write of writes) {
    const known = bySoul.get(write.soul);
    if (known === undefined) bySoul.set(write.soul, [write]);
    else known.push(write);
    if (pace.after(write.key.length)) yield;
  }
  yield* appendInOrder(changes, id, [...bySoul.values()].flat(), isKept ? wasHere : undefined);
}

/** True when the writes to each node stand together for sure, as the bodies of operations have them. */
function isBySoul(writes: readonly FieldWrite[]): boolean {
  for (let at = 1; at < writes.length; at += 1) if (writes[at - 1]!.soul > writes[at]!.soul) return false;
  return true;
}

/** @param wasHere undefined when the records are to be deleted */
function* appendInOrder(
  changes: Change[],
  id: string,
  writes: readonly FieldWrite[],
  wasHere: WasHere | undefined,
): Generator<void, void> {
  const pace = new Pace();
  for (let from = 0, to = 0; from < writes.length; from = to) {
    const { soul, state } = writes[from]!;
    let latest = state;
    let isEven = true;
    for (to = from + 1; to < writes.length && writes[to]!.soul === soul; to += 1) {
      isEven &&= writes[to]!.state === latest;
      latest = Math.max(latest, writes[to]!.state);
    }
    const node = { latest, isEven, writes: writes.slice(from, to) };
    changes.push([historyKey(soul, latest, id), wasHere && recordOf(node, wasHere)]);
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
