/** Storage that never serves a damaged value: every value is stored behind a checksum, every commit is counted. */
import { GraphError, relayError } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import type {
  Change,
  MaybePromise,
  RangeOptions,
  Storage,
  TextCursor,
  TextEntry,
} from '../lib/store/storage.ts';
import { sealChanges, unsealBytes, unsealEntries, unsealText } from './seal.ts';

/**
 * Keys that begin so are the storage's own: callers must not use them, and no walk shows them. As each commit has one, they
 * stand before those of graphs, for the reason that `log-keys.ts` tells.
 */
export const OWN = 'M/';
/** First key after them. */
const AFTER_OWN = 'M0';
/** Where the number of commits stands. */
export const COMMITS_KEY: string = `${OWN}commits`;
/** What stands in every store that is sealed. */
const FORMAT_KEY = `${OWN}format`;
/** Changes with whatever makes older stores unreadable. */
const FORMAT = '7';
const LAST_KEY = '\u{10ffff}';

/** The storage's own records, sealed, for a store that was repaired below it. */
export function ownRecords(commits: number): Change[] {
  return sealChanges([
    [COMMITS_KEY, String(commits)],
    [FORMAT_KEY, FORMAT],
  ]);
}

/** What the storage tells its owner. */
export interface SealedStorageOptions {
  /** Called once, when the first value is found whose checksum does not fit. */
  readonly onDamage?: (reason: string) => void;
}

/** Changes that are sealed at once, and characters of their values. */
const CHUNK_CHANGES = 256;
const CHUNK_LENGTH = 128 * 1024;

/** Changes behind their seals, as they are asked for, and then the storage's own. */
class SealedChanges implements IterableIterator<Change, undefined> {
  readonly #changes: Iterator<Change>;
  readonly #own: readonly Change[];
  #chunk: readonly Change[] = [];
  #at = 0;
  #isLast = false;
  /** One for all of them, as nobody keeps it. */
  readonly #result: { done: false; value: Change } = { done: false, value: ['', undefined] };

