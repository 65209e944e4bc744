/** Storage in the browser's IndexedDB, for one tab or shared by many. */
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import { GraphError } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import type { Share } from '../lib/base/share.ts';
import { inLaterTurn } from '../lib/base/turns.ts';
import type { Change, RangeOptions, Storage, TextCursor, TextEntry } from '../lib/store/storage.ts';
import { Tabs } from './tabs.ts';

const STORE = 'thicket';
/** Changes checked in one turn. */
const TURN_CHANGES = 512;
/** From how many keys on their whole neighbourhood is read. */
const MANY_KEYS = 32;
const LONE_SURROGATE = /\p{Surrogate}/u;

type Value = string | Uint8Array<ArrayBuffer>;

/** How a database is used. */
export interface IndexedDbOptions {
  /** Name of the database; one for each graph of an origin. */
  readonly name: string;
  /**
   * True when several tabs use the database at once: what is stored by one is told to the others. Otherwise a
   * second tab that opens it is refused with STORAGE_LOCKED, where the browser has locks.
   */
  readonly tabs?: boolean;
  /** `strict` to wait until the disk has a commit, `relaxed` for the operating system. Default `relaxed`. */
  readonly durability?: 'strict' | 'relaxed';
}

/**
 * The storage contract in IndexedDB. Keys are kept as UTF-8 bytes, because IndexedDB orders texts by UTF-16 units.
 *
 * A walk does not see the storage as it was when it began, but as it is with each step.
 */
export class IndexedDbStorage implements Storage {
  /** How tabs share the database; undefined when they do not. */
  readonly share: Share | undefined;
  readonly #options: IndexedDbOptions;
  readonly #lifecycle = new Lifecycle(
    () => this.#open(),
    () => this.#close(),
  );
  #database: IDBDatabase | undefined;
  #unlock: () => void = () => undefined;
  /** The commit asked for last; never rejects. */
  #lastCommit: Promise<unknown> = Promise.resolve();

  constructor(options: IndexedDbOptions) {
    this.#options = options;
    this.share = options.tabs === true ? new Tabs(options.name) : undefined;
  }

  open(): Promise<void> {
    return this.#lifecycle.open();
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  async getText(key: string): Promise<string | undefined> {
    return textOf(await this.#get(key));
  }

  async getTexts(keys: readonly string[]): Promise<(string | undefined)[]> {
    const known = keys.length < MANY_KEYS ? undefined : await this.#neighbours(keys.map(keyOf));
    if (known !== undefined) return keys.map((key) => textOf(known.get(fromUtf8(keyOf(key)))));
    const store = this.#store('readonly');
    const found = await Promise.all(keys.map((key) => answerOf<Value | undefined>(store.get(keyOf(key)))));
    return found.map(textOf);
  }

  async getBytes(key: string): Promise<Uint8Array | undefined> {
    const value = await this.#get(key);
    return typeof value === 'string' ? utf8(value) : value;
  }

  range(options: RangeOptions): TextCursor {
    return new IndexedDbCursor(options, () => this.#store('readonly'));
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    const commit = this.#commit(changes, this.#lastCommit);
    this.#lastCommit = commit.catch(() => undefined);
    return commit;
  }

  /** All from the first to the last of many keys, by one request; undefined when too much else lies between. */
  async #neighbours(keys: readonly Uint8Array[]): Promise<Map<string, Value> | undefined> {
    const [first, last] = [-1, 1].map((side) =>
      keys.reduce((a, b) => (indexedDB.cmp(a, b) === side ? a : b)),
    );
    const most = keys.length * 2;
    const found = await forwards(this.#store('readonly'), IDBKeyRange.bound(first, last), most);
    return found.length < most ? new Map(found.map(([key, value]) => [fromUtf8(key), value])) : undefined;
  }

  /** All changes are checked before the first is made, over as many turns as it takes. */
  async #commit(changes: Iterable<Change>, before: Promise<unknown>): Promise<void> {
    const checked: (readonly [Uint8Array<ArrayBuffer>, Value | undefined])[] = [];
    try {
      for (const [key, value] of changes) {
        checked.push([keyOf(key), kept(value)]);
        if (checked.length % TURN_CHANGES === 0) await new Promise<void>((resolve) => inLaterTurn(resolve));
      }
    } catch (error) {
      throw failureOf(error);
    } finally {
      await before;
    }
    if (checked.length === 0) return;
    const { durability = 'relaxed' } = this.#options;
    const transaction = this.#database!.transaction(STORE, 'readwrite', { durability });
    const store = transaction.objectStore(STORE);
    return new Promise((resolve, reject) => {
      transaction.addEventListener('complete', () => resolve());
      transaction.addEventListener('abort', () => reject(failureOf(transaction.error)));
      for (const [key, value] of checked) {
        if (value === undefined) store.delete(key);
        else store.put(value, key);
      }
      transaction.commit();
    });
  }

  async #get(key: string): Promise<Value | undefined> {
    return answerOf<Value | undefined>(this.#store('readonly').get(keyOf(key)));
  }

  #store(mode: IDBTransactionMode): IDBObjectStore {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    return this.#database!.transaction(STORE, mode).objectStore(STORE);
  }

  async #open(): Promise<void> {
    const { name, tabs = false } = this.#options;
    if (!tabs) this.#unlock = await lock(name);
    try {
      const request = indexedDB.open(name, 1);
      request.addEventListener('upgradeneeded', () => request.result.createObjectStore(STORE));
      this.#database = await answerOf(request, 'STORAGE_UNREADABLE');
    } catch (error) {
      this.#unlock();
      throw error;
    }
    // Otherwise nobody could delete the database while a tab has it.
    this.#database.addEventListener('versionchange', () => void this.close());
  }

  async #close(): Promise<void> {
    await this.#lastCommit;
    this.#database?.close();
    this.#unlock();
  }
}

