/** Storage in LevelDB: a data folder in Node, IndexedDB in browsers. */
import { Level, type Iterator as LevelIterator, type IteratorOptions } from 'level';
import type { Clock } from '../lib/base/clock.ts';
import { GraphError, type GraphErrorCode } from '../lib/base/errors.ts';
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
import { isNoRoom, LevelRecovery } from './level-recovery.ts';

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
  /**
   * Tells whether the disk takes writes again after one has failed; asked at most once a second. Without it,
   * opening the database anew is the probe.
   */
  readonly isWritable?: () => Promise<boolean>;
  /** Tells when to ask; the system's unless a spec brings its own. */
  readonly clock?: Clock;
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

/** Entries of a page at least, when walks that run at once share the entries that are read in one turn. */
const LEAST_PAGE = 32;

/** A page of a walk ends early here: enough for most nodes in one go, little enough to hold for many walks. */
const PAGE_BYTES = 256 * 1024;

/** What goes into a batch in one turn: copying it takes about a millisecond. */
const TURN_CHANGES = 512;
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

function openingCode(error: unknown): GraphErrorCode {
  if (isLockHeld(error)) return 'STORAGE_LOCKED';
  return isNoRoom(error) ? 'STORAGE_FULL' : 'STORAGE_UNREADABLE';
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

/**
 * Puts changes into a batch: few of them at once, many over several turns.
 *
 * @param taken gets the changes that are in
 */
function fill(batch: Batch, changes: Iterable<Change>, taken: Change[]): Promise<void> | undefined {
  const left = changes[Symbol.iterator]();
  return fillTurn(batch, left, taken) ? undefined : fillLater(batch, left, taken);
}

async function fillLater(batch: Batch, left: Iterator<Change>, taken: Change[]): Promise<void> {
  do await new Promise<void>((resolve) => inLaterTurn(resolve));
  while (!fillTurn(batch, left, taken));
}

/** Puts in what one turn has time for; true when nothing is left. */
function fillTurn(batch: Batch, left: Iterator<Change>, taken: Change[]): boolean {
  let length = 0;
  for (let count = 0; count < TURN_CHANGES && length < TURN_LENGTH; count += 1) {
    const { done, value: change } = left.next();
    if (done === true) return true;
    const [key, value] = change;
    taken.push(change);
    if (typeof value === 'string') batch.put(key, value);
    else if (value === undefined) batch.del(key);
    else batch.put<string, Uint8Array>(key, value, BYTES);
    length += key.length + (value?.length ?? 0);
  }
  return false;
}

/** Where a cursor gets its walks from. */
interface WalkSource {
  /** @throws GraphError STORAGE_NOT_OPEN */
  assertOpen(): void;
  /** A walk over what lies behind a key, or over everything. */
  begin(after: string | undefined): MaybePromise<Walk>;
  /** False when the database of the walk was closed to be opened anew. */
  isAlive(walk: Walk): boolean;
  /** The next entries of a walk, at most `size`. */
  read(walk: Walk, size: number): Promise<TextEntry[]>;
}

/**
 * A walk over LevelDB's snapshot of the moment it began; when the database had to be opened anew meanwhile, it
 * goes on behind the last entry it gave.
 */
class LevelCursor implements TextCursor {
  readonly #source: WalkSource | undefined;
  #iterator: Walk | undefined;
  #last: string | undefined;
  #closed = false;

  /** @param source undefined when the storage was not open */
  constructor(source: WalkSource | undefined) {
    this.#source = source;
    const first = source?.begin(undefined);
    if (!(first instanceof Promise)) this.#iterator = first;
    else first.catch(() => undefined);
  }

  async next(size: number): Promise<TextEntry[]> {
    const source = this.#source;
    if (source === undefined) throw new GraphError('STORAGE_NOT_OPEN');
    source.assertOpen();
    if (this.#closed) return [];
    try {
      let iterator = this.#iterator;
      if (iterator === undefined || !source.isAlive(iterator)) iterator = await source.begin(this.#last);
      this.#iterator = iterator;
      const entries = await source.read(iterator, size);
      this.#last = entries.at(-1)?.[0] ?? this.#last;
      return entries;
    } catch (error) {
      throw asGraphError(error);
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
  readonly #recovery: LevelRecovery;
  #database: Database | undefined;
  /** The database is being opened anew; never rejects. */
  #reopening: Promise<void> | undefined;
  /** The commit asked for last; never rejects. */
  #lastCommit: Promise<void> = Promise.resolve();
  /** Pages that are read now. */
  #reading = 0;
  /** Bytes that a key of a synchronous read may take. */
  #keyRoom = 0;

  constructor(options: LevelStorageOptions) {
    this.#options = options;
    this.#sync = (options.durability ?? 'fsync') === 'fsync';
    this.#lifecycle = new Lifecycle(
      () => this.#openDatabase(),
      () => this.#closeDatabase(),
    );
    this.#recovery = new LevelRecovery({
      database: {
        read: (keys) => this.#database!.getMany<string, Uint8Array>([...keys], BYTES),
        reopen: () => this.#reopen(),
        write: (changes) => this.#write(changes),
      },
      isWritable: options.isWritable,
      clock: options.clock,
    });
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
      if (this.#reopening !== undefined) return this.#reopening.then(() => this.getText(key));
      const database = this.#opened();
      return readsInPlace(database) ? this.#getInPlace(database, key) : database.get(key);
    });
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return guarded(() => {
      if (this.#reopening !== undefined) return this.#reopening.then(() => this.getTexts(keys));
      const database = this.#opened();
      if (keys.length > KEYS_READ_IN_PLACE || !readsInPlace(database)) {
        return database.getMany([...keys]);
      }
      return keys.map((key) => this.#getInPlace(database, key));
    });
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return guarded(() => {
      if (this.#reopening !== undefined) return this.#reopening.then(() => this.getBytes(key));
      const database = this.#opened();
      if (readsInPlace(database)) {
        this.#makeRoom(database, key);
        return database.getSync<string, Uint8Array>(key, BYTES);
      }
      return database.get<string, Uint8Array>(key, BYTES);
    });
  }

  range({ from, to, reverse = false }: RangeOptions): TextCursor {
    if (this.#lifecycle.status !== 'open') return new LevelCursor(undefined);
    const rest = (after: string | undefined): IteratorOptions<string, string> => {
      if (after === undefined) return { gte: from, lt: to };
      return reverse ? { gte: from, lt: after } : { gt: after, lt: to };
    };
    return new LevelCursor({
      assertOpen: () => this.#lifecycle.assertOpen('STORAGE_NOT_OPEN'),
      isAlive: (walk) => walk.db === this.#database,
      read: (walk, size) => this.#readPage(walk, size),
      begin: (after) => {
        const options = { ...rest(after), reverse, fillCache: true, highWaterMarkBytes: PAGE_BYTES };
        const begin = (): Walk => this.#opened().iterator<string, string>(options);
        return this.#reopening === undefined ? begin() : this.#reopening.then(begin);
      },
    });
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    if (this.#recovery.isNeeded) await this.#recovery.recover();
    const batch = this.#opened().batch();
    const before = this.#lastCommit;
    const taken: Change[] = [];
    try {
      const filling = fill(batch, changes, taken);
      // Threads of the pool may overtake each other.
      const ready = filling === undefined ? before : filling.then(() => before);
      const write = ready.then(() => this.#recovery.run(taken, () => batch.write({ sync: this.#sync })));
      this.#lastCommit = write.catch(() => before);
      await write;
    } catch (error) {
      await batch.close();
      throw asGraphError(error);
    }
  }

  /** The more walks there are, the smaller are their pages. */
  async #readPage(walk: Walk, size: number): Promise<TextEntry[]> {
    this.#reading += 1;
    try {
      const share = Math.max(LEAST_PAGE, Math.floor(size / this.#reading));
      return await walk.nextv(Math.min(size, share));
    } finally {
      this.#reading -= 1;
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

  /** @throws GraphError STORAGE_NOT_OPEN; STORAGE_FAILED when it could not be opened anew after a failed write */
  #opened(): Database {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    if (this.#database === undefined) throw new GraphError('STORAGE_FAILED', 'it could not be opened anew');
    return this.#database;
  }

  /** Closes the database and opens it again; reads wait meanwhile. */
  async #reopen(): Promise<void> {
    const database = this.#database;
    const opening = (async (): Promise<void> => {
      await database?.close();
      this.#database = undefined;
      await this.#openDatabase();
    })();
    this.#reopening = opening.catch(() => undefined);
    try {
      await opening;
    } finally {
      this.#reopening = undefined;
    }
  }

  async #write(changes: readonly (readonly [string, Uint8Array | undefined])[]): Promise<void> {
    const batch = this.#database!.batch();
    for (const [key, value] of changes) {
      if (value === undefined) batch.del(key);
      else batch.put<string, Uint8Array>(key, value, BYTES);
    }
    await batch.write({ sync: true });
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
      throw new GraphError(openingCode(error), location, { cause: error });
    }
    this.#database = database;
    this.#keyRoom = 0;
  }

  async #closeDatabase(): Promise<void> {
    await this.#lastCommit;
    await this.#recovery.idle();
    await this.#database?.close();
    this.#database = undefined;
  }
}
