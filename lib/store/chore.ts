import type { StartTimer } from './deferred-writes.ts';

/** Pause after a failure, in milliseconds. */
const RETRY_MS = 1000;

/** What a chore needs. */
export interface ChoreParts {
  /** Does all there is to do, and ends early when the chore {@link Chore.isClosed is closed}. */
  readonly work: () => Promise<void>;
  readonly startTimer: StartTimer;
  /** Told why the work failed; it is tried again. */
  readonly failed: (reason: string) => void;
}

/**
 * Work on the store that goes on beside everything else, once at a time: begun whenever there may be something to do, tried
 * again a second after a failure. What it leaves undone stands in the store, so that it is done after the next start.
 */
export class Chore {
  readonly #parts: ChoreParts;
  #running: Promise<void> | undefined;
  /** True when something may have come that the work under way did not see. */
  #isDue = false;
  #isClosed = false;
  #stopTimer: () => void = () => undefined;

  constructor(parts: ChoreParts) {
    this.#parts = parts;
  }

  /** True from the call of {@link close} on. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Does what there is to do; once more, if that is being done. */
  wake(): void {
    this.#stopTimer();
    this.#isDue = true;
    if (!this.#isClosed) this.#running ??= this.#run();
  }

  /** Resolves when nothing is left, or it failed and waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Ends early. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isDue && !this.#isClosed) {
        this.#isDue = false;
        await this.#parts.work();
      }
    } catch (error) {
      this.#parts.failed(error instanceof Error ? error.message : String(error));
      if (!this.#isClosed) this.#stopTimer = this.#parts.startTimer(() => this.wake(), RETRY_MS);
    } finally {
      this.#running = undefined;
    }
  }
}