/** A walk in steps; each goes on behind the last key that was given. */
class IndexedDbCursor implements TextCursor {
  readonly #store: () => IDBObjectStore;
  readonly #isReverse: boolean;
  #from: Uint8Array<ArrayBuffer>;
  #to: Uint8Array<ArrayBuffer>;
  #isFromOpen = false;
  #isDone = false;

  constructor({ from, to, reverse = false }: RangeOptions, store: () => IDBObjectStore) {
    this.#store = store;
    this.#isReverse = reverse;
    this.#from = keyOf(from);
    this.#to = keyOf(to);
  }

  async next(size: number): Promise<TextEntry[]> {
    const store = this.#store();
    if (this.#isDone || indexedDB.cmp(this.#from, this.#to) >= 0) return [];
    const range = IDBKeyRange.bound(this.#from, this.#to, this.#isFromOpen, true);
    const found = this.#isReverse ? await backwards(store, range, size) : await forwards(store, range, size);
    const last = found.at(-1);
    if (last === undefined || found.length < size) this.#isDone = true;
    else if (this.#isReverse) this.#to = last[0];
    else {
      this.#from = last[0];
      this.#isFromOpen = true;
    }
    return found.map(([key, value]) => [fromUtf8(key), textOf(value)!]);
  }

  async close(): Promise<void> {
    this.#isDone = true;
  }
}

type Found = [key: Uint8Array<ArrayBuffer>, value: Value][];

async function forwards(store: IDBObjectStore, range: IDBKeyRange, size: number): Promise<Found> {
  const [keys, values] = await Promise.all([
    answerOf(store.getAllKeys(range, size)),
    answerOf<Value[]>(store.getAll(range, size)),
  ]);
  return keys.map((key, at) => [new Uint8Array(key as ArrayBuffer), values[at]!]);
}

function backwards(store: IDBObjectStore, range: IDBKeyRange, size: number): Promise<Found> {
  const found: Found = [];
  const request = store.openCursor(range, 'prev');
  return new Promise((resolve, reject) => {
    request.addEventListener('error', () => reject(failureOf(request.error)));
    request.addEventListener('success', () => {
      const cursor = request.result;
      if (cursor !== null) found.push([new Uint8Array(cursor.key as ArrayBuffer), cursor.value as Value]);
      if (cursor === null || found.length >= size) resolve(found);
      else cursor.continue();
    });
  });
}

/** Takes the lock that this tab has a database for itself; gives the way to let go. */
function lock(name: string): Promise<() => void> {
  // Pages without a secure context, and old browsers, have none.
  const { locks } = navigator as { readonly locks?: LockManager };
  if (locks === undefined) return Promise.resolve(() => undefined);
  return new Promise((resolve, reject) => {
    locks
      .request(`thicket ${name}`, { ifAvailable: true }, (taken) => {
        if (taken === null) throw new GraphError('STORAGE_LOCKED');
        return new Promise<void>((unlock) => resolve(unlock));
      })
      .catch(reject);
  });
}

function answerOf<T>(
  request: IDBRequest<T>,
  code: 'STORAGE_FAILED' | 'STORAGE_UNREADABLE' = 'STORAGE_FAILED',
): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () =>
      reject(new GraphError(code, undefined, { cause: request.error })),
    );
  });
}

function failureOf(error: unknown): GraphError {
  if (error instanceof GraphError) return error;
  const isFull = error instanceof DOMException && error.name === 'QuotaExceededError';
  return new GraphError(isFull ? 'STORAGE_FULL' : 'STORAGE_FAILED', undefined, { cause: error });
}

function keyOf(key: string): Uint8Array<ArrayBuffer> {
  return utf8(key);
}

/** A value as it is kept; bytes are copied, because the caller may use them again. */
function kept(value: Change[1]): Value | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string') return LONE_SURROGATE.test(value) ? fromUtf8(utf8(value)) : value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  throw new GraphError('STORAGE_FAILED', 'neither text nor bytes');
}

function textOf(value: Value | undefined): string | undefined {
  return typeof value === 'object' ? fromUtf8(value) : value;
}
