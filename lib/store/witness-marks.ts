import type { FieldWrite } from '../graph/write.ts';
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
  readonly names: readonly MarkedNames[];
  readonly keys: readonly string[];
}

/**
 * Which properties wait for a witness (log-mapping section 4): noted in the commit that changes them, so that a
 * crash loses none; deleted in the commit that witnesses them.
 */
export class WitnessMarks {
  readonly #storage: Storage;
  readonly #waiting = new Map<number, MarkedNames>();
  /** Of the commit under way. */
  #added: MarkedNames[] = [];
  #next = 1;
  #wake: () => void = () => undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Marks that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Calls back when there is something to witness. */
  onMarked(wake: () => void): void {
    this.#wake = wake;
  }

  /** Reads what waited before a restart. */
  async load(): Promise<void> {
    const cursor = this.#storage.range(markRange());
    try {
      for (;;) {
        const found = await cursor.next(STEP_MARKS);
        if (found.length === 0) break;
        for (const [key, names] of found) {
          const number = parseMarkKey(key);
          this.#waiting.set(number, JSON.parse(names) as MarkedNames);
          this.#next = number + 1;
        }
      }
    } finally {
      await cursor.close();
    }
    if (this.#waiting.size > 0) this.#wake();
  }

  /** Appends the marks of what a commit changes without a signature, in steps. */
  *append(changes: Change[], batches: Iterable<readonly FieldWrite[]>): Generator<void, void> {
    let keysBySoul = new Map<string, string[]>();
    let count = 0;
    for (const batch of batches) {
      for (const { soul, key } of batch) {
        const keys = keysBySoul.get(soul);
        if (keys === undefined) keysBySoul.set(soul, [key]);
        else keys.push(key);
        count += 1;
        if (count < MARK_PROPERTIES) continue;
        this.#add(changes, [...keysBySoul]);
        keysBySoul = new Map();
        count = 0;
        yield;
      }
    }
    if (count > 0) this.#add(changes, [...keysBySoul]);
  }

  #add(changes: Change[], names: MarkedNames): void {
    changes.push([markKey(this.#next + this.#added.length), JSON.stringify(names)]);
    this.#added.push(names);
  }

  /** Tells whether the commit of the appended marks went through. */
  settle(committed: boolean): void {
    const added = this.#added;
    this.#added = [];
    if (!committed || added.length === 0) return;
    const isFirst = this.#waiting.size === 0;
    for (const names of added) {
      this.#waiting.set(this.#next, names);
      this.#next += 1;
    }
    if (isFirst) this.#wake();
  }

  /** The oldest marks, with at most so many properties unless one mark has more. */
  oldest(most: number): Marks {
    const names: MarkedNames[] = [];
    const keys: string[] = [];
    let count = 0;
    for (const [number, marked] of this.#waiting) {
      for (const [, ofSoul] of marked) count += ofSoul.length;
      if (keys.length > 0 && count > most) break;
      names.push(marked);
      keys.push(markKey(number));
    }
    return { names, keys };
  }

  /** Forgets marks whose properties are witnessed, durably. */
  done(keys: readonly string[]): void {
    for (const key of keys) this.#waiting.delete(parseMarkKey(key));
  }
}
