import { utf8 } from '../base/bytes.ts';
import { runWithPauses, waitFor, type WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { hashHex } from '../log/hash.ts';
import type { LogName } from '../log/heights.ts';
import { decodeDeltaInSteps } from './delta-codec.ts';
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
/** Names that are read out of records, or put into them, in one step. */
const STEP_NAMES = 512;
/** Records read in one step. */
const STEP_RECORDS = 16;

/** By the names of entries: when each was seen first, in milliseconds of the time that is counted. */
type SinceByName = Map<string, number>;
/** Records by their keys. */
type Records = Map<string, string>;

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
    await runWithPauses(this.#look(own, now, isStopped, others));
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

  *#look(
    own: LogName | undefined,
    now: number,
    isStopped: () => boolean,
    others: readonly LogName[],
  ): WaitingSteps<void> {
    const before = yield* waitFor(this.#records());
    const byLog = recordsByLog(before);
    const after: Records = new Map();
    const since = new Map<string, SinceByName>();
    let room = MOST_ENTRIES;
    const [known, fresh] = [true, false].map((isKnown) =>
      others.filter((name) => byLog.has(startOf(name)) === isKnown),
    );
    for (const name of [own, ...known!, ...fresh!]) {
      if (name === undefined || room === 0) continue;
      const isOwn = name === own;
      const past = yield* sinceIn(byLog.get(startOf(name)) ?? [], now);
      const found = yield* this.#lookAt(name, past, now, isStopped, {
        entries: isOwn ? MOST_ENTRIES : room,
        operations: isOwn ? Infinity : MOST_OPERATIONS,
      });
      if (found === undefined) return;
      if (!isOwn) room -= found.size;
      since.set(name.author + name.log, found);
      yield* addRecords(after, name, found);
    }
    this.#own = own === undefined ? '' : own.author + own.log;
    this.#since = since;
    yield* waitFor(this.#write(before, after));
  }

  /** The entries of a log, undefined when it was to end early. */
  *#lookAt(
    name: LogName,
    known: SinceByName,
    now: number,
    isStopped: () => boolean,
    most: { readonly entries: number; readonly operations: number },
  ): WaitingSteps<SinceByName | undefined> {
    const found: SinceByName = new Map();
    const head = yield* waitFor(this.#options.store.head(name));
    if (head === undefined || head.first === 0 || head.height - head.first >= most.operations) return found;
    const operations = operationsIn(this.#options.store, 'canonical', name);
    for (;;) {
      const { done, value } = yield* waitFor(operations.next());
      if (isStopped()) return undefined;
      if (done === true || !(yield* addEntries(value.body, known, now, found, most.entries))) return found;
    }
  }

  async #records(): Promise<Records> {
    const records: Records = new Map();
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
  async #write(before: Records, records: Records): Promise<void> {
    for (const [key, record] of records)
      if (before.get(key) !== record) await this.#options.commit([[key, record]]);
    const gone = Array.from(before.keys()).filter((key) => !records.has(key));
    if (gone.length > 0) await this.#options.commit(gone.map((key) => [key, undefined] as const));
  }
}

function nameOf({ soul, key, state, json }: FieldWrite): string {
  return hashHex(utf8(JSON.stringify([soul, key, state, json]))).slice(0, NAME_DIGITS);
}

/** Adds what a body says; false when no more is to be known. */
function* addEntries(
  body: Uint8Array | undefined,
  known: SinceByName,
  now: number,
  found: SinceByName,
  most: number,
): Generator<void, boolean> {
  const delta = body === undefined ? undefined : yield* decodeDeltaInSteps(body);
  const writes = (delta?.ok === true ? delta.value?.writes : undefined) ?? [];
  for (const [at, write] of writes.entries()) {
    if (found.size >= most) return false;
    const name = nameOf(write);
    found.set(name, known.get(name) ?? now);
    if ((at + 1) % STEP_ENTRIES === 0) yield;
  }
  return true;
}

/** What the keys of a log's records begin with. */
function startOf({ author, log }: LogName): string {
  return heldEntriesKey(author, log, '');
}

/** Records by what their keys begin with. */
function recordsByLog(records: Records): Map<string, string[]> {
  const byLog = new Map<string, string[]>();
  for (const [key, record] of records) {
    const start = key.slice(0, -PART_DIGITS);
    const same = byLog.get(start);
    if (same === undefined) byLog.set(start, [record]);
    else same.push(record);
  }
  return byLog;
}

/** Reads records: a line for each time, with the names of what was seen first then. */
function* sinceIn(records: readonly string[], now: number): Generator<void, SinceByName> {
  const since: SinceByName = new Map();
  for (const record of records) {
    for (const line of record.split('\n')) {
      const words = line.split(' ');
      // A time that was not counted yet tells only that it is not later than now.
      const at = Math.min(Number(words[0]), now);
      for (let word = 1; word < words.length; word += 1) {
        since.set(words[word]!, at);
        if (word % STEP_NAMES === 0) yield;
      }
      yield;
    }
  }
  return since;
}

/** Adds the records of a log: entries stand in its order, so that what is the same is written the same. */
function* addRecords(records: Records, name: LogName, since: SinceByName): Generator<void, void> {
  const parts = new Map<string, Map<number, string[]>>();
  let count = 0;
  for (const [entry, at] of since) {
    const digits = entry.slice(0, PART_DIGITS);
    const part = parts.get(digits) ?? new Map<number, string[]>();
    parts.set(digits, part);
    const names = part.get(at);
    if (names === undefined) part.set(at, [entry]);
    else names.push(entry);
    count += 1;
    if (count % STEP_NAMES === 0) yield;
  }
  const start = startOf(name);
  for (const [digits, part] of parts) {
    records.set(start + digits, Array.from(part, ([at, names]) => `${at} ${names.join(' ')}`).join('\n'));
    yield;
  }
}
