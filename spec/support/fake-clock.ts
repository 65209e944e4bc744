/** A clock that stands still until a spec moves it, with the timers that hang on it. */
import type { Clock } from '../../lib/base/clock.ts';

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** Start of every fake clock unless a spec says otherwise: 2023-11-14, a time no vector depends on. */
export const START_MS = 1_700_000_000_000;

/** Time as a spec wants it: {@link FakeClock.clock} reads it, {@link FakeClock.startTimer} waits for it. */
export class FakeClock {
  #now: number;
  readonly #timers = new Set<Timer>();

  constructor(now: number = START_MS) {
    this.#now = now;
  }

  readonly clock: Clock = () => this.#now;

  /** Runs a task when the clock is advanced to its time; gives the way to call it off. */
  readonly startTimer = (task: () => void, waitMs: number): (() => void) => {
    const timer: Timer = { at: this.#now + waitMs, task };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, undefined when none waits. */
  get nextTimerMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.at - this.#now;
  }

  /** Moves the clock to a time, also backwards; no timer fires. */
  jumpTo(now: number): void {
    this.#now = now;
  }

  /** Lets time pass: timers fire in order, each at its own time. */
  advance(byMs: number): void {
    const end = this.#now + byMs;
    for (;;) {
      const next = this.#next();
      if (next === undefined || next.at > end) break;
      this.#now = Math.max(this.#now, next.at);
      this.#timers.delete(next);
      next.task();
    }
    this.#now = end;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }
}
