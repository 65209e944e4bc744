import type { FieldWrite } from '../graph/write.ts';
import { markKey, markRange, parseMarkKey } from './log-keys.ts';
import type { Change, Storage } from './storage.ts';

/** Marks read in one step. */
const STEP_MARKS = 256;

/** Properties that one commit changed without a signature, by soul. */
export type MarkedNames = readonly (readonly [soul: string, keys: readonly string[]])[];

/** What is to be witnessed, and the keys to delete with the operation that does. */
export interface Marks {
  readonly names: readonly MarkedNames[];
  readonly keys: readonly string[];
}

/**
 * Which properties wait for a witness (log-mapping section 4): noted in the commit that changes them, one record for
 * each, so that a crash loses none; deleted in the commit that witnesses them.
 */
export class WitnessMarks {
  readonly #storage: Storage;
  readonly #waiting = new Map<number, MarkedNames>();
  /** Of the commit under way. */
  #added: { readonly number: number; readonly names: MarkedNames } | undefined;
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

  /** Appends the mark of what a commit changes without a signature. */
  append(changes: Change[], won: readonly FieldWrite[]): void {
    if (won.length === 0) return;
    const keysBySoul = new Map<string, string[]>();
    for (const { soul, key } of won) {
      const keys = keysBySoul.get(soul);
      if (keys === undefined) keysBySoul.set(soul, [key]);
      else keys.push(key);
    }
    const names = [...keysBySoul];
    this.#added = { number: this.#next, names };
    changes.push([markKey(this.#next), JSON.stringify(names)]);
  }

  /** Tells whether the commit of the appended mark went through. */
  settle(committed: boolean): void {
    const added = this.#added;
    this.#added = undefined;
    if (!committed || added === undefined) return;
    this.#next += 1;
    this.#waiting.set(added.number, added.names);
    if (this.#waiting.size === 1) this.#wake();
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
