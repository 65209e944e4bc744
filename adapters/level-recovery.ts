/**
 * What follows a failed write to LevelDB. Its log may end in half a record then, and whatever was appended
 * behind that would be lost at the next opening; so nothing more is written until the database was opened anew.
 */
import { compareBytes, utf8 } from '../lib/base/bytes.ts';
import { systemClock, type Clock } from '../lib/base/clock.ts';
import { GraphError, relayError, type GraphErrorCode } from '../lib/base/errors.ts';
import type { Change } from '../lib/store/storage.ts';

type Bytes = Uint8Array | undefined;
type ByteChange = readonly [key: string, value: Bytes];

/** What recovery does to the database. */
export interface RecoverableDatabase {
  /** The bytes at `keys`, in their order. */
  read(keys: readonly string[]): Promise<Bytes[]>;
  /** Closes the database and opens it again. */
  reopen(): Promise<void>;
  /** Writes without asking this recovery. */
  write(changes: readonly ByteChange[]): Promise<void>;
}

/** What recovery needs. */
export interface LevelRecoveryOptions {
  readonly database: RecoverableDatabase;
  /** Tells whether the disk takes writes again; without it, opening anew is the probe. */
  readonly isWritable?: (() => Promise<boolean>) | undefined;
  readonly clock?: Clock | undefined;
}

/** Least time between two probes. */
const PROBE_MS = 1000;

/** How systems say that there is no room: no space left, quota used up, file as large as it may be. */
const NO_ROOM = /No space left on device|Disk quota exceeded|File too large/;

/** True when LevelDB says that the disk is full. */
export function isNoRoom(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (NO_ROOM.test(at.message)) return true;
  return false;
}

function codeOf(error: unknown): GraphErrorCode {
  return isNoRoom(error) ? 'STORAGE_FULL' : 'STORAGE_FAILED';
}

function bytesOf(value: Change[1]): Bytes {
  return typeof value === 'string' ? utf8(value) : value?.slice();
}

function isSame(a: Bytes, b: Bytes): boolean {
  return a === undefined || b === undefined ? a === b : compareBytes(a, b) === 0;
}

/** One failed commit: what it wanted, and what was there before. */
interface Failed {
  readonly wanted: ReadonlyMap<string, Bytes>;
  /** Read while the database that refused the commit is still open. */
  before: Bytes[] | undefined;
}

/**
 * Runs the writes of a database. After one has failed, all others are refused with STORAGE_FULL or
 * STORAGE_FAILED until {@link recover} has brought the database back.
 *
 * Whether the failed commit is in the log shows only when it is opened anew. If it is, it is undone: those who
 * asked for it were told that nothing was stored.
 */
export class LevelRecovery {
  readonly #database: RecoverableDatabase;
  readonly #isWritable: () => Promise<boolean>;
  readonly #clock: Clock;
  #failed: Failed | undefined;
  #error: unknown;
  #nextProbe = 0;
  #running: Promise<void> | undefined;

  constructor({ database, isWritable, clock }: LevelRecoveryOptions) {
    this.#database = database;
    this.#isWritable = isWritable ?? ((): Promise<boolean> => Promise.resolve(true));
    this.#clock = clock ?? systemClock;
  }

  /** True while writes are refused. */
  get isNeeded(): boolean {
    return this.#failed !== undefined;
  }

  /**
   * Writes a commit.
   *
   * @throws GraphError STORAGE_FULL or STORAGE_FAILED when it fails, or when one before it has failed
   */
  async run(changes: readonly Change[], write: () => Promise<void>): Promise<void> {
    if (this.#failed !== undefined) throw this.#refusal();
    try {
      await write();
    } catch (error) {
      this.#error = error;
      this.#failed = {
        wanted: new Map(changes.map(([key, value]) => [key, bytesOf(value)])),
        before: undefined,
      };
      throw this.#refusal();
    }
  }

  /**
   * Tries to make the database take writes again; calls at the same time share one try, and there is at most
   * one a second.
   *
   * @throws GraphError STORAGE_FULL or STORAGE_FAILED while it does not; STORAGE_DAMAGED when the database,
   * opened anew, holds something else than before
   */
  recover(): Promise<void> {
    this.#running ??= this.#try().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when no try runs. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  async #try(): Promise<void> {
    const failed = this.#failed;
    if (failed === undefined) return;
    const now = this.#clock();
    if (now < this.#nextProbe) throw this.#refusal();
    this.#nextProbe = now + PROBE_MS;
    try {
      if (!(await this.#isWritable())) throw this.#refusal();
      failed.before ??= await this.#database.read([...failed.wanted.keys()]);
      await this.#database.reopen();
      await this.#undo(failed.wanted, failed.before);
    } catch (error) {
      if (error instanceof GraphError && error.code !== 'STORAGE_UNREADABLE') throw error;
      this.#error = error;
      throw this.#refusal();
    }
    this.#failed = undefined;
  }

  async #undo(wanted: ReadonlyMap<string, Bytes>, before: readonly Bytes[]): Promise<void> {
    const keys = [...wanted.keys()];
    const after = await this.#database.read(keys);
    const undone: ByteChange[] = [];
    for (const [at, key] of keys.entries()) {
      if (isSame(after[at], before[at])) continue;
      if (!isSame(after[at], wanted.get(key))) {
        throw relayError('STORAGE_DAMAGED', 'opened anew after a failed write, it holds something else');
      }
      undone.push([key, before[at]]);
    }
    if (undone.length > 0) await this.#database.write(undone);
  }

  #refusal(): GraphError {
    return new GraphError(codeOf(this.#error), undefined, { cause: this.#error });
  }
}
