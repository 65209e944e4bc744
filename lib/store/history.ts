import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Result } from '../base/result.ts';
import { Pace } from '../base/pace.ts';
import { finish, runWithPauses, waitFor, type WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';
import { decodeDelta, decodeDeltaInSteps, type Delta, type DeltaKind } from './delta-codec.ts';
import { mayWrite } from './key-soul.ts';
import { historyRange, noteOf, type HistoryNote, type WrittenStates } from './history-record.ts';
import type { FoundOperation, LogStore } from './log-store.ts';
import { NotesBySource, readNote } from './node-source.ts';
import type { Storage } from './storage.ts';

/** Bytes of a body that is gone through without a pause; and entries of a longer one, in one step. */
const AT_ONCE_BYTES = 16_384;
const STEP_ENTRIES = 256;
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
  /** Operations that count, or what of them does; all when absent. */
  readonly counts?: (operation: Operation) => MaybePromise<boolean | ((write: FieldWrite) => boolean)>;
  /** Operations that are looked at, those with the latest states; all when absent. */
  readonly most?: number;
  /** Bytes of bodies that are read, the last one whole; any number when absent. */
  readonly mostBytes?: number;
}

/** What logs say of nodes, found by soul: the past of the graph, and who said what it shows. */
export class History {
  readonly #storage: Storage;
  readonly #store: LogStore;
  readonly #isHidden: (log: LogName) => boolean;

  /** @param isHidden true for logs that lose against everything; none when absent */
  constructor(storage: Storage, store: LogStore, isHidden: (log: LogName) => boolean = () => false) {
    this.#storage = storage;
    this.#store = store;
    this.#isHidden = isHidden;
  }

