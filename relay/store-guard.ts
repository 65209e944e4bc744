/** Storage that watches over its data folder: what is damaged is told and becomes read-only, never hidden. */
import { SealedStorage } from '../adapters/sealed-storage.ts';
import { GraphError, relayError, type ErrorCode } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import type { Change, MaybePromise, RangeOptions, Storage, TextCursor } from '../lib/store/storage.ts';
import { CommitCounter, readCommitCount } from './commit-counter.ts';
import { DataFolder } from './data-folder.ts';
import type { Durability } from './option-table.ts';
import { reasonOf } from './store-check.ts';

/** What the guard tells the operator. */
export type GuardEvent =
  /** Reads go on, writes are refused until the store is repaired. */
  | { readonly kind: 'store-damaged'; readonly data: string; readonly reason: string; readonly todo: string }
  /** A power cut took commits that were never promised to survive one. */
  | { readonly kind: 'store-behind'; readonly lostCommits: number }
  /** Nothing says how many commits there were; the count begins anew. */
  | { readonly kind: 'store-uncounted' }
  | { readonly kind: 'counter-failed'; readonly error: unknown }
  /** Writes are refused from now on, until there is room again. */
  | { readonly kind: 'store-full'; readonly data: string }
  | { readonly kind: 'store-writable' };

/** What the guard needs. */
export interface GuardOptions {
  /** The data folder. */
  readonly location: string;
  readonly durability: Durability;
  /** LevelDB in that folder. */
  readonly storage: Storage;
  readonly report?: ((event: GuardEvent) => void) | undefined;
}

/** What LevelDB says of damaged files, and of tables that are cut off, gone or on a bad part of the disk. */
const LEVEL_DAMAGE = /^Corruption: |\.(?:ldb|sst): (?:Invalid argument|No such file|Input\/output error)/;

/** What LevelDB said, when it tells of damage. */
function levelDamage(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (LEVEL_DAMAGE.test(at.message)) return at.message;
  }
  return undefined;
}

function isCode(error: unknown, code: ErrorCode): error is GraphError {
  return error instanceof GraphError && error.code === code;
}

/** The commands that tell what is wrong, and make the best of it. */
function commandsFor(data: string): string {
  const folder = JSON.stringify(data);
  return `run: thicket check --data ${folder}, thicket repair --data ${folder}`;
}

function unopenable(data: string, reason: string, cause?: unknown): GraphError {
  const folder = JSON.stringify(data);
  return relayError('STORAGE_DAMAGED', `${reason}; run: thicket repair --data ${folder}`, { cause });
}

/**
 * The storage contract around LevelDB and its folder: every value sealed (see `SealedStorage`), the commits
 * counted in a file beside the store, the logs looked through before each opening.
 *
 * A damaged store is read-only: reads go on and are verified, commits reject with STORAGE_DAMAGED, over
 * restarts, until it is repaired. One that LevelDB cannot open at all rejects to open with that code.
 */
