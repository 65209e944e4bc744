import type { FieldWrite } from '../graph/write.ts';

/** Writes of one operation, however short they are. */
const MOST_WRITES = 1000;

/** What a batch is made with. */
export interface BatchOptions<T> {
  /** How long it waits for more, in milliseconds. */
  readonly waitMs: number;
  /** Bytes of all writes together. */
  readonly mostBytes: number;
  /** Does what there is to do with a batch. */
  readonly publish: (writes: readonly FieldWrite[]) => Promise<T>;
}

/** Gathers the writes of a short window; the first one opens it, and whoever comes meanwhile shares what comes of it. */
export class AuthorBatch<T> {
  readonly #options: BatchOptions<T>;
  #open: OpenBatch<T> | undefined;

  constructor(options: BatchOptions<T>) {
    this.#options = options;
  }

  /**
   * Adds the writes of one message, which stay together.
   *
   * @param bytes what they take, about
   */
  add(writes: readonly FieldWrite[], bytes: number): Promise<T> {
    const { waitMs, mostBytes } = this.#options;
    const before = this.#open;
    const isFull =
      before !== undefined &&
      (before.bytes + bytes > mostBytes || before.writes.length + writes.length > MOST_WRITES);
    if (isFull) this.flush();
    const batch = (this.#open ??= this.#begin(waitMs));
    batch.writes.push(...writes);
    batch.bytes += bytes;
    return batch.published;
  }

  /** Publishes what waits, now. */
  flush(): void {
    const batch = this.#open;
    if (batch === undefined) return;
    this.#open = undefined;
    clearTimeout(batch.timer);
    this.#options.publish(batch.writes).then(batch.settle, batch.fail);
  }

  #begin(waitMs: number): OpenBatch<T> {
    let settle!: (value: T) => void;
    let fail!: (error: unknown) => void;
    const published = new Promise<T>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    return {
      writes: [],
      bytes: 0,
      published,
      settle,
      fail,
      timer: setTimeout(() => this.flush(), waitMs),
    };
  }
}

interface OpenBatch<T> {
  readonly writes: FieldWrite[];
  bytes: number;
  readonly published: Promise<T>;
  readonly settle: (value: T) => void;
  readonly fail: (error: unknown) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}
