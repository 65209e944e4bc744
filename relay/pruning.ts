/** Drops what newer operations supersede, again and again while the relay runs. */
import { BodyPruner, type BodyPrunerOptions, type PrunePass } from '../lib/store/body-pruner.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';

/** When the first pass begins, and how long it is from one to the next, in milliseconds. */
const FIRST_MS = 60_000;
const PAUSE_MS = 1_800_000;

/** What pruning tells the operator. */
export type PruneEvent =
  ({ readonly kind: 'pruned' } & PrunePass) | { readonly kind: 'prune-failed'; readonly reason: string };

/** What it needs. */
export interface PruningOptions extends BodyPrunerOptions {
  readonly startTimer: StartTimer;
  readonly report: (event: PruneEvent) => void;
}

/** Passes over all logs, one after the other. */
export class Pruning {
  readonly #options: PruningOptions;
  readonly #pruner: BodyPruner;
  #stopTimer: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: PruningOptions) {
    this.#options = options;
    this.#pruner = new BodyPruner(options);
  }

  /** Begins some time later. */
  start(): void {
    this.#arm(FIRST_MS);
  }

  /** Ends the pass under way early. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    this.#pruner.stop();
    await this.#running;
  }

  #arm(waitMs: number): void {
    if (this.#isClosed) return;
    this.#stopTimer = this.#options.startTimer(() => {
      this.#running = this.#pass();
    }, waitMs);
  }

  async #pass(): Promise<void> {
    try {
      const pass = await this.#pruner.run();
      if (pass.bodies > 0) this.#options.report({ kind: 'pruned', ...pass });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.report({ kind: 'prune-failed', reason });
    }
    this.#arm(PAUSE_MS);
  }
}
