import { headRange } from './log-keys.ts';
import type { Storage } from './storage.ts';

/** Keys read in one step. */
const STEP_KEYS = 1024;
/** Forks whose evidence is kept beyond the logs that are held: each is told to everybody who does not know it. */
const MOST_UNHELD_FORKS = 1000;

/** How many logs are held, and whether a stranger may open one more; each author has one. */
export class LogRoom {
  readonly #storage: Storage;
  readonly #most: number;
  #size = 0;

  /** @param most logs beyond which only those of invited authors are opened */
  constructor(storage: Storage, most: number) {
    this.#storage = storage;
    this.#most = most;
  }

  /** Logs that are held. */
  get size(): number {
    return this.#size;
  }

  /** Counts what an earlier run left. */
  async load(): Promise<void> {
    const cursor = this.#storage.range(headRange());
    this.#size = 0;
    try {
      for (;;) {
        const found = await cursor.next(STEP_KEYS);
        if (found.length === 0) return;
        this.#size += found.length;
      }
    } finally {
      await cursor.close();
    }
  }

  /** True when a stranger may open a log beside so many that a commit under way opens. */
  hasRoom(opened: number): boolean {
    return this.#size + opened < this.#most;
  }

  /** True when evidence of one more fork may be kept beside so many. */
  hasEvidenceRoom(kept: number): boolean {
    return kept < Math.min(this.#most, this.#size + MOST_UNHELD_FORKS);
  }

  /** Counts logs that were opened, durably. */
  add(opened: number): void {
    this.#size += opened;
  }
}
