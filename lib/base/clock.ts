/** Source of wall-clock time in milliseconds since 1970; specs replace it. */
export type Clock = () => number;

/** The clock of the machine. */
export const systemClock: Clock = () => Date.now();

/** Further states within one millisecond are 1/999 ms apart (gun-wire section 6, clock). */
const CALLS_PER_MILLISECOND = 999;

/**
 * Hands out Gun states: the time in milliseconds, plus k/999 for the k-th extra call of a burst.
 *
 * Unlike Gun's own clock it never goes back: when the wall clock does, states go on from the last one.
 */
export class StateClock {
  readonly #clock: Clock;
  #last = -Infinity;
  #extraCalls = 0;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** The next state, strictly greater than every state this clock gave before. */
  next(): number {
    const now = this.#clock();
    if (now > this.#last) {
      this.#extraCalls = 0;
      this.#last = now;
      return now;
    }
    this.#extraCalls += 1;
    const state = now + this.#extraCalls / CALLS_PER_MILLISECOND;
    this.#last = state > this.#last ? state : this.#last + 1 / CALLS_PER_MILLISECOND;
    return this.#last;
  }
}
