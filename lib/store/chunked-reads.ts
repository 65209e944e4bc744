import { waitFor, type WaitingSteps } from '../base/slices.ts';
import type { Storage } from './storage.ts';

/** Characters of the keys of one request at most. */
const CHUNK_LENGTH = 65_536;

/** Reads many records, a bounded number in each request: their texts are made in one go. */
export class ChunkedReads<T> {
  readonly #storage: Storage;
  readonly #most: number;
  readonly #take: (item: T, record: string | undefined) => void;
  #keys: string[] = [];
  #items: T[] = [];
  #length = 0;

  /**
   * @param most records of one request
   * @param take gets each record with what it was asked for
   */
  constructor(storage: Storage, most: number, take: (item: T, record: string | undefined) => void) {
    this.#storage = storage;
    this.#most = most;
    this.#take = take;
  }

  /** Notes a record to read; true when it is time for {@link flush}. */
  add(key: string, item: T): boolean {
    this.#keys.push(key);
    this.#items.push(item);
    this.#length += key.length;
    return this.#keys.length >= this.#most || this.#length >= CHUNK_LENGTH;
  }

  /** Reads what was noted. */
  *flush(): WaitingSteps<void> {
    const keys = this.#keys;
    const items = this.#items;
    if (keys.length === 0) return;
    this.#keys = [];
    this.#items = [];
    this.#length = 0;
    const records = yield* waitFor(this.#storage.getTexts(keys));
    for (const [at, item] of items.entries()) this.#take(item, records[at]);
    yield;
  }
}
