import { grouped } from '../base/grouped.ts';
import { Pace } from '../base/pace.ts';
import { waitFor, type WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';
import type { ForkMarks } from './fork-marks.ts';
import { saidIn } from './history.ts';
import { historyRange, noteOf, type HistoryNote } from './history-record.ts';
import type { FoundOperation, LogStore } from './log-store.ts';
import { NotesBySource, readNote } from './node-source.ts';
import type { Storage } from './storage.ts';

/** Records read in one step. */
const STEP_RECORDS = 64;
/** Records that are looked at for an unsigned write: who writes far ahead must not make others slow. */
const MOST_ECHO_RECORDS = 1024;
/** What of operations is kept to be looked at again, in characters; an entry counts for some more. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;
const ENTRY_CHARACTERS = 100;

/** What an operation says of one node. */
interface Statement {
  readonly isHidden: boolean;
  readonly entries: readonly FieldWrite[];
}

/** What an operation says of all nodes. */
interface Said {
  readonly log: LogName;
  readonly bySoul: ReadonlyMap<string, readonly FieldWrite[]>;
}

/** What is to be found out about an entry of a hidden log. */
interface Search {
  readonly entry: FieldWrite;
  /** True once a hidden log is found that said it before the graph had it. */
  isBrought: boolean;
  /** The best that counts besides. */
  best: FieldWrite | undefined;
}

/** What one operation wrote to a node, as it is noted. */
interface Noted {
  /** What its id begins with. */
  readonly shortId: string;
  readonly latest: number;
  /** By key: states, with whether the graph had the same before. */
  readonly states: ReadonlyMap<string, ReadonlyMap<number, boolean>>;
}

/** What counts of that which operations say, where forked logs lose against everything. */
export class CountingEntries {
  readonly #storage: Storage;
  readonly #store: LogStore;
  readonly #marks: ForkMarks;
  /** What operations say by soul, which stays as it is for ever. */
  readonly #said = new Map<string, Said>();
  #kept = 0;

  constructor(storage: Storage, store: LogStore, marks: ForkMarks) {
    this.#storage = storage;
    this.#store = store;
    this.#marks = marks;
  }

  /**
   * What properties of a node have when they have not got entries of hidden logs: the entry itself when somebody else
   * says it too, or when it was in the graph before such a log said it; else the best of what others say, undefined when
   * that is nothing.
   *
   * @param hidden entries of different properties, or of different states
   * @param now milliseconds since 1970; of an entry of the future only the same state is looked at
   * @param most characters of what others say: of entries for which there is no room nothing is told, but of the first one
   */
  *successors(
    soul: string,
    hidden: readonly FieldWrite[],
    now: number,
    most: number,
  ): WaitingSteps<Map<FieldWrite, FieldWrite | undefined>> {
    const searches = hidden.map((entry): Search => ({ entry, isBrought: false, best: undefined }));
    const open = new Set(searches);
    for (const walk = this.#walk(soul, Infinity); open.size > 0;) {
      const records = yield* walk.next();
      if (records.length === 0) break;
      for (const noted of records) {
        yield* this.#look(soul, noted, open, now);
        leaveOut(searches, open, most);
      }
      for (const search of open) if (isOver(search, records.at(-1)!.latest, now)) open.delete(search);
    }
    return new Map(searches.map(({ entry, isBrought, best }) => [entry, isBrought ? best : entry]));
  }

  /** Those of unsigned writes to a node that hidden logs say, and nobody else: they come back from who has read them. */
  *echoes(soul: string, writes: readonly FieldWrite[]): WaitingSteps<Set<FieldWrite>> {
    const earliest = Math.min(...writes.map(({ state }) => state));
    const [hidden, others] = [new Set<FieldWrite>(), new Set<FieldWrite>()];
    for (const walk = this.#walk(soul, MOST_ECHO_RECORDS); ;) {
      const records = yield* walk.next();
      if (records.length === 0 || records[0]!.latest < earliest) break;
      for (const noted of records) {
        const repeated = writes.filter(({ key, state }) => noted.states.get(key)?.has(state) === true);
        if (repeated.length === 0) continue;
        const statement = yield* this.#statement(soul, noted.shortId);
        for (const write of repeated) {
          if (statement?.entries.some((entry) => isSame(entry, write)) === true)
            (statement.isHidden ? hidden : others).add(write);
        }
      }
    }
    for (const write of others) hidden.delete(write);
    return hidden;
  }

  *#look(soul: string, noted: Noted, open: ReadonlySet<Search>, now: number): WaitingSteps<void> {
    const { shortId, states } = noted;
    const pace = new Pace();
    let statement: Map<string, FieldWrite[]> | undefined;
    let isHidden = false;
    for (const search of open) {
      if (pace.after(0)) yield;
      const { key } = search.entry;
      const noticed = states.get(key);
      if (noticed === undefined || !mayMatter(search, noticed)) continue;
      if (statement === undefined) {
        const said = yield* this.#statement(soul, shortId);
        if (said === undefined) return;
        ({ isHidden } = said);
        statement = grouped(said.entries, (entry) => entry.key);
      }
      const entries = (statement.get(key) ?? []).filter(({ state }) => noticed.has(state));
      if (isHidden) search.isBrought ||= entries.some((entry) => brings(entry, noticed, search));
      else for (const entry of entries) consider(search, entry, now);
    }
  }

  /** What an operation says of a node, undefined when it was given up. */
  *#statement(soul: string, shortId: string): WaitingSteps<Statement | undefined> {
    const known = this.#said.get(shortId);
    const said = known ?? (yield* this.#read(shortId));
    if (said === undefined) return undefined;
    return { isHidden: this.#marks.isHidden(said.log), entries: said.bySoul.get(soul) ?? [] };
  }

  *#read(shortId: string): WaitingSteps<Said | undefined> {
    const found = (yield this.#store.operationLike(shortId)) as FoundOperation | undefined;
    if (found === undefined) return undefined;
    const { id, operation } = found;
    const entries = saidIn(operation, id);
    if (this.#kept > KEPT_CHARACTERS) this.#forget();
    for (const { soul, key, json } of entries)
      this.#kept += ENTRY_CHARACTERS + soul.length + key.length + json.length;
    const said = { log: namesOf(operation), bySoul: grouped(entries, ({ soul }) => soul) };
    this.#said.set(shortId, said);
    return said;
  }

  #forget(): void {
    this.#said.clear();
    this.#kept = 0;
  }

  /** The operations that wrote to a node, some at a time, those with the latest states first. */
  #walk(soul: string, most: number): { next(): WaitingSteps<Noted[]> } {
    const storage = this.#storage;
    let range = historyRange(soul);
    let left = most;
    let notes: NotesBySource | undefined;
    return {
      *next() {
        if (left <= 0) return [];
        notes ??= new NotesBySource(yield* readNote(storage, soul));
        const cursor = storage.range({ ...range, reverse: true });
        let found: [key: string, record: string][];
        try {
          found = (yield* waitFor(cursor.next(Math.min(STEP_RECORDS, left)))) as [string, string][];
        } finally {
          yield cursor.close();
        }
        left -= STEP_RECORDS;
        // The next step begins anew behind the last record: nobody has to close anything.
        if (found.length > 0) range = { from: range.from, to: found.at(-1)![0] };
        return notes.among(found.map(([key, record]) => noteOf(key, record))).map(notedIn);
      },
    };
  }
}