  constructor(changes: Iterable<Change>, own: readonly Change[]) {
    this.#changes = changes[Symbol.iterator]();
    this.#own = own;
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<Change, undefined> {
    if (this.#at === this.#chunk.length) {
      if (this.#isLast) return { done: true, value: undefined };
      this.#seal();
    }
    this.#result.value = this.#chunk[this.#at]!;
    this.#at += 1;
    return this.#result;
  }

  /** Seals the next ones; the storage's own are among the last, so that there always are some. */
  #seal(): void {
    const chunk: Change[] = [];
    for (let length = 0; chunk.length < CHUNK_CHANGES && length < CHUNK_LENGTH;) {
      const next = this.#changes.next();
      if (next.done === true) {
        this.#isLast = true;
        chunk.push(...this.#own);
        break;
      }
      chunk.push(next.value);
      length += next.value[1]?.length ?? 0;
    }
    this.#chunk = sealChanges(chunk);
    this.#at = 0;
  }
}

const REASON = 'a record does not fit its checksum';

/**
 * The storage contract around any storage, with each value behind a seal (see `seal.ts`) that is checked by
 * every read; what does not fit rejects with STORAGE_DAMAGED.
 *
 * Each commit carries the number of commits so far, so that a copy of that number kept elsewhere tells
 * whether the storage lost its latest ones. Opening rejects with STORAGE_UNREADABLE when the storage holds
 * data without seals, and with STORAGE_DAMAGED when its own records are damaged.
 */
export class SealedStorage implements Storage {
  readonly #inner: Storage;
  readonly #onDamage: (reason: string) => void;
  readonly #lifecycle = new Lifecycle(
    () => this.#open(),
    () => this.#inner.close(),
  );
  #isDamaged = false;
  #hasFormat = false;
  /** The number of the commit asked for last. */
  #asked = 0;
  #commits = 0;

  constructor(inner: Storage, { onDamage }: SealedStorageOptions = {}) {
    this.#inner = inner;
    this.#onDamage = onDamage ?? ((): void => undefined);
  }

  /** The number of the last commit that went through, 0 for an empty storage; it only grows. */
  get commits(): number {
    return this.#commits;
  }

  open(): Promise<void> {
    return this.#lifecycle.open();
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    const sealed = this.#inner.getText(key);
    if (sealed instanceof Promise) return sealed.then((text) => this.#textOf(key, text));
    return this.#atOnce(() => this.#textOf(key, sealed));
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    const read = (texts: readonly (string | undefined)[]): (string | undefined)[] =>
      texts.map((text, at) => this.#textOf(keys[at]!, text));
    const sealed = this.#inner.getTexts(keys);
    return sealed instanceof Promise ? sealed.then(read) : this.#atOnce(() => read(sealed));
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    const read = (bytes: Uint8Array | undefined): Uint8Array | undefined =>
      bytes === undefined ? undefined : (unsealBytes(key, bytes) ?? this.#refuse());
    const sealed = this.#inner.getBytes(key);
    return sealed instanceof Promise ? sealed.then(read) : this.#atOnce(() => read(sealed));
  }

  range(options: RangeOptions): TextCursor {
    const cursor = this.#inner.range(options);
    const meetsOwn = options.from < AFTER_OWN && options.to > OWN;
    return { next: (size) => this.#nextOf(cursor, size, meetsOwn), close: () => cursor.close() };
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    if (Array.isArray(changes) && changes.length === 0) return this.#inner.commit(changes);
    const number = this.#asked + 1;
    this.#asked = number;
    const own: Change[] = [[COMMITS_KEY, String(number)]];
    if (!this.#hasFormat) own.push([FORMAT_KEY, FORMAT]);
    await this.#inner.commit(new SealedChanges(changes, own));
    this.#hasFormat = true;
    this.#commits = Math.max(this.#commits, number);
  }

  async #open(): Promise<void> {
    await this.#inner.open();
    try {
      await this.#readOwn();
    } catch (error) {
      await this.#inner.close();
      throw error;
    }
  }

  async #readOwn(): Promise<void> {
    const [format, commits] = await this.#inner.getTexts([FORMAT_KEY, COMMITS_KEY]);
    this.#hasFormat = format !== undefined;
    if (format === undefined && !(await this.#isEmpty())) {
      throw new GraphError('STORAGE_UNREADABLE', 'holds data of an unknown format');
    }
    if (format !== undefined && this.#textOf(FORMAT_KEY, format) !== FORMAT) {
      throw new GraphError('STORAGE_UNREADABLE', 'holds data of another format');
    }
    this.#commits = format === undefined ? 0 : Number(this.#textOf(COMMITS_KEY, commits) ?? this.#refuse());
    this.#asked = this.#commits;
  }

  async #isEmpty(): Promise<boolean> {
    const cursor = this.#inner.range({ from: '', to: LAST_KEY });
    const found = await cursor.next(1);
    await cursor.close();
    return found.length === 0;
  }

  /** An empty page is the end of a walk, so that one of nothing but own records must not be shown. */
  async #nextOf(cursor: TextCursor, size: number, meetsOwn: boolean): Promise<TextEntry[]> {
    for (;;) {
      const sealed = await cursor.next(size);
      if (sealed.length === 0) return sealed;
      const entries = unsealEntries(sealed) ?? this.#refuse();
      const shown = meetsOwn ? entries.filter(([key]) => !key.startsWith(OWN)) : entries;
      if (shown.length > 0) return shown;
    }
  }

  #textOf(key: string, sealed: string | undefined): string | undefined {
    return sealed === undefined ? undefined : (unsealText(key, sealed) ?? this.#refuse());
  }

  /** What is damaged comes as a rejection, also from a storage that answers at once. */
  #atOnce<T>(read: () => T): MaybePromise<T> {
    try {
      return read();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #refuse(): never {
    if (!this.#isDamaged) {
      this.#isDamaged = true;
      this.#onDamage(REASON);
    }
    throw relayError('STORAGE_DAMAGED', REASON);
  }
}