export class GuardedStorage implements Storage {
  readonly #folder: DataFolder;
  readonly #durability: Durability;
  readonly #sealed: SealedStorage;
  readonly #report: (event: GuardEvent) => void;
  readonly #lifecycle = new Lifecycle(
    () => this.#open(),
    () => this.#close(),
  );
  #counter: CommitCounter | undefined;
  #damage: string | undefined;
  #isFull = false;

  constructor({ location, durability, storage, report }: GuardOptions) {
    this.#folder = new DataFolder(location);
    this.#durability = durability;
    this.#sealed = new SealedStorage(storage, { onDamage: (reason) => this.#found(reason) });
    this.#report = report ?? ((): void => undefined);
  }

  /** Why the store is read-only, undefined while it is sound. */
  get damage(): string | undefined {
    return this.#damage;
  }

  open(): Promise<void> {
    return this.#lifecycle.open();
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return this.#watched(this.#sealed.getText(key));
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return this.#watched(this.#sealed.getTexts(keys));
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return this.#watched(this.#sealed.getBytes(key));
  }

  range(options: RangeOptions): TextCursor {
    const cursor = this.#sealed.range(options);
    return {
      next: async (size) => await this.#watched(cursor.next(size)),
      close: () => cursor.close(),
    };
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
    if (this.#damage !== undefined) throw relayError('STORAGE_DAMAGED', 'it is read-only');
    try {
      await this.#sealed.commit(changes);
    } catch (error) {
      if (isCode(error, 'STORAGE_FULL')) this.#setFull(true);
      this.#fail(error);
    }
    this.#setFull(false);
    this.#count();
  }

  #setFull(isFull: boolean): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    if (isFull) this.#report({ kind: 'store-full', data: this.#folder.path });
    else this.#report({ kind: 'store-writable' });
  }

  #watched<T>(answer: MaybePromise<T>): MaybePromise<T> {
    return answer instanceof Promise ? answer.catch((error: unknown) => this.#fail(error)) : answer;
  }

  /** @throws GraphError what was given, or STORAGE_DAMAGED when LevelDB says so */
  #fail(error: unknown): never {
    const reason = levelDamage(error);
    if (reason === undefined) {
      if (isCode(error, 'STORAGE_DAMAGED')) this.#found(error.message);
      throw error;
    }
    this.#found(reason);
    throw relayError('STORAGE_DAMAGED', reason, { cause: error });
  }

  /** A count that cannot be written only makes a later loss harder to see. */
  #count(): void {
    try {
      this.#counter?.write(this.#sealed.commits);
    } catch (error) {
      this.#report({ kind: 'counter-failed', error });
      this.#counter?.close();
      this.#counter = undefined;
    }
  }

  #found(reason: string): void {
    if (this.#damage !== undefined) return;
    this.#damage = reason;
    this.#folder.setMark(reason);
    if (this.#lifecycle.status === 'open') this.#tell(reason);
  }

  #tell(reason: string): void {
    this.#report({
      kind: 'store-damaged',
      data: this.#folder.path,
      reason,
      todo: `writes are refused; stop the relay and ${commandsFor(this.#folder.path)}`,
    });
  }

  async #open(): Promise<void> {
    const { mark, logState: logs } = this.#folder;
    this.#damage = mark;
    // Before LevelDB opens the folder, because it deletes the logs it has read.
    if (logs === 'damaged') this.#found('the write-ahead log cannot be read in its middle');
    await this.#openSealed();
    // A disk that cannot do that has told nothing of the store.
    await this.#folder.removeRebuild().catch(() => undefined);
    try {
      if (logs === 'whole' && this.#folder.dropped !== undefined) this.#found(this.#folder.dropped);
      this.#compareCounts();
      if (this.#damage === undefined) this.#beginCounting();
      else this.#tell(this.#damage);
    } catch (error) {
      await this.#sealed.close();
      throw error;
    }
  }

  /** A store that cannot be opened at all needs no mark. */
  async #openSealed(): Promise<void> {
    const { path, isHeadless } = this.#folder;
    if (isHeadless) throw unopenable(path, 'the file CURRENT is missing');
    try {
      await this.#sealed.open();
    } catch (error) {
      throw this.#reasonNotToOpen(error);
    }
  }

  #reasonNotToOpen(error: unknown): unknown {
    const { path, hasStore } = this.#folder;
    const isDamaged = isCode(error, 'STORAGE_DAMAGED');
    const reason = isDamaged ? 'what it notes about itself does not fit its checksum' : levelDamage(error);
    if (reason !== undefined) return unopenable(path, reason, error);
    // LevelDB's own reason may be one file that is gone, and then there is something to do about it.
    if (!isCode(error, 'STORAGE_UNREADABLE') || error.cause === undefined || !hasStore) return error;
    const detail = `${reasonOf(error)}; ${commandsFor(path)}`;
    return new GraphError('STORAGE_UNREADABLE', detail, { cause: error });
  }

  #compareCounts(): void {
    const { commits } = this.#sealed;
    const known = readCommitCount(this.#folder.counterFile);
    const lostCommits = (known?.commits ?? 0) - commits;
    if (known === undefined && commits > 0) this.#report({ kind: 'store-uncounted' });
    if (lostCommits > 0 && known?.durability === 'fsync') {
      this.#found(`the last ${lostCommits} of ${known.commits} commits are gone`);
    } else if (lostCommits > 0) this.#report({ kind: 'store-behind', lostCommits });
  }

  #beginCounting(): void {
    const { commits } = this.#sealed;
    this.#counter = new CommitCounter(this.#folder.counterFile, { commits, durability: this.#durability });
    this.#folder.sync();
  }

  async #close(): Promise<void> {
    try {
      await this.#sealed.close();
    } finally {
      this.#counter?.close();
      this.#counter = undefined;
    }
  }
}
