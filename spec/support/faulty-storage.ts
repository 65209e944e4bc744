/** A storage around another one that counts what it is asked, and fails, waits or answers late as told. */
import { GraphError } from '../../lib/base/errors.ts';
import type {
  Change,
  MaybePromise,
  RangeOptions,
  Storage,
  TextCursor,
  TextEntry,
} from '../../lib/store/storage.ts';

/** What can fail or be held; `next` is one step of a walk. */
export type Operation = 'getText' | 'getTexts' | 'getBytes' | 'range' | 'next' | 'commit';

/** One call that waits until a spec lets it go on. */
export interface Hold {
  /** Resolves when the call has come. */
  readonly reached: Promise<void>;
  /** Lets the call go on. */
  release(): void;
}

class PendingHold implements Hold {
  readonly operations: readonly Operation[];
  readonly when: 'before' | 'after';
  readonly reached: Promise<void>;
  readonly released: Promise<void>;
  came!: () => void;
  release!: () => void;

  constructor(operations: readonly Operation[], when: 'before' | 'after') {
    this.operations = operations;
    this.when = when;
    this.reached = new Promise((resolve) => {
      this.came = resolve;
    });
    this.released = new Promise((resolve) => {
      this.release = resolve;
    });
  }
}

/** Counts every call; says no, or not yet, where a spec wants it. */
export class FaultyStorage implements Storage {
  /** Calls of each operation so far, failed ones too. */
  readonly calls: Record<Operation, number> = {
    getText: 0,
    getTexts: 0,
    getBytes: 0,
    range: 0,
    next: 0,
    commit: 0,
  };
  /** The changes of each commit that went through. */
  readonly commits: (readonly Change[])[] = [];
  /** Calls so far that can fail: everything but `range`, whose faults show in `next`. */
  steps = 0;
  /** Walks that nobody closed. */
  openCursors = 0;
  /** Commits that the storage is busy with; those that are held, or hang, do not count. */
  commitsUnderWay = 0;
  /** Says whether the call fails; `step` counts from 0. */
  fails: (operation: Operation, step: number) => boolean = () => false;
  /** The error of a call that fails. */
  failure: (operation: Operation) => Error = failureOf;
  /** Says whether the call never comes back, as when the process is killed: before it is done, or after. */
  hangs: (operation: Operation, step: number) => 'before' | 'after' | undefined = () => undefined;
  /** True to answer reads through promises, as a storage on disk does. */
  late = false;
  /** True to make the texts of a walk anew, as a storage on disk does. */
  copies = false;
  /** What such a read, once its answer is known, waits for. */
  delay: () => Promise<void> = () => Promise.resolve();
  readonly #inner: Storage;
  readonly #holds: PendingHold[] = [];

  constructor(inner: Storage) {
    this.#inner = inner;
  }

  /** Every change that went through, in order. */
  get changes(): Change[] {
    return this.commits.flat();
  }

  /**
   * Makes the next call of an operation wait.
   *
   * @param when whether it waits before it is done or after, when its answer is known already
   */
  hold(operation: Operation, when: 'before' | 'after' = 'before'): Hold {
    return this.holdAny([operation], when);
  }

  /** Makes the next call of any of some operations wait. */
  holdAny(operations: readonly Operation[], when: 'before' | 'after' = 'before'): Hold {
    const hold = new PendingHold(operations, when);
    this.#holds.push(hold);
    return hold;
  }

  open(): Promise<void> {
    return this.#inner.open();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return this.#read('getText', () => this.#inner.getText(key));
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return this.#read('getTexts', () => this.#inner.getTexts(keys));
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return this.#read('getBytes', () => this.#inner.getBytes(key));
  }

  range(options: RangeOptions): TextCursor {
    this.calls.range += 1;
    this.openCursors += 1;
    const cursor = this.#inner.range(options);
    let isOpen = true;
    return {
      next: (size: number): Promise<TextEntry[]> =>
        this.#wait('next', () => this.#delayed(async () => this.#copied(await cursor.next(size)))),
      close: () => {
        if (isOpen) this.openCursors -= 1;
        isOpen = false;
        return cursor.close();
      },
    };
  }

  commit(changes: Iterable<Change>): Promise<void> {
    const copy = [...changes];
    return this.#wait('commit', async () => {
      this.commitsUnderWay += 1;
      try {
        await this.#inner.commit(copy);
      } finally {
        this.commitsUnderWay -= 1;
      }
      this.commits.push(copy);
    });
  }

  #read<T>(operation: Operation, read: () => MaybePromise<T>): MaybePromise<T> {
    if (
      this.late ||
      this.hangs(operation, this.steps) !== undefined ||
      this.#holds.some((hold) => hold.operations.includes(operation))
    ) {
      return this.#wait(operation, () => this.#delayed(async () => await read()));
    }
    return this.fails(operation, this.#count(operation)) ? Promise.reject(this.failure(operation)) : read();
  }

  async #wait<T>(operation: Operation, act: () => Promise<T>): Promise<T> {
    const step = this.#count(operation);
    const hangs = this.hangs(operation, step);
    if (hangs === 'before') await NEVER;
    const at = this.#holds.findIndex((hold) => hold.operations.includes(operation));
    const hold = at < 0 ? undefined : this.#holds.splice(at, 1)[0];
    if (hold?.when === 'before') await this.#stop(hold);
    if (this.fails(operation, step)) throw this.failure(operation);
    const answer = await act();
    if (hangs === 'after') await NEVER;
    if (hold?.when === 'after') await this.#stop(hold);
    return answer;
  }

  #copied(entries: TextEntry[]): TextEntry[] {
    return this.copies ? structuredClone(entries) : entries;
  }

  async #delayed<T>(read: () => Promise<T>): Promise<T> {
    const answer = await read();
    if (this.late) await this.delay();
    return answer;
  }

  async #stop(hold: PendingHold): Promise<void> {
    hold.came();
    await hold.released;
  }

  /** Counts a call; gives its step. */
  #count(operation: Operation): number {
    this.calls[operation] += 1;
    this.steps += 1;
    return this.steps - 1;
  }
}

const NEVER = new Promise<never>(() => undefined);

function failureOf(operation: Operation): GraphError {
  return new GraphError('STORAGE_FAILED', `${operation} was told to fail`);
}
