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

/**
 * Entries that are known of the own log, the first of it, and as many of all others: what a snapshot and what follows it may
 * have, and some more.
 */
const MOST_ENTRIES = 65_536;
/** Operations that are looked at of another log: one that has more of them behind its last prune point is none of these. */
const MOST_OPERATIONS = 4096;
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
 * Since when the entries of logs are held that give up their operations again and again, and carry over what of them still
 * counts: such operations never grow old, what they say does.
 */
export class HeldEntries {
  readonly #options: HeldEntriesOptions;
  /** By log; that of this node's own comes first. */
  #since = new Map<string, SinceByName>();
  #own = '';

  constructor(options: HeldEntriesOptions) {
    this.#options = options;
  }

  /** Entries that are known. */
  get size(): number {
    let size = 0;
    for (const since of this.#since.values()) size += since.size;
    return size;
  }

  /**
   * Looks what logs say, and notes durably what of it is new, or gone.
   *
   * @param own undefined for none; a log that gave nothing up is none either
   * @param now the time that was counted until this look
   * @param isStopped asked between steps, to end early
   * @param others logs of which as many entries are known as there is room for, those first that were known before
   */
  async look(
    own: LogName | undefined,
    now: number,
    isStopped: () => boolean,
    others: readonly LogName[] = [],
  ): Promise<void> {
    const before = await this.#records();
    const after = new Map<string, string>();
    const since = new Map<string, SinceByName>();
    let room = MOST_ENTRIES;
    const [known, fresh] = [true, false].map((isKnown) =>
      others.filter((name) => recordsOf(name, before).length > 0 === isKnown),
    );
    for (const name of [own, ...known!, ...fresh!]) {
      if (name === undefined || room === 0) continue;
      const isOwn = name === own;
      const found = await this.#lookAt(name, sinceIn(recordsOf(name, before), now), now, isStopped, {
        entries: isOwn ? MOST_ENTRIES : room,
        operations: isOwn ? Infinity : MOST_OPERATIONS,
      });
      if (found === undefined) return;
      if (!isOwn) room -= found.size;
      since.set(name.author + name.log, found);
      for (const [key, record] of recordsFor(name, found)) after.set(key, record);
    }
    this.#own = own === undefined ? '' : own.author + own.log;
    this.#since = since;
    await this.#write(before, after);
  }

  /** When an entry of a log was seen first, by {@link look}, of the own log if none is named; undefined when it is not known. */
  sinceOf(write: FieldWrite, name?: LogName): number | undefined {
    const since = this.#since.get(name === undefined ? this.#own : name.author + name.log);
    return since === undefined || since.size === 0 ? undefined : since.get(nameOf(write));
  }

  /** True for a log of which entries are known. */
  knows({ author, log }: LogName): boolean {
    return this.#since.has(author + log);
  }

  /** The entries of a log, undefined when it was to end early. */
  async #lookAt(
    name: LogName,
    known: SinceByName,
    now: number,
    isStopped: () => boolean,
    most: { readonly entries: number; readonly operations: number },
  ): Promise<SinceByName | undefined> {
    const found: SinceByName = new Map();
    const head = await this.#options.store.head(name);
    if (head === undefined || head.first === 0 || head.height - head.first >= most.operations) return found;
    for await (const { body } of operationsIn(this.#options.store, 'canonical', name)) {
      if (isStopped()) return undefined;
      if (!(await runWithPauses(addEntries(writesIn(body), known, now, found, most.entries)))) break;
    }
    return found;
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
  async #write(before: ReadonlyMap<string, string>, records: ReadonlyMap<string, string>): Promise<void> {
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
  most: number,
): Generator<void, boolean> {
  for (const [at, write] of writes.entries()) {
    if (found.size >= most) return false;
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
