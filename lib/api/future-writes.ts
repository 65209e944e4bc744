import type { Clock } from '../base/clock.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { FieldWrite } from '../graph/write.ts';
import { merge, type MergeView } from '../ham/merge.ts';
import type { StartTimer } from '../store/deferred-writes.ts';
import { latest } from './keeper.ts';

/** What a write costs beside its texts, in bytes, about. */
const OVERHEAD_BYTES = 300;
/** A timer cannot wait longer than this, in milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** What became of writes that were merged. */
export interface Merged {
  /** Those that won and still hold their properties. */
  readonly changed: readonly FieldWrite[];
  /** Those that wait from now on. */
  readonly waiting: readonly FieldWrite[];
}

/** How time passes for {@link FutureWrites}. */
export interface Time {
  readonly clock: Clock;
  /** A timer that keeps no process alive when absent. */
  readonly startTimer?: StartTimer | undefined;
}

/** Merging by the clock: what lies in the future waits, bounded in number and in bytes, for its time (D5). */
export class FutureWrites {
  readonly #limits: GraphLimits;
  readonly #clock: Clock;
  readonly #startTimer: StartTimer;
  readonly #wake: () => void;
  /** By property and state; of two values of one state the one that HAM would take. */
  readonly #writes = new Map<string, FieldWrite>();
  #bytes = 0;
  /** Greatest state of this app's own writes. */
  #ownState = -Infinity;
  #wakesAt = Infinity;
  #stopTimer: () => void = () => undefined;

  /** @param wake called when a write is due */
  constructor(limits: GraphLimits, { clock, startTimer }: Time, wake: () => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#startTimer = startTimer ?? idleTimer;
    this.#wake = wake;
  }

  /**
   * Merges the writes of one request, all or none.
   *
   * @param isOwn true for what this app writes, which is never in the future
   */
  merge(writes: readonly FieldWrite[], isOwn: boolean, view: MergeView): Result<Merged> {
    if (isOwn) this.#ownState = latest(writes, this.#ownState);
    const now = this.#now();
    const reason = this.#refusal(
      writes.filter(({ state }) => state > now),
      now,
    );
    if (reason !== undefined) return failure(reason);
    const { accepted, deferred } = merge(writes, view, now);
    return success({ changed: accepted.filter(isHeldIn(view)), waiting: this.#add(deferred) });
  }

  /** Takes out the writes whose time has come. */
  takeDue(): readonly FieldWrite[] {
    const now = this.#now();
    const due = [...this.#writes.values()].filter(({ state }) => state <= now);
    for (const write of due) {
      this.#writes.delete(placeOf(write));
      this.#bytes -= bytesOf(write);
    }
    this.close();
    this.#arm(this.#writes.values());
    return due;
  }

  /** Merges writes that were due; gives those that won. */
  mature(due: readonly FieldWrite[], view: MergeView): readonly FieldWrite[] {
    return merge(due, view, this.#now()).accepted.filter(isHeldIn(view));
  }

  /** Forgets what it has, for what is known to wait. */
  reset(writes: readonly FieldWrite[]): void {
    this.close();
    this.#writes.clear();
    this.#bytes = 0;
    this.#add(writes);
  }

  /** Calls `wake` after some milliseconds at the latest. */
  wakeWithin(waitMs: number): void {
    const timerMs = Math.min(Math.max(waitMs, 1), LONGEST_TIMER_MS);
    const at = this.#clock() + timerMs;
    if (at >= this.#wakesAt) return;
    this.close();
    this.#wakesAt = at;
    this.#stopTimer = this.#startTimer(() => {
      this.#wakesAt = Infinity;
      this.#wake();
    }, timerMs);
  }

  /** Stops the timer. */
  close(): void {
    this.#stopTimer();
    this.#wakesAt = Infinity;
  }

  /** States of one app run ahead of the clock when it writes often. */
  #now(): number {
    return Math.max(this.#clock(), this.#ownState);
  }

  #refusal(future: readonly FieldWrite[], now: number): string | undefined {
    const { futureMs, futureWrites, futureBytes } = this.#limits;
    if (future.some(({ state }) => state > now + futureMs)) return 'state is too far in the future';
    const bytes = future.reduce((sum, write) => sum + bytesOf(write), this.#bytes);
    return future.length > 0 && (this.#writes.size + future.length > futureWrites || bytes > futureBytes)
      ? 'too many writes wait for their time'
      : undefined;
  }

  /** Gives those that have a place now. */
  #add(writes: readonly FieldWrite[]): readonly FieldWrite[] {
    const added = writes.filter((write) => {
      const place = placeOf(write);
      const before = this.#writes.get(place);
      if (before !== undefined && before.json >= write.json) return false;
      this.#writes.set(place, write);
      this.#bytes += bytesOf(write) - (before === undefined ? 0 : bytesOf(before));
      return true;
    });
    this.#arm(added);
    return added;
  }

  #arm(writes: Iterable<FieldWrite>): void {
    let first = Infinity;
    for (const { state } of writes) first = Math.min(first, state);
    if (first < Infinity) this.wakeWithin(first - this.#clock());
  }
}

/** Names the place of a write that waits: one for each state of a property. */
export function placeOf({ soul, key, state }: FieldWrite): string {
  return `${state} ${JSON.stringify([soul, key])}`;
}

function bytesOf({ soul, key, json }: FieldWrite): number {
  return OVERHEAD_BYTES + 2 * (soul.length + key.length + json.length);
}

function isHeldIn(view: MergeView): (write: FieldWrite) => boolean {
  return (write) => view.current(write.soul, write.key) === write;
}

const idleTimer: StartTimer = (task, waitMs) => {
  const timer = setTimeout(task, waitMs);
  (timer as { unref?(): void }).unref?.();
  return () => clearTimeout(timer);
};
