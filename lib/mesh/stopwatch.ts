/**
 * Measures how long things take that happen too often to measure each: one at a time, the next to begin after
 * the last one is done. While little happens that is all of them.
 */
export class Stopwatch {
  readonly #now: () => number;
  /** Told each time, in milliseconds. */
  onTime: (ms: number) => void = () => undefined;
  #startedAt: number | undefined;

  /** @param now milliseconds of a clock that only rises */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** True when what begins now is measured; {@link stop} must follow then. */
  start(): boolean {
    if (this.#startedAt !== undefined) return false;
    this.#startedAt = this.#now();
    return true;
  }

  /** What is measured is done. */
  stop(): void {
    if (this.#startedAt === undefined) return;
    const ms = this.#now() - this.#startedAt;
    this.#startedAt = undefined;
    this.onTime(ms);
  }
}