/** Leaves out the last of searches that found more than there is room for. */
function leaveOut(searches: Search[], open: Set<Search>, most: number): void {
  let characters = 0;
  for (let at = 0; at < searches.length; at += 1) {
    characters += searches[at]!.best?.json.length ?? 0;
    if (at === 0 || characters <= most) continue;
    for (const search of searches.splice(at)) open.delete(search);
  }
}

/** True when records whose latest states are up to this one change nothing more. */
function isOver({ entry, isBrought, best }: Search, latest: number, now: number): boolean {
  if (latest >= entry.state) return false;
  return !isBrought || entry.state > now || (best !== undefined && latest < best.state);
}

function mayMatter({ entry, best }: Search, states: ReadonlyMap<number, boolean>): boolean {
  if (states.has(entry.state) || best === undefined) return true;
  return Math.max(...states.keys()) >= best.state;
}

function isSame(a: FieldWrite, b: FieldWrite): boolean {
  return a.key === b.key && compareRank(a, b) === 0;
}

/** True for an entry that nobody had here before. */
function brings(entry: FieldWrite, states: ReadonlyMap<number, boolean>, search: Search): boolean {
  return states.get(entry.state) === false && isSame(entry, search.entry);
}

function consider(search: Search, entry: FieldWrite, now: number): void {
  const { best, entry: hidden } = search;
  const isMeant = hidden.state <= now ? entry.state <= now : entry.state === hidden.state;
  if (!isMeant || (best !== undefined && compareRank(entry, best) <= 0)) return;
  const { soul, key, state, json } = entry;
  search.best = { soul, key, state, json };
}

function notedIn({ shortId, latest, states: written }: HistoryNote): Noted {
  const states = new Map<string, Map<number, boolean>>();
  for (const [name, state, wasHere] of written) {
    const known = states.get(name);
    if (known === undefined) states.set(name, new Map([[state, wasHere === 1]]));
    else known.set(state, wasHere === 1);
  }
  return { shortId, latest, states };
}
