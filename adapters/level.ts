/** Storage in LevelDB: a data folder in Node, IndexedDB in browsers. */
import { Level, type Iterator as LevelIterator } from 'level';
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

/** Where the data lies and what it may cost. Browsers use `location` only. */
export interface LevelStorageOptions {
  /** Data folder, created when missing; in browsers the name of the IndexedDB database. */
  readonly location: string;
  /**
   * When a commit counts as done: `fsync` once it is on the disk, `os` once the operating system has it,
   * which survives the end of the process but not that of the machine. Default `fsync`.
   */
  readonly durability?: 'fsync' | 'os';
  /** Bytes gathered in memory before a table file is written; two such buffers may exist. Default 16 MiB. */
  readonly writeBufferBytes?: number;
  /** Bytes of uncompressed blocks kept for reading. Default 32 MiB. */
  readonly blockCacheBytes?: number;
  /** Files kept open, at least 64; each open table file maps up to 2 MiB into memory. Default 64. */
  readonly openFiles?: number;
}

type Database = Level;
type Batch = ReturnType<Database['batch']>;
type Walk = LevelIterator<Database, string, string>;

const MIB = 1024 * 1024;

/** More CPU per key below, longer recovery above: a full log of this size is replayed in 0.2 s. */
const WRITE_BUFFER_BYTES = 16 * MIB;
/** A random read out of 500 000 keys costs half of what it does with LevelDB's own 8 MiB. */
const BLOCK_CACHE_BYTES = 32 * MIB;
/** LevelDB's own 1000 let the process grow with the store, by the size of every table it has read. */
const OPEN_FILES = 64;

/** Up to this many keys are read at once and in place; more go to the thread pool, to spare the event loop. */
const KEYS_READ_IN_PLACE = 32;

/** A page of a walk ends early here: enough for most nodes in one go, little enough to hold for many walks. */
const PAGE_BYTES = 256 * 1024;

/** What goes into a batch in one turn: copying it takes about a millisecond. */
const TURN_CHANGES = 2048;
const TURN_LENGTH = 256 * 1024;

/** UTF-8 bytes of one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;

const BYTES = { valueEncoding: 'view' } as const;

/** True in Node; IndexedDB has no synchronous reads. The published types lack this entry of the manifest. */
function readsInPlace(database: Database): boolean {
  return (database.supports as { readonly getSync?: boolean }).getSync === true;
}

function failed(error: unknown): GraphError {
  return new GraphError('STORAGE_FAILED', undefined, { cause: error });
}

/** True when another process, or another storage of this one, holds the data folder. */
function isLockHeld(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED';
}

/** Rejects the same way whether `read` throws at once or later. */
function guarded<T>(read: () => MaybePromise<T>): MaybePromise<T> {
  try {
    const answer = read();
    return answer instanceof Promise
      ? answer.catch((error: unknown) => Promise.reject(asGraphError(error)))
      : answer;
  } catch (error) {
    return Promise.reject(asGraphError(error));
  }
}

function asGraphError(error: unknown): GraphError {
  return error instanceof GraphError ? error : failed(error);
}

/** Puts changes into a batch: few of them at once, many over several turns. */
function fill(batch: Batch, changes: Iterable<Change>): Promise<void> | undefined {
  const left = changes[Symbol.iterator]();
  return fillTurn(batch, left) ? undefined : fillLater(batch, left);
}

async function fillLater(batch: Batch, left: Iterator<Change>): Promise<void> {
  do await new Promise<void>((resolve) => inLaterTurn(resolve));
  while (!fillTurn(batch, left));
}

/** Puts in what one turn has time for; true when nothing is left. */
function fillTurn(batch: Batch, left: Iterator<Change>): boolean {
  let length = 0;
  for (let count = 0; count < TURN_CHANGES && length < TURN_LENGTH; count += 1) {
    const { done, value: change } = left.next();
    if (done === true) return true;
    const [key, value] = change;
    if (typeof value === 'string') batch.put(key, value);
    else if (value === undefined) batch.del(key);
    else batch.put<string, Uint8Array>(key, value, BYTES);
    length += key.length + (value?.length ?? 0);
  }
  return false;
}

/** A walk over LevelDB's snapshot of the moment it began. */
class LevelCursor implements TextCursor {
  readonly #iterator: Walk | undefined;
  readonly #assertOpen: () => void;
  #closed = false;

  /** @param iterator undefined when the storage was not open */
  constructor(iterator: Walk | undefined, assertOpen: () => void) {
    this.#iterator = iterator;
    this.#assertOpen = assertOpen;
  }

