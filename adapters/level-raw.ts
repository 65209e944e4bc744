/** LevelDB below the storage contract, for looking through a store and for repairing it; Node only. */
import { Level, type Iterator as LevelIterator } from 'level';

type Bytes = Uint8Array;
type RawDatabase = Level<Bytes, Bytes>;

/** Keys and values as the bytes they are. */
export type RawEntry = readonly [key: Bytes, value: Bytes];

/** Which keys a walk covers; everything without bounds. */
export interface RawRange {
  /** First key. */
  readonly from?: Bytes;
  /** First key that is not covered. */
  readonly to?: Bytes;
  /** True to walk from the end. */
  readonly reverse?: boolean;
  /** Entries read in one step, 500 unless said; a step that meets damage gives none of them. */
  readonly step?: number;
}

const STEP = 500;

/** What LevelDB offers as a static method; the published types of `level` lack it. */
interface Repairable {
  repair(location: string): Promise<void>;
}

/** Makes LevelDB gather from the files of a folder what can be read, and write a new directory of it. */
export async function repairLevel(location: string): Promise<void> {
  await (Level as unknown as Repairable).repair(location);
}

/** An open database; every method rejects with the error that LevelDB gave. */
export class RawLevel {
  readonly #database: RawDatabase;

  /** @param createIfMissing false when opening a folder without a store is an error */
  constructor(location: string, createIfMissing = false) {
    this.#database = new Level(location, { keyEncoding: 'view', valueEncoding: 'view', createIfMissing });
  }

  open(): Promise<void> {
    return this.#database.open();
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  /** The value at a key, undefined when there is none. */
  get(key: Bytes): Promise<Bytes | undefined> {
    return this.#database.get(key);
  }

  /** Walks over a snapshot of entries, in the order of their keys. */
  async *walk({ from, to, reverse = false, step = STEP }: RawRange = {}): AsyncGenerator<RawEntry> {
    const iterator: LevelIterator<RawDatabase, Bytes, Bytes> = this.#database.iterator({
      ...(from === undefined ? {} : { gte: from }),
      ...(to === undefined ? {} : { lt: to }),
      reverse,
      fillCache: false,
    });
    try {
      for (;;) {
        const page = await iterator.nextv(step);
        if (page.length === 0) return;
        yield* page;
      }
    } finally {
      await iterator.close();
    }
  }

  /** Writes changes, all or none, synced; undefined deletes. */
  async write(changes: readonly (readonly [key: Bytes, value: Bytes | undefined])[]): Promise<void> {
    const batch = this.#database.batch();
    for (const [key, value] of changes) {
      if (value === undefined) batch.del(key);
      else batch.put(key, value);
    }
    await batch.write({ sync: true } as object);
  }
}
