/** How much of something may happen. */
export interface Rate {
  readonly perSecond: number;
  /** How much may happen at once after a pause. */
  readonly burst: number;
}

const SECOND_MS = 1000;

/** A bucket that fills at a steady rate up to its burst; times are milliseconds that never go back. */
export class TokenBucket {
  readonly #rate: Rate;
  #level: number;
  #filledAt: number;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#level = rate.burst;
    this.#filledAt = now;
  }

  /** What is in it; below 0 what is owed. */
  level(now: number): number {
    const { perSecond, burst } = this.#rate;
    const filled = this.#level + (perSecond * Math.max(0, now - this.#filledAt)) / SECOND_MS;
    this.#level = Math.min(burst, filled);
    this.#filledAt = now;
    return this.#level;
  }

  /** Takes one if it is there. */
  takeOne(now: number): boolean {
    if (this.level(now) < 1) return false;
    this.#level -= 1;
    return true;
  }

  /**
   * Takes what has happened already, on credit if need be.
   *
   * @returns the milliseconds until nothing is owed
   */
  spend(amount: number, now: number): number {
    this.#level = this.level(now) - amount;
    return this.#level >= 0 ? 0 : (-this.#level * SECOND_MS) / this.#rate.perSecond;
  }
}
