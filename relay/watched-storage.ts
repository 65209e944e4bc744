import type { Change, MaybePromise, RangeOptions, Storage, TextCursor } from '../lib/store/storage.ts';
import { PROBE_KEY } from '../lib/store/keys.ts';

/** How long the answer of one try to write counts, in milliseconds. */
const PROBE_LIFE_MS = 1000;

/** What the watching needs. */
export interface WatchedStorageParts {
  readonly storage: Storage;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** A storage whose commits are measured, and which knows whether it takes writes. */
export class WatchedStorage implements Storage {
  readonly #inner: Storage;
  readonly #now: () => number;
  /** Told of each commit that went through: how many changes, how many milliseconds. */
  onCommit: (changes: number, ms: number) => void = () => undefined;
  #failures = 0;
  #isFailing = false;
  #probing: Promise<boolean> | undefined;
  #probedAt = -Infinity;

  constructor({ storage, now }: WatchedStorageParts) {
    this.#inner = storage;
    this.#now = now;
  }

  /** Commits that failed so far. */
  get failures(): number {
    return this.#failures;
  }

  /** True when the last commit went through, or one would now; tries it when the last one failed. */
  takesWrites(): Promise<boolean> {
    if (!this.#isFailing) return Promise.resolve(true);
    const now = this.#now();
    if (this.#probing === undefined || now - this.#probedAt >= PROBE_LIFE_MS) {
      this.#probedAt = now;
      this.#probing = this.commit([[PROBE_KEY, undefined]]).then(
        () => true,
        () => false,
      );
    }
    return this.#probing;
  }

  open(): Promise<void> {
    return this.#inner.open();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return this.#inner.getText(key);
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return this.#inner.getTexts(keys);
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return this.#inner.getBytes(key);
  }

  range(options: RangeOptions): TextCursor {
    return this.#inner.range(options);
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    const start = this.#now();
    // Most commits come as one list.
    const counted = Array.isArray(changes) ? undefined : new CountedChanges(changes);
    try {
      await this.#inner.commit(counted ?? changes);
    } catch (error) {
      this.#failures += 1;
      this.#isFailing = true;
      throw error;
    }
    this.#isFailing = false;
    this.onCommit(counted?.count ?? (changes as readonly Change[]).length, this.#now() - start);
  }
}

/** Changes that are counted while a storage goes through them. */
class CountedChanges implements Iterable<Change> {
  count = 0;
  readonly #changes: Iterable<Change>;

  constructor(changes: Iterable<Change>) {
    this.#changes = changes;
  }

  *[Symbol.iterator](): Generator<Change, void> {
    for (const change of this.#changes) {
      this.count += 1;
      yield change;
    }
  }
}