  /**
   * The entry of each property that wins among those that are meant, by the rules of the graph. Where several operations
   * say the same, what its author signed counts before what was witnessed, then the smaller id.
   */
  async winners(soul: string, wanted: HistoryWanted): Promise<Map<string, SaidEntry>> {
    const winners = new Map<string, SaidEntry>();
    let left = wanted.mostBytes ?? Infinity;
    for await (const { shortId, states } of this.#notes(soul, wanted.most ?? Infinity)) {
      if (left <= 0) break;
      if (!(await runWithPauses(mayMatter(states, wanted, winners)))) continue;
      const found = await this.#store.operationLike(shortId);
      // What was given up meanwhile says nothing any more.
      if (found === undefined || this.#isHidden(namesOf(found.operation))) continue;
      left -= found.operation.body?.length ?? 0;
      await runWithPauses(takeWinners(winners, found, soul, states, wanted));
    }
    return winners;
  }

  /** Everything that an operation says; undefined when a put cannot say it: of one property it has several states. */
  async writesOf({ operation, id }: SaidEntry): Promise<readonly FieldWrite[] | undefined> {
    const said = await saidLater(operation, id, () => true);
    const isTwice = said.some(
      ({ soul, key }, at) => said[at - 1]?.soul === soul && said[at - 1]?.key === key,
    );
    return isTwice ? undefined : said;
  }

  /** What is noted of a node, the latest states first. */
  async *#notes(soul: string, most: number): AsyncGenerator<HistoryNote> {
    // Before the history: what a commit moves there meanwhile is found twice rather than never.
    const notes = new NotesBySource(await runWithPauses(readNote(this.#storage, soul)));
    const cursor = this.#storage.range({ ...historyRange(soul), reverse: true });
    try {
      for (let left = most; left > 0;) {
        const found = await cursor.next(Math.min(left, STEP_RECORDS));
        if (found.length === 0) return yield* notes.among([]);
        // One by one, as one of them may be long.
        for (const [key, record] of found) {
          const some = notes.among([noteOf(key, record)]);
          yield* some.slice(0, left);
          left -= some.length;
        }
      }
    } finally {
      await cursor.close();
    }
  }
}

/** True for a state that may take the place of the best one so far. */
function mayWin(
  [key, state]: readonly [key: string, state: number, ...rest: unknown[]],
  wanted: HistoryWanted,
  winners: ReadonlyMap<string, SaidEntry>,
): boolean {
  if (state > wanted.until || (wanted.key !== undefined && key !== wanted.key)) return false;
  const winner = winners.get(key);
  return winner === undefined || state >= winner.state;
}

function placeOf(key: string, state: number): string {
  return `${state} ${key}`;
}

/** True when one of some states may take the place of the best one so far. */
function* mayMatter(
  states: WrittenStates,
  wanted: HistoryWanted,
  winners: ReadonlyMap<string, SaidEntry>,
): Generator<void, boolean> {
  const pace = new Pace();
  for (const written of states) {
    if (mayWin(written, wanted, winners)) return true;
    if (pace.after(written[0].length)) yield;
  }
  return false;
}

/** Takes what wins of that which counts, and is noted, of an operation. */
function* takeWinners(
  winners: Map<string, SaidEntry>,
  { operation, id }: FoundOperation,
  soul: string,
  states: WrittenStates,
  wanted: HistoryWanted,
): WaitingSteps<void> {
  const counts = (yield* waitFor(wanted.counts?.(operation))) ?? true;
  if (counts === false) return;
  const noted = new Set<string>();
  const pace = new Pace();
  for (const [key, state] of states) {
    noted.add(placeOf(key, state));
    if (pace.after(key.length)) yield;
  }
  // Not everything that an author says is taken.
  const isNoted = (write: FieldWrite): boolean =>
    write.soul === soul && noted.has(placeOf(write.key, write.state));
  for (const entry of yield* waitFor(saidLater(operation, id, isNoted))) {
    if (pace.after(entry.json.length)) yield;
    if (wins(entry, wanted, winners) && (counts === true || counts(entry))) winners.set(entry.key, entry);
  }
}

function wins(entry: SaidEntry, wanted: HistoryWanted, winners: ReadonlyMap<string, SaidEntry>): boolean {
  if (!mayWin([entry.key, entry.state], wanted, winners)) return false;
  const winner = winners.get(entry.key);
  return winner === undefined || comesBefore(entry, winner);
}

function comesBefore(entry: SaidEntry, winner: SaidEntry): boolean {
  const rank = compareRank(entry, winner);
  if (rank !== 0) return rank > 0;
  const [isOwn, wasOwn] = [entry.kind === BODY_KIND.put, winner.kind === BODY_KIND.put];
  return isOwn === wasOwn ? entry.id < winner.id : isOwn;
}

/** What an operation says to the graph, or what is meant of it: an entry costs more than to look at what it is of. */
export function saidIn(
  operation: Operation,
  id: string,
  isMeant: (write: FieldWrite) => boolean = () => true,
): SaidEntry[] {
  const delta = operation.body === undefined ? undefined : decodeDelta(operation.body);
  return finish(entriesIn(operation, id, delta, isMeant));
}

/** The same, with pauses where that is much. */
function saidLater(
  operation: Operation,
  id: string,
  isMeant: (write: FieldWrite) => boolean,
): MaybePromise<SaidEntry[]> {
  const { body } = operation;
  if (body === undefined || body.length <= AT_ONCE_BYTES) return saidIn(operation, id, isMeant);
  function* steps(said: Uint8Array): Generator<void, SaidEntry[]> {
    return yield* entriesIn(operation, id, yield* decodeDeltaInSteps(said), isMeant);
  }
  return runWithPauses(steps(body));
}

function* entriesIn(
  operation: Operation,
  id: string,
  delta: Result<Delta | undefined> | undefined,
  isMeant: (write: FieldWrite) => boolean,
): Generator<void, SaidEntry[]> {
  if (delta?.ok !== true || delta.value === undefined) return [];
  const { kind, writes } = delta.value;
  const { author } = namesOf(operation);
  const found: SaidEntry[] = [];
  for (let at = 0; at < writes.length; at += 1) {
    const write = writes[at]!;
    if ((at + 1) % STEP_ENTRIES === 0) yield;
    if (!isMeant(write) || !mayWrite(write.soul, author)) continue;
    const { soul, key, state, json } = write;
    found.push({ soul, key, state, json, kind, operation, id });
  }
  return found;
}