  async next(size: number): Promise<TextEntry[]> {
    this.#assertOpen();
    if (this.#iterator === undefined) throw new GraphError('STORAGE_NOT_OPEN');
    if (this.#closed) return [];
    try {
      return await this.#iterator.nextv(size);
    } catch (error) {
      throw failed(error);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#iterator?.close();
  }
}

/**
 * The storage contract on LevelDB: a commit is one batch, written once and all or nothing.
 *
 * In Node reads of a few keys answer at once; in browsers every read is a promise, and a walk may see
 * commits made while it runs.
 */
export class LevelStorage implements Storage {
  readonly #options: LevelStorageOptions;
  readonly #lifecycle: Lifecycle;
  readonly #sync: boolean;
  #database: Database | undefined;
  /** The commit asked for last; never rejects. */
  #lastCommit: Promise<void> = Promise.resolve();
  /** Bytes that a key of a synchronous read may take. */
  #keyRoom = 0;

  constructor(options: LevelStorageOptions) {
    this.#options = options;
    this.#sync = (options.durability ?? 'fsync') === 'fsync';
    this.#lifecycle = new Lifecycle(
      () => this.#openDatabase(),
      () => this.#closeDatabase(),
    );
  }

  open(): Promise<void> {
    return this.#lifecycle.open();
  }

  /** Waits for running commits and reads, ends the walks that are still open, and frees the data folder. */
  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return guarded(() => {
      const database = this.#opened();
      return readsInPlace(database) ? this.#getInPlace(database, key) : database.get(key);
    });
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return guarded(() => {
      const database = this.#opened();
      if (keys.length > KEYS_READ_IN_PLACE || !readsInPlace(database)) {
        return database.getMany([...keys]);
      }
      return keys.map((key) => this.#getInPlace(database, key));
    });
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return guarded(() => {
      const database = this.#opened();
      if (readsInPlace(database)) {
        this.#makeRoom(database, key);
        return database.getSync<string, Uint8Array>(key, BYTES);
      }
      return database.get<string, Uint8Array>(key, BYTES);
    });
  }

  range({ from, to, reverse = false }: RangeOptions): TextCursor {
    const iterator =
      this.#lifecycle.status === 'open'
        ? this.#opened().iterator<string, string>({
            gte: from,
            lt: to,
            reverse,
            fillCache: true,
            highWaterMarkBytes: PAGE_BYTES,
          })
        : undefined;
    return new LevelCursor(iterator, () => this.#lifecycle.assertOpen('STORAGE_NOT_OPEN'));
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    const batch = this.#opened().batch();
    const before = this.#lastCommit;
    try {
      const filling = fill(batch, changes);
      // Threads of the pool may overtake each other.
      const ready = filling === undefined ? before : filling.then(() => before);
      const write = ready.then(() => batch.write({ sync: this.#sync }));
      this.#lastCommit = write.catch(() => before);
      await write;
    } catch (error) {
      await batch.close();
      throw failed(error);
    }
  }

  #getInPlace(database: Database, key: string): string | undefined {
    this.#makeRoom(database, key);
    return database.getSync(key);
  }

  /**
   * classic-level 3.0.0 writes the key of a synchronous read into a buffer it keeps, and takes a key that was
   * cut off between two characters for a whole one. Reading a long plain key first makes the buffer grow.
   */
  #makeRoom(database: Database, key: string): void {
    if (key.length * BYTES_PER_UNIT <= this.#keyRoom) return;
    this.#keyRoom = 2 * key.length * BYTES_PER_UNIT;
    database.getSync('-'.repeat(this.#keyRoom));
  }

  /** @throws GraphError STORAGE_NOT_OPEN */
  #opened(): Database {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    return this.#database!;
  }

  async #openDatabase(): Promise<void> {
    const { location, writeBufferBytes, blockCacheBytes, openFiles } = this.#options;
    const database: Database = new Level(location, {
      keyEncoding: 'utf8',
      valueEncoding: 'utf8',
      writeBufferSize: writeBufferBytes ?? WRITE_BUFFER_BYTES,
      cacheSize: blockCacheBytes ?? BLOCK_CACHE_BYTES,
      maxOpenFiles: openFiles ?? OPEN_FILES,
    });
    try {
      await database.open();
    } catch (error) {
      throw new GraphError(isLockHeld(error) ? 'STORAGE_LOCKED' : 'STORAGE_UNREADABLE', location, {
        cause: error,
      });
    }
    this.#database = database;
    this.#keyRoom = 0;
  }

  async #closeDatabase(): Promise<void> {
    await this.#lastCommit;
    await this.#database?.close();
    this.#database = undefined;
  }
}
