import type { FieldWrite } from '../graph/write.ts';
import type { Change, Storage } from '../store/storage.ts';
import type { PutOutcome } from '../store/put-request.ts';
import type { Beside, GraphKeeper } from './keeper.ts';

/** What a log is read from. */
export type Records = Pick<Storage, 'getText'> & Partial<Pick<Storage, 'range'>>;

/** Makes changes out of records; rejects to refuse the writes that go with them. */
export type Make = (records: Records) => Promise<readonly Change[]>;

/** The records of an author: in the storage of the graph, where there is one, else in memory. */
export class AuthorRecords {
  readonly #keeper: GraphKeeper;
  /** In place of a storage. */
  #memory: MemoryRecords | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(keeper: GraphKeeper) {
    this.#keeper = keeper;
  }

  /** Finds out where the records are; once, before everything else. */
  async open(): Promise<void> {
    let isStored = false;
    await this.#keeper.commit([], true, async () => {
      isStored = true;
    });
    if (!isStored) this.#memory = new MemoryRecords();
  }

  /** True when they outlive the graph. */
  get areStored(): boolean {
    return this.#memory === undefined;
  }

  /**
   * Commits writes to the graph and changes of the records at once, or neither; one after the other, also where several
   * tabs share the storage.
   *
   * @returns rejects with what `make` rejects with
   */
  commit(writes: readonly FieldWrite[], make: Make): Promise<PutOutcome> {
    const committed = this.#after(this.#last, writes, make);
    this.#last = committed.catch(() => undefined);
    return committed;
  }

  async #after(before: Promise<unknown>, writes: readonly FieldWrite[], make: Make): Promise<PutOutcome> {
    await before;
    const memory = this.#memory;
    if (memory !== undefined) {
      memory.apply(await make(memory));
      return this.#keeper.commit(writes, true);
    }
    const kept = [...writes];
    let fault: unknown;
    const beside: Beside = async (storage, changes) => {
      try {
        changes.push(...(await make(storage)));
      } catch (error) {
        fault = error;
        kept.length = 0;
      }
    };
    const outcome = await this.#keeper.commit(kept, true, beside);
    if (fault !== undefined) throw fault;
    return outcome;
  }
}

/** Records in memory. */
class MemoryRecords implements Records {
  readonly #values = new Map<string, Change[1]>();

  getText(key: string): string | undefined {
    return this.#values.get(key) as string | undefined;
  }

  apply(changes: readonly Change[]): void {
    for (const [key, value] of changes) {
      if (value === undefined) this.#values.delete(key);
      else this.#values.set(key, value);
    }
  }
}
