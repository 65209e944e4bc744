import { GraphError, type GraphErrorCode } from './errors.ts';

/** Where a resource stands between its creation and its end. */
export type Status = 'opening' | 'open' | 'closing' | 'closed';

/**
 * The life of one resource: opened once, closed once, whatever the number of calls.
 *
 * Owners embed it, give it what to do, and ask `assertOpen` before each operation.
 */
export class Lifecycle {
  #status: Status = 'closed';
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  readonly #open: () => Promise<void> | void;
  readonly #close: () => Promise<void> | void;

  constructor(open: () => Promise<void> | void, close: () => Promise<void> | void) {
    this.#open = open;
    this.#close = close;
  }

  get status(): Status {
    return this.#status;
  }

  /** Opens, or waits for the opening under way; rejects with what the opening threw. */
  async open(): Promise<void> {
    if (this.#status === 'closing') await this.#closing?.catch(() => undefined);
    if (this.#status === 'closed') this.#opening = this.#runOpen();
    await this.#opening;
  }

  /** Closes, or waits for the closing under way; rejects with what that closing threw. A closed one stays closed. */
  async close(): Promise<void> {
    if (this.#status === 'opening') await this.#opening?.catch(() => undefined);
    if (this.#status === 'open') this.#closing = this.#runClose();
    if (this.#status === 'closing') await this.#closing;
  }

  /** @throws GraphError with `code` unless the resource is open */
  assertOpen(code: GraphErrorCode): void {
    if (this.#status !== 'open') throw new GraphError(code);
  }

  async #runOpen(): Promise<void> {
    this.#status = 'opening';
    try {
      await this.#open();
      this.#status = 'open';
    } catch (error) {
      this.#status = 'closed';
      throw error;
    }
  }

  async #runClose(): Promise<void> {
    this.#status = 'closing';
    try {
      await this.#close();
    } finally {
      this.#status = 'closed';
    }
  }
}
