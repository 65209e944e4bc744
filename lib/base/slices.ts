import type { MaybePromise } from './maybe-promise.ts';
import { inLaterTurn } from './turns.ts';

/** How long sliced work may hold the event loop in one turn, in milliseconds. */
const SLICE_MS = 4;
/** What new work may take of a turn while other work waits: small work need not stand in line. */
const FIRST_TRY_MS = 1;

/** Work that yields wherever it may be interrupted; between two yields lies well below a millisecond. */
export type Steps<T> = Iterator<void, T, void>;

/** Steps that also wait: a promise they yield comes back as what it resolves to, or is thrown into them. */
export type WaitingSteps<T> = Generator<Promise<unknown> | void, T, unknown>;

/** What steps did up to the end, or up to a promise they wait for. */
type Stretch<T> = IteratorResult<Promise<unknown> | void, T>;

/** What slices need. */
export interface SlicesOptions {
  /** Runs a task in a later turn of the event loop, after the input that has come meanwhile. */
  readonly schedule: (task: () => void) => void;
  /** Milliseconds of a clock that only rises; that of the engine when absent. */
  readonly now?: () => number;
}

/** Work that did not fit into its first slice. */
interface Task {
  /** Goes on until the work is done or the time is up; true when it is done. */
  advance(until: number): boolean;
}

/**
 * Cuts long work into slices, so that no input however heavy holds the event loop: at most one slice a turn, in
 * which the works that wait take turns.
 */
export class Slices {
  readonly #schedule: (task: () => void) => void;
  readonly #now: () => number;
  readonly #tasks: Task[] = [];

  constructor({ schedule, now }: SlicesOptions) {
    this.#schedule = schedule;
    this.#now = now ?? (() => performance.now());
  }

  /** Works that wait for a later turn. */
  get size(): number {
    return this.#tasks.length;
  }

  /** Milliseconds of the clock that slices are measured by. */
  now(): number {
    return this.#now();
  }

  /** Does work: at once when it fits into a slice, else over as many turns as it takes. */
  run<T>(steps: Steps<T>): MaybePromise<T> {
    const until = this.#now() + (this.#tasks.length === 0 ? SLICE_MS : FIRST_TRY_MS);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (this.#now() >= until) return this.later(steps);
    }
  }

  /** {@link run} for work that also waits; rejects with whatever it throws. */
  runWaiting<T>(steps: WaitingSteps<T>): MaybePromise<T> {
    try {
      const stretch = this.run(untilWait(steps, () => steps.next()));
      if (!(stretch instanceof Promise) && stretch.done === true) return stretch.value;
      return this.#goOn(steps, stretch);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Does work from the next turn on. */
  later<T>(steps: Steps<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#add({ advance: (until) => this.#advance(steps, until, resolve, reject) });
    });
  }

  async #goOn<T>(steps: WaitingSteps<T>, first: MaybePromise<Stretch<T>>): Promise<T> {
    // What is long does not get another slice of a turn for each of its waits.
    let isLong = first instanceof Promise;
    let stretch = first instanceof Promise ? await first : first;
    while (stretch.done !== true) {
      const rest = untilWait(steps, await resumption(steps, stretch.value));
      const next = isLong ? this.later(rest) : this.run(rest);
      isLong ||= next instanceof Promise;
      stretch = next instanceof Promise ? await next : next;
    }
    return stretch.value;
  }

  #add(task: Task): void {
    if (this.#tasks.push(task) === 1) this.#schedule(() => this.#pump());
  }

  #advance<T>(
    steps: Steps<T>,
    until: number,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
  ): boolean {
    try {
      for (;;) {
        const step = steps.next();
        if (step.done === true) {
          resolve(step.value);
          return true;
        }
        if (this.#now() >= until) return false;
      }
    } catch (error) {
      reject(error);
      return true;
    }
  }

  #pump(): void {
    const until = this.#now() + SLICE_MS;
    let first = this.#tasks[0];
    while (first?.advance(until) === true) {
      this.#tasks.shift();
      first = this.#now() < until ? this.#tasks[0] : undefined;
    }
    // What used the slice up waits behind the others.
    if (first !== undefined) this.#tasks.push(this.#tasks.shift()!);
    if (this.#tasks.length > 0) this.#schedule(() => this.#pump());
  }
}

/** Does one work that waits, with a pause whenever a slice is over; rejects with whatever it throws. */
export async function runWithPauses<T>(steps: WaitingSteps<T>): Promise<T> {
  let until = performance.now() + SLICE_MS;
  let step = steps.next();
  while (step.done !== true) {
    const goOn = await resumption(steps, step.value);
    if (performance.now() >= until) {
      await new Promise<void>((resolve) => inLaterTurn(resolve));
      until = performance.now() + SLICE_MS;
    }
    step = goOn();
  }
  return step.value;
}

/** Goes on with steps until they are done or wait. */
function* untilWait<T>(steps: WaitingSteps<T>, goOn: () => Stretch<T>): Generator<void, Stretch<T>> {
  let step = goOn();
  while (step.done !== true && step.value === undefined) {
    yield;
    step = steps.next();
  }
  return step;
}

/** How to go on with steps once what they wait for is settled. */
async function resumption<T>(
  steps: WaitingSteps<T>,
  awaited: Promise<unknown> | void,
): Promise<() => Stretch<T>> {
  try {
    const value = await awaited;
    return () => steps.next(value);
  } catch (error) {
    return () => steps.throw(error);
  }
}

/** Waits within steps for a value that may come later. */
export function* waitFor<T>(value: MaybePromise<T>): WaitingSteps<T> {
  return value instanceof Promise ? ((yield value) as T) : value;
}

/** Does work to its end without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
