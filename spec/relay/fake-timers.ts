/** Time that passes when a spec says so: repeated tasks, single ones, and the clock they go by. */
import type { StartTimer } from '../../lib/store/deferred-writes.ts';
import type { Repeat } from '../../relay/heartbeat.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A clock at 0 with its timers. */
export class FakeTimers {
  readonly #clock = new FakeClock(0);

  /** Milliseconds that passed. */
  readonly now = (): number => this.#clock.clock();

  readonly startTimer: StartTimer = (task, waitMs) => this.#clock.startTimer(task, waitMs);

  readonly repeat: Repeat = (ms, task) => {
    let stop: (() => void) | undefined;
    const arm = (): void => {
      stop = this.#clock.startTimer(() => {
        arm();
        task();
      }, ms);
    };
    arm();
    return () => stop?.();
  };

  /** Tasks that wait. */
  get size(): number {
    return this.#clock.timerCount;
  }

  /** Lets time pass, and runs what is due, in order. */
  pass(ms: number): void {
    this.#clock.advance(ms);
  }
}
