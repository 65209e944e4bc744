import { utf8 } from '../base/bytes.ts';
import { runWithPauses } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { hashHex } from '../log/hash.ts';
import type { LogName } from '../log/heights.ts';
import { writesIn } from './delta-codec.ts';
import { heldEntriesKey, heldEntriesRange } from './log-keys.ts';
import type { LogStore } from './log-store.ts';
import { operationsIn } from './log-walk.ts';
import type { Change, Storage } from './storage.ts';

/** Entries that are known of a log, the first of it: what a snapshot and what follows it may have, and some more. */
const MOST_ENTRIES = 65_536;
/** Digits that name an entry, and those among them that name its record. */
const NAME_DIGITS = 24;
const PART_DIGITS = 1;
/** Entries whose names are made in one step. */
const STEP_ENTRIES = 64;
/** Records read in one step. */
const STEP_RECORDS = 16;

/** By the names of entries: when each was seen first, in milliseconds of the time that is counted. */
type SinceByName = Map<string, number>;

/** What is needed to know entries. */
export interface HeldEntriesOptions {
  readonly storage: Storage;
  readonly store: LogStore;
  /** Makes some changes durable. */
  readonly commit: (changes: readonly Change[]) => Promise<void>;
}

/**
 * Since when the entries of a log are held that gives up its operations again and again, and carries over what of them still
 * counts: such operations never grow old, what they say does.
 */
export class HeldEntries {
  readonly #options: HeldEntriesOptions;
  #since: SinceByName = new Map();

  constructor(options: HeldEntriesOptions) {
    this.#options = options;
  }

  /** Entries that are known. */
  get size(): number {
    return this.#since.size;
  }

  /**
   * Looks what a log says, and notes durably what of it is new, or gone.
   *
   * @param name undefined for none; a log that gave nothing up is none either
   * @param now the time that was counted until this look
   * @param isStopped asked between steps, to end early
   */
  async look(name: LogName | undefined, now: number, isStopped: () => boolean): Promise<void> {
    const records = await this.#records();
    const known = sinceIn(name === undefined ? [] : recordsOf(name, records), now);
    const found: SinceByName = new Map();
    const head = name === undefined ? undefined : await this.#options.store.head(name);
    if (name !== undefined && head !== undefined && head.first > 0) {
      for await (const { body } of operationsIn(this.#options.store, 'canonical', name)) {
        if (isStopped()) return;
        if (!(await runWithPauses(addEntries(writesIn(body), known, now, found)))) break;
      }
    }
    this.#since = found;
    await this.#write(name, records, found);
  }

  /** When an entry of the log was seen first, by {@link look}; undefined when it is not known. */
  sinceOf(write: FieldWrite): number | undefined {
    return this.#since.size === 0 ? undefined : this.#since.get(nameOf(write));
  }

  async #records(): Promise<Map<string, string>> {
    const records = new Map<string, string>();
    const cursor = this.#options.storage.range(heldEntriesRange());
    try {
      for (;;) {
        const some = await cursor.next(STEP_RECORDS);
        if (some.length === 0) return records;
        for (const [key, record] of some) records.set(key, record);
      }
    } finally {
      await cursor.close();
    }
  }

  /** Writes what changed, and removes what is of no part or log any more. */
  async #write(
    name: LogName | undefined,
    before: ReadonlyMap<string, string>,
    found: SinceByName,
  ): Promise<void> {
    const records = name === undefined ? new Map<string, string>() : recordsFor(name, found);
    for (const [key, record] of records)
      if (before.get(key) !== record) await this.#options.commit([[key, record]]);
    const gone = Array.from(before.keys()).filter((key) => !records.has(key));
    if (gone.length > 0) await this.#options.commit(gone.map((key) => [key, undefined] as const));
  }
}

function nameOf({ soul, key, state, json }: FieldWrite): string {
  return hashHex(utf8(JSON.stringify([soul, key, state, json]))).slice(0, NAME_DIGITS);
}

/** Adds what an operation says; false when no more is to be known. */
function* addEntries(
  writes: readonly FieldWrite[],
  known: SinceByName,
  now: number,
  found: SinceByName,
): Generator<void, boolean> {
  for (const [at, write] of writes.entries()) {
    if (found.size >= MOST_ENTRIES) return false;
    const name = nameOf(write);
    found.set(name, known.get(name) ?? now);
    if ((at + 1) % STEP_ENTRIES === 0) yield;
  }
  return true;
}

function recordsOf({ author, log }: LogName, records: ReadonlyMap<string, string>): string[] {
  const start = heldEntriesKey(author, log, '');
  return Array.from(records)
    .filter(([key]) => key.startsWith(start))
    .map(([, record]) => record);
}

/** Reads records: a line for each time, with the names of what was seen first then. */
function sinceIn(records: readonly string[], now: number): SinceByName {
  const since: SinceByName = new Map();
  for (const record of records) {
    for (const line of record.split('\n')) {
      const [at, ...names] = line.split(' ');
      // A time that was not counted yet tells only that it is not later than now.
      for (const name of names) since.set(name, Math.min(Number(at), now));
    }
  }
  return since;
}

/** Records, by their keys. */
function recordsFor({ author, log }: LogName, since: SinceByName): Map<string, string> {
  const parts = new Map<string, Map<number, string[]>>();
  for (const [name, at] of since) {
    const key = heldEntriesKey(author, log, name.slice(0, PART_DIGITS));
    const part = parts.get(key) ?? new Map<number, string[]>();
    parts.set(key, part);
    const names = part.get(at);
    if (names === undefined) part.set(at, [name]);
    else names.push(name);
  }
  return new Map(Array.from(parts, ([key, part]) => [key, recordOf(part)]));
}

/** A record: what is the same is written the same. */
function recordOf(part: ReadonlyMap<number, readonly string[]>): string {
  const lines = Array.from(part, ([at, names]) => `${at} ${names.toSorted().join(' ')}`);
  return lines.toSorted().join('\n');
}
