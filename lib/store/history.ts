import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';
import { decodeDelta, type DeltaKind } from './delta-codec.ts';
import { mayWrite } from './key-soul.ts';
import { decodeStates, historyRange, parseHistoryKey, type WrittenStates } from './log-keys.ts';
import type { LogStore } from './log-store.ts';
import type { Storage } from './storage.ts';

/** Records read in one step. */
const STEP_RECORDS = 128;

/** What an operation that is held says of a property. */
export interface SaidEntry extends FieldWrite {
  readonly kind: DeltaKind;
  readonly operation: Operation;
  /** Its id, as hex. */
  readonly id: string;
}

/** Which entries of a node's history are meant. */
export interface HistoryWanted {
  /** One property alone. */
  readonly key?: string | undefined;
  /** States up to this one. */
  readonly until: number;
  /** Operations that count; all when absent. */
  readonly counts?: (operation: Operation) => boolean;
  /** Nothing below this state is looked for. */
  readonly from?: number;
}

/** What an operation wrote to a node, as it is noted. */
interface NodeRecord {
  readonly id: string;
  readonly latest: number;
  readonly states: WrittenStates;
}

/** What logs say of nodes, found by soul: the past of the graph, and who said what it shows. */
export class History {
  readonly #storage: Storage;
  readonly #store: LogStore;

  constructor(storage: Storage, store: LogStore) {
    this.#storage = storage;
    this.#store = store;
  }

  /**
   * The entry of each property that wins among those that are meant, by the rules of the graph. Where several operations
   * say the same, what its author signed counts before what was witnessed, then the smaller id.
   */
  async winners(soul: string, wanted: HistoryWanted): Promise<Map<string, SaidEntry>> {
    const winners = new Map<string, SaidEntry>();
    for await (const { id, states } of this.#records(soul, wanted.from ?? -Infinity)) {
      if (!states.some((written) => mayWin(written, wanted, winners))) continue;
      const operation = await this.#store.operation(id);
      // What was given up meanwhile says nothing any more.
      if (operation === undefined || wanted.counts?.(operation) === false) continue;
      for (const entry of saidIn(operation, id)) {
        if (entry.soul !== soul || !mayWin([entry.key, entry.state], wanted, winners)) continue;
        const winner = winners.get(entry.key);
        if (winner === undefined || comesBefore(entry, winner)) winners.set(entry.key, entry);
      }
    }
    return winners;
  }

  /** Records of a node, those with the latest states first. */
  async *#records(soul: string, from: number): AsyncGenerator<NodeRecord> {
    const cursor = this.#storage.range({ ...historyRange(soul), reverse: true });
    try {
      for (;;) {
        const found = await cursor.next(STEP_RECORDS);
        if (found.length === 0) return;
        for (const [key, record] of found) {
          const { id, latest } = parseHistoryKey(key);
          if (latest < from) return;
          yield { id, latest, states: decodeStates(record) };
        }
      }
    } finally {
      await cursor.close();
    }
  }
}

/** True for a state that may take the place of the best one so far. */
function mayWin(
  [key, state]: readonly [string, number],
  wanted: HistoryWanted,
  winners: ReadonlyMap<string, SaidEntry>,
): boolean {
  if (state > wanted.until || (wanted.key !== undefined && key !== wanted.key)) return false;
  const winner = winners.get(key);
  return winner === undefined || state >= winner.state;
}

function comesBefore(entry: SaidEntry, winner: SaidEntry): boolean {
  const rank = compareRank(entry, winner);
  if (rank !== 0) return rank > 0;
  const [isOwn, wasOwn] = [entry.kind === BODY_KIND.put, winner.kind === BODY_KIND.put];
  return isOwn === wasOwn ? entry.id < winner.id : isOwn;
}

/** What an operation says to the graph. */
export function saidIn(operation: Operation, id: string): SaidEntry[] {
  const delta = operation.body === undefined ? undefined : decodeDelta(operation.body);
  if (delta?.ok !== true || delta.value === undefined) return [];
  const { kind, writes } = delta.value;
  const { author } = namesOf(operation);
  const found: SaidEntry[] = [];
  for (const write of writes) {
    if (mayWrite(write.soul, author)) found.push({ ...write, kind, operation, id });
  }
  return found;
}
