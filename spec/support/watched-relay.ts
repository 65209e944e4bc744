/** A relay in a thread of its own whose event loop is watched: how long it was held at most. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/** What the reference work takes on the machine that the bounds are for: two cores of 2020, nothing else running. */
const NOMINAL_MS = 20;

/** What the thread is made with. */
export interface WatchedOptions {
  readonly data: string;
  /** The young generation of the thread's heap, in MiB; the usual one of 48 MiB when absent. */
  readonly youngMib?: number;
}

/** What the thread tells. */
export type WatchedMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'held'; readonly ms: number; readonly referenceMs: number };

/** What the thread is asked: how long its loop was held, or to end. */
export type WatchedRequest = 'held' | 'close';

/** A relay that listens. */
export class WatchedRelay {
  readonly url: string;
  readonly #worker: Worker;

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.url = `http://127.0.0.1:${port}/gun`;
  }

  /** Starts a relay over a data folder. */
  static async start(options: WatchedOptions): Promise<WatchedRelay> {
    const thread = new URL('watched-relay-thread.js', import.meta.url);
    const { youngMib } = options;
    const resourceLimits = youngMib === undefined ? {} : { maxYoungGenerationSizeMb: youngMib };
    const worker = new Worker(thread, { workerData: options, resourceLimits });
    const [message] = (await once(worker, 'message')) as [WatchedMessage];
    if (message.kind !== 'listening') throw new Error(`the relay's thread said ${message.kind}`);
    return new WatchedRelay(worker, message.port);
  }

  /**
   * The longest turn of the relay's event loop since the last call, in milliseconds of a machine that takes
   * {@link NOMINAL_MS} for the reference work; faster ones count as they are.
   */
  async held(): Promise<number> {
    const answer = once(this.#worker, 'message') as Promise<[WatchedMessage]>;
    this.#ask('held');
    const [message] = await answer;
    if (message.kind !== 'held') return Number.NaN;
    return message.ms / Math.max(1, message.referenceMs / NOMINAL_MS);
  }

  async close(): Promise<void> {
    const exit = once(this.#worker, 'exit');
    this.#ask('close');
    await exit;
  }

  #ask(request: WatchedRequest): void {
    // Threads have no origins.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#worker.postMessage(request);
  }
}
