import type { FieldWrite } from '../graph/write.ts';
import { markKey, markRange, parseMarkKey } from './log-keys.ts';
import type { Change, Storage } from './storage.ts';

/** Marks read in one step. */
const STEP_MARKS = 256;
/** Properties of one mark; a commit that changed more gets several. */
const MARK_PROPERTIES = 500;
/** Characters of writes that are kept until they are witnessed; what is beyond is read again. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;

/** Properties that a commit changed without a signature, by soul. */
export type MarkedNames = readonly (readonly [soul: string, keys: readonly string[]])[];

/** What is to be witnessed, and the keys to delete with the operation that does. */
export interface Marks {
  /** Writes of marks that this run made. */
  readonly writes: readonly FieldWrite[];
  /** Names of marks whose writes are to be read: of an earlier run, or too many to be kept. */
  readonly names: readonly MarkedNames[];
  readonly keys: readonly string[];
}

/** One mark. */
interface Mark {
  readonly names: MarkedNames;
  /** Undefined when they are to be read. */
  readonly writes: readonly FieldWrite[] | undefined;
  readonly properties: number;
}

/**
 * Which properties wait for a witness (log-mapping section 4): noted in the commit that changes them, so that a
 * crash loses none; deleted in the commit that witnesses them.
 */
export class WitnessMarks {
  readonly #storage: Storage;
  readonly #waiting = new Map<number, Mark>();
  /** Characters of the writes among them, and of the commit under way. */
  #characters = 0;
  /** Of the commit under way. */
  #added: Mark[] = [];
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
          this.#waiting.set(number, markOf(JSON.parse(names) as MarkedNames));
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
    const keysBySoul = new Map<string, string[]>();
    let characters = 0;
    for (const { soul, key, json } of writes) {
      const keys = keysBySoul.get(soul);
      if (keys === undefined) keysBySoul.set(soul, [key]);
      else keys.push(key);
      characters += soul.length + key.length + json.length;
    }
    const names = [...keysBySoul];
    changes.push([markKey(this.#next + this.#added.length), JSON.stringify(names)]);
    const isKept = this.#characters + characters <= KEPT_CHARACTERS;
    if (isKept) this.#characters += characters;
    this.#added.push({ names, writes: isKept ? writes : undefined, properties: writes.length });
  }

  /** Tells whether the commit of the appended marks went through. */
  settle(committed: boolean): void {
    const added = this.#added;
    this.#added = [];
    if (!committed) for (const mark of added) this.#release(mark);
    if (!committed || added.length === 0) return;
    const isFirst = this.#waiting.size === 0;
    for (const mark of added) {
      this.#waiting.set(this.#next, mark);
      this.#next += 1;
    }
    if (isFirst) this.#wake();
  }

  /** The oldest marks, with at most so many properties unless one mark has more. */
  oldest(most: number): Marks {
    const names: MarkedNames[] = [];
    const writes: FieldWrite[] = [];
    const keys: string[] = [];
    let count = 0;
    for (const [number, mark] of this.#waiting) {
      count += mark.properties;
      if (keys.length > 0 && count > most) break;
      if (mark.writes === undefined) names.push(mark.names);
      else for (const write of mark.writes) writes.push(write);
      keys.push(markKey(number));
    }
    return { writes, names, keys };
  }

  /** Forgets marks whose properties are witnessed, durably. */
  done(keys: readonly string[]): void {
    for (const key of keys) {
      const number = parseMarkKey(key);
      const mark = this.#waiting.get(number);
      if (mark !== undefined) this.#release(mark);
      this.#waiting.delete(number);
    }
  }

  #release({ writes = [] }: Mark): void {
    for (const { soul, key, json } of writes) this.#characters -= soul.length + key.length + json.length;
  }
}

/** A mark of an earlier run. */
function markOf(names: MarkedNames): Mark {
  return { names, writes: undefined, properties: names.reduce((sum, [, keys]) => sum + keys.length, 0) };
}
