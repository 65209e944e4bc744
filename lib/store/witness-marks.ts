import type { FieldWrite } from '../graph/write.ts';
import { entryName } from './entry-name.ts';
import { markKey, markRange, parseMarkKey } from './log-keys.ts';
import type { Change, Storage } from './storage.ts';

/** Properties of one mark; a commit that changed more gets several. */
const MARK_PROPERTIES = 500;
/** Marks whose writes are found in one go. */
const FOUND_MARKS = 16;

/** Properties that an operation is full with. */
export const FULL_PROPERTIES = 500;

/** What is to be witnessed, and the keys to delete with the operation that does. */
export interface Marks {
  /** Writes of marks that are in memory. */
  readonly writes: readonly FieldWrite[];
  /** Souls of marks whose writes are to be found: of an earlier run, or too many to be kept. */
  readonly souls: ReadonlySet<string>;
  readonly keys: readonly string[];
}

/**
 * What waits for a witness (log-mapping section 4): its souls are noted in the commit that changes it, so that a crash
 * loses nothing; the notes are deleted in the commit that witnesses it.
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
  /** Writes that are kept. */
  #count = 0;
  /** Of the commit under way; undefined for writes that are not kept. */
  #added: (readonly FieldWrite[] | undefined)[] = [];
  /** Numbers of the oldest mark that waits, and of the next one. */
  #first = 1;
  #next = 1;
  #wake: (isFull: boolean) => void = () => undefined;

  /** @param most characters of writes that are kept in memory until they are witnessed */
  constructor(storage: Storage, most: number) {
    this.#storage = storage;
    this.#most = most;
  }

  /** Marks that wait. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** Number of the next mark: those before it are what waits now. */
  get end(): number {
    return this.#next;
  }

  /** True while an operation can be filled with what waits. */
  get isFull(): boolean {
    return this.#count >= FULL_PROPERTIES;
  }

  /** True while something waits that was marked before a number was the next. */
  hasBefore(end: number): boolean {
    return this.#first < end;
  }

  /** Calls back when there is something to witness, and when that fills an operation. */
  onMarked(wake: (isFull: boolean) => void): void {
    this.#wake = wake;
  }

  /** Finds what waited before a restart. */
  async load(): Promise<void> {
    const [first, last] = [await this.#numberAt(false), await this.#numberAt(true)];
    if (first === undefined || last === undefined) return;
    [this.#first, this.#next] = [first, last + 1];
    this.#wake(false);
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
    changes.push([markKey(this.#next + this.#added.length), JSON.stringify(soulsOf(writes))]);
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
      this.#count += writes?.length ?? 0;
      this.#next += 1;
    }
    if (isFirst || this.isFull) this.#wake(this.isFull);
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
    return this.#kept.has(this.#first) ? this.#oldestKept(most) : this.#oldestRead();
  }

  #oldestKept(most: number): Marks {
    const writes: FieldWrite[] = [];
    const keys: string[] = [];
    let count = 0;
    for (let number = this.#first; number < this.#next; number += 1) {
      const kept = this.#kept.get(number);
      count += kept?.length ?? 0;
      if (kept === undefined || (keys.length > 0 && count > most)) break;
      for (const write of kept) if (!this.#isSaid(write)) writes.push(write);
      keys.push(markKey(number));
    }
    return { writes, souls: new Set(), keys };
  }

  async #oldestRead(): Promise<Marks> {
    const { to } = markRange();
    const cursor = this.#storage.range({ from: markKey(this.#first), to });
    try {
      const souls = new Set<string>();
      const keys: string[] = [];
      for (const [key, record] of await cursor.next(FOUND_MARKS)) {
        if (keys.length > 0 && this.#kept.has(parseMarkKey(key))) break;
        for (const soul of JSON.parse(record) as string[]) souls.add(soul);
        keys.push(key);
      }
      return { writes: [], souls, keys };
    } finally {
      await cursor.close();
    }
  }

  #isSaid(write: FieldWrite): boolean {
    return this.#said.size > 0 && this.#said.has(entryName(write));
  }

  /** Forgets marks whose properties are witnessed, durably. */
  done(keys: readonly string[]): void {
    for (const key of keys) {
      const number = parseMarkKey(key);
      const kept = this.#kept.get(number);
      this.#release([kept]);
      this.#count -= kept?.length ?? 0;
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

/** The souls of writes, of which those of one node stand together. */
function soulsOf(writes: readonly FieldWrite[]): string[] {
  const souls: string[] = [];
  for (const { soul } of writes) if (souls.at(-1) !== soul) souls.push(soul);
  return souls;
}

function charactersOf(writes: readonly FieldWrite[]): number {
  return writes.reduce((sum, { soul, key, json }) => sum + soul.length + key.length + json.length, 0);
}
