/** Storage in memory, ordered as LevelDB orders; what it holds lives as long as the object. */
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import { GraphError } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import { inLaterTurn } from '../lib/base/turns.ts';
import type {
  Change,
  MaybePromise,
  RangeOptions,
  Storage,
  TextCursor,
  TextEntry,
} from '../lib/store/storage.ts';
import { SortedItems, type Item } from './sorted-items.ts';

type Value = string | Uint8Array;
/** A change as it will be kept. */
type Checked = readonly [key: string, value: Value | undefined];

/** Changes made in one turn; more of them are made aside, and shown when all are there. */
const TURN_CHANGES = 512;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text as it comes back from UTF-8. */
function asUtf8(text: string): string {
  return LONE_SURROGATE.test(text) ? fromUtf8(utf8(text)) : text;
}

/** A walk over the items that were there when it began. */
class MemoryCursor implements TextCursor {
  readonly #items: Generator<Item<Value>>;
  readonly #assertOpen: () => void;

  constructor(items: Generator<Item<Value>>, assertOpen: () => void) {
    this.#items = items;
    this.#assertOpen = assertOpen;
  }

  async next(size: number): Promise<TextEntry[]> {
    this.#assertOpen();
    const entries: TextEntry[] = [];
    while (entries.length < size) {
      const { value: item, done } = this.#items.next();
      if (done === true) break;
      entries.push([item[0], textOf(item[1])]);
    }
    return entries;
  }

  async close(): Promise<void> {
    this.#items.return(undefined);
  }
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : fromUtf8(value);
}

/** A value as it is kept; bytes are copied, because the caller may use them again. */
function kept(change: Change): Value | undefined {
  const value = change[1];
  if (typeof value === 'string') return asUtf8(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value === undefined) return undefined;
  throw new GraphError('STORAGE_FAILED', 'neither text nor bytes');
}

/** Checks changes as far as one turn has time for; true when none is left. */
function check(left: Iterator<Change>, checked: Checked[]): boolean {
  try {
    for (let count = 0; count < TURN_CHANGES; count += 1) {
      const { done, value: change } = left.next();
      if (done === true) return true;
      checked.push([asUtf8(change[0]), kept(change)]);
    }
    return false;
  } catch (error) {
    throw error instanceof GraphError ? error : new GraphError('STORAGE_FAILED', undefined, { cause: error });
  }
}

function apply(items: SortedItems<Value>, changes: readonly Checked[]): void {
  for (const [key, value] of changes) {
    if (value === undefined) items.delete(key);
    else items.put(key, value);
  }
}

/** What a host may decide about storage in memory. */
export interface MemoryStorageOptions {
  /** Runs a task in a later turn of the event loop; large commits take several. That of the engine when absent. */
  readonly schedule?: (task: () => void) => void;
}

/**
 * The storage contract in memory: reads answer at once, walks see the store as it was when they began.
 *
 * Closing forgets nothing: opening the same object again finds what was committed.
 */
export class MemoryStorage implements Storage {
  readonly #lifecycle = new Lifecycle(
    () => undefined,
    () => this.#lastCommit,
  );
  readonly #schedule: (task: () => void) => void;
  #items = new SortedItems<Value>();
  /** The commit asked for last that takes turns; never rejects. */
  #lastCommit: Promise<void> = Promise.resolve();
  /** Commits that take turns. */
  #running = 0;

  constructor({ schedule }: MemoryStorageOptions = {}) {
    this.#schedule = schedule ?? inLaterTurn;
  }

  open(): Promise<void> {
    return this.#lifecycle.open();
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return this.#read(() => {
      const value = this.#items.get(asUtf8(key));
      return value === undefined ? undefined : textOf(value);
    });
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return this.#read(() =>
      keys.map((key) => {
        const value = this.#items.get(asUtf8(key));
        return value === undefined ? undefined : textOf(value);
      }),
    );
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return this.#read(() => {
      const value = this.#items.get(asUtf8(key));
      return typeof value === 'string' ? utf8(value) : value?.slice();
    });
  }

  range({ from, to, reverse = false }: RangeOptions): TextCursor {
    return new MemoryCursor(this.#items.walk(asUtf8(from), asUtf8(to), reverse), () => this.#assertOpen());
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    this.#assertOpen();
    const left = changes[Symbol.iterator]();
    const checked: Checked[] = [];
    const isWhole = check(left, checked);
    if (isWhole && this.#running === 0) return apply(this.#items, checked);
    const before = this.#lastCommit;
    const commit = this.#commitLater(isWhole ? undefined : left, checked, before);
    this.#lastCommit = commit.catch(() => before);
    return commit;
  }

  /** Checks what is left of the changes, then makes all of them after the commits before. */
  async #commitLater(
    left: Iterator<Change> | undefined,
    checked: Checked[],
    before: Promise<void>,
  ): Promise<void> {
    this.#running += 1;
    try {
      for (let isWhole = left === undefined; !isWhole; isWhole = check(left!, checked))
        await this.#laterTurn();
      await before;
      const items = this.#items.copy();
      for (let first = 0; first < checked.length; first += TURN_CHANGES) {
        apply(items, checked.slice(first, first + TURN_CHANGES));
        await this.#laterTurn();
      }
      this.#items = items;
    } finally {
      this.#running -= 1;
    }
  }

  #laterTurn(): Promise<void> {
    return new Promise((resolve) => this.#schedule(resolve));
  }

  #assertOpen(): void {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
  }

  /** Answers at once; what goes wrong comes as a rejection, as it does from storages that answer later. */
  #read<T>(read: () => T): MaybePromise<T> {
    try {
      this.#assertOpen();
      return read();
    } catch (error) {
      return Promise.reject(error);
    }
  }
}
