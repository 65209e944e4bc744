import type { FieldWrite } from '../graph/write.ts';
import { entryName } from './entry-name.ts';
import { markKey, markRange, parseMarkKey } from './log-keys.ts';
import type { Change, Storage } from './storage.ts';

/** Marks read in one step. */
const STEP_MARKS = 256;
/** Properties of one mark; a commit that changed more gets several. */
const MARK_PROPERTIES = 500;

/** Properties that a commit changed without a signature, by soul. */
export type MarkedNames = readonly (readonly [soul: string, keys: readonly string[]])[];

/** What is to be witnessed, and the keys to delete with the operation that does. */
export interface Marks {
  /** Writes of marks that are in memory. */
  readonly writes: readonly FieldWrite[];
  /** Names of marks whose writes are to be read: of an earlier run, or too many to be kept. */
  readonly names: readonly MarkedNames[];
  readonly keys: readonly string[];
}

/**
 * Which properties wait for a witness (log-mapping section 4): noted in the commit that changes them, so that a
 * crash loses none; deleted in the commit that witnesses them.
 */
export class WitnessMarks {
  readonly #storage: Storage;
  readonly #most: number;
  /** Writes of marks, by number; those of the others are in the graph. */
  readonly #kept = new Map<number, readonly FieldWrite[]>();
  /** Names of entries that somebody else said while marks waited. */
  readonly #said = new Set<string>();
  /** Characters of both, those of the commit under way included. */
  #characters = 0;
  /** Of the commit under way; undefined for writes that are not kept. */
  #added: (readonly FieldWrite[] | undefined)[] = [];
  /** Numbers of the oldest mark that waits, and of the next one. */
  #first = 1;
  #next = 1;
  #wake: () => void = () => undefined;

  /** @param most characters of writes that are kept in memory until they are witnessed */
  constructor(storage: Storage, most: number) {
    this.#storage = storage;
    this.#most = most;
  }

  /** Marks that wait. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** Calls back when there is something to witness. */
  onMarked(wake: () => void): void {
    this.#wake = wake;
  }

  /** Finds what waited before a restart. */
  async load(): Promise<void> {
    const [first, last] = [await this.#numberAt(false), await this.#numberAt(true)];
    if (first === undefined || last === undefined) return;
    [this.#first, this.#next] = [first, last + 1];
    this.#wake();
  }

  /** Number of the mark at an end. */
  async #numberAt(reverse: boolean): Promise<number | undefined> {
    const cursor = this.#storage.range({ ...markRange(), reverse });
    try {
      const [found] = await cursor.next(1);
      return found && parseMarkKey(found[0]);
    } finally {
      await cursor.close();
    }
  }

  /** Appends the marks of what a commit changes without a signature, in steps. */
  *append(changes: Change[], batches: Iterable<readonly FieldWrite[]>): Generator<void, void> {
    let writes: FieldWrite[] = [];
    for (const batch of batches) {
      for (const write of batch) {
        if (writes.push(write) < MARK_PROPERTIES) continue;
        this.#add(changes, writes);
        writes = [];
        yield;
      }
    }
    if (writes.length > 0) this.#add(changes, writes);
  }

  #add(changes: Change[], writes: readonly FieldWrite[]): void {
    changes.push([markKey(this.#next + this.#added.length), JSON.stringify(namesOf(writes))]);
    const characters = charactersOf(writes);
    const isKept = this.#characters + characters <= this.#most;
    if (isKept) this.#characters += characters;
    this.#added.push(isKept ? writes : undefined);
  }

  /** Tells whether the commit of the appended marks went through. */
  settle(committed: boolean): void {
    const added = this.#added;
    this.#added = [];
    if (added.length === 0) return;
    if (!committed) return this.#release(added);
    const isFirst = this.size === 0;
    for (const writes of added) {
      if (writes !== undefined) this.#kept.set(this.#next, writes);
      this.#next += 1;
    }
    if (isFirst) this.#wake();
  }

  /** Tells what an operation of somebody else says; what waits of it needs no other witness. */
  heard(writes: readonly FieldWrite[]): void {
    if (this.size === 0) return;
    for (const write of writes) {
      const name = entryName(write);
      // What does not fit is witnessed twice, which does no harm.
      if (this.#characters + name.length > this.#most || this.#said.has(name)) continue;
      this.#said.add(name);
      this.#characters += name.length;
    }
  }

  /** The oldest marks, with at most so many properties unless one mark has more. */
  async oldest(most: number): Promise<Marks> {
    return this.#kept.has(this.#first) ? this.#oldestKept(most) : this.#oldestRead(most);
  }

  #oldestKept(most: number): Marks {
    const writes: FieldWrite[] = [];
    const keys: string[] = [];
    let count = 0;
    for (let number = this.#first; number < this.#next; number += 1) {
      const kept = this.#kept.get(number);
      count += kept?.length ?? 0;
      if (kept === undefined || (keys.length > 0 && count > most)) break;
      for (const write of kept) if (!this.#said.has(entryName(write))) writes.push(write);
      keys.push(markKey(number));
    }
    return { writes, names: [], keys };
  }

  async #oldestRead(most: number): Promise<Marks> {
    const { to } = markRange();
    const cursor = this.#storage.range({ from: markKey(this.#first), to });
    try {
      const names: MarkedNames[] = [];
      const keys: string[] = [];
      let count = 0;
      for (const [key, record] of await cursor.next(STEP_MARKS)) {
        const marked = JSON.parse(record) as MarkedNames;
        count += marked.reduce((sum, [, properties]) => sum + properties.length, 0);
        if (keys.length > 0 && (count > most || this.#kept.has(parseMarkKey(key)))) break;
        names.push(marked);
        keys.push(key);
      }
      return { writes: [], names, keys };
    } finally {
      await cursor.close();
    }
  }

  /** Forgets marks whose properties are witnessed, durably. */
  done(keys: readonly string[]): void {
    for (const key of keys) {
      const number = parseMarkKey(key);
      this.#release([this.#kept.get(number)]);
      this.#kept.delete(number);
      this.#first = Math.max(this.#first, number + 1);
    }
    if (this.size === 0) this.#forgetSaid();
  }

  #forgetSaid(): void {
    for (const name of this.#said) this.#characters -= name.length;
    this.#said.clear();
  }

  #release(marks: readonly (readonly FieldWrite[] | undefined)[]): void {
    for (const writes of marks) if (writes !== undefined) this.#characters -= charactersOf(writes);
  }
}

function namesOf(writes: readonly FieldWrite[]): MarkedNames {
  const keysBySoul = new Map<string, string[]>();
  for (const { soul, key } of writes) {
    const keys = keysBySoul.get(soul);
    if (keys === undefined) keysBySoul.set(soul, [key]);
    else keys.push(key);
  }
  return [...keysBySoul];
}

function charactersOf(writes: readonly FieldWrite[]): number {
  return writes.reduce((sum, { soul, key, json }) => sum + soul.length + key.length + json.length, 0);
}
