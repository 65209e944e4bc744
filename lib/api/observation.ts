import type { GraphCore } from './core.ts';
import type { OpenView, Reading, View } from './views.ts';
import { onAbort, waitOn, type WaitOptions } from './wait.ts';

/** How long `once` waits for peers unless told otherwise, in milliseconds. */
const ONCE_MS = 9000;

/** What is known of something, as it is told to an app. */
export interface Found<T> {
  /** Undefined when there is nothing. */
  readonly value: T | undefined;
  /** True when anything was ever written there; a value that was deleted is null and found. */
  readonly found: boolean;
  /** True when every connected peer has answered, and one at least; or when the graph has no peers. */
  readonly complete: boolean;
  /** `peers` when what a peer told is in it, `local` when all of it was here, or there is nothing, whoever said so. */
  readonly source: 'local' | 'peers';
  /** The soul of the node that the value is; undefined for values that are no nodes. */
  readonly soul: string | undefined;
}

/** Where listening ends. */
export interface ListenOptions {
  /** Stops listening. */
  readonly signal?: AbortSignal;
}

/** Watches something and tells a listener what it is: at first when that is known, and whenever it changes. */
export class Observation<T> {
  readonly #core: GraphCore;
  readonly #view: View<T>;
  readonly #listener: (found: Found<T>) => void;
  readonly #stops: (() => void)[];
  #isScheduled = false;
  #isClosed = false;
  #hasTold = false;
  #last: T | undefined;

  constructor(core: GraphCore, open: OpenView<T>, listener: (found: Found<T>) => void) {
    this.#core = core;
    this.#listener = listener;
    this.#stops = [core.hold(), core.onClose(() => this.close())];
    this.#view = open(() => this.#schedule());
    this.#schedule();
    // What is missing may turn out to be so because nobody can be reached.
    const stop = core.on('status', () => {
      if (this.#hasTold) stop();
      else this.#schedule();
    });
    this.#stops.push(stop);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#view.close();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (!this.#isClosed) this.#read();
    });
  }

  #read(): void {
    const reading = this.#view.read();
    if (this.#hasTold ? reading.value === this.#last : !this.#isKnown(reading)) return;
    this.#hasTold = true;
    this.#last = reading.value;
    try {
      this.#listener(foundOf(this.#core, this.#view, reading));
    } catch (error) {
      this.#core.fail(error);
    }
  }

  /** Nothing is told before anything is known: neither too early nor never. */
  #isKnown({ isLoaded, found }: Reading<T>): boolean {
    if (!isLoaded) return false;
    return found || this.#core.isCutOff || this.#core.isComplete(this.#view.parts());
  }
}

/** Listens until the returned function is called, the signal says so, or the graph is closed. */
export function listen<T>(
  core: GraphCore,
  open: OpenView<T>,
  listener: (found: Found<T>) => void,
  { signal }: ListenOptions,
): () => void {
  if (signal?.aborted === true) return () => undefined;
  const observation = new Observation(core, open, listener);
  const stop = (): void => {
    stopAborting();
    observation.close();
  };
  const stopAborting = onAbort(signal, stop);
  return stop;
}

/** Reads once: as soon as every connected peer has answered, or nobody can, or the time is up. */
export async function readOnce<T>(
  core: GraphCore,
  open: OpenView<T>,
  options: WaitOptions,
): Promise<Found<T>> {
  await core.ready;
  core.assertUsable();
  let view: View<T> | undefined;
  let isLate = false;
  return waitOn<Found<T>>(core, { ...options, timeout: options.timeout ?? ONCE_MS }, ({ done }) => {
    const check = (): void => {
      if (view === undefined) return;
      const reading = view.read();
      const isDue = reading.isLoaded && (isLate || core.isCutOff);
      if (isDue || core.isComplete(view.parts())) done(foundOf(core, view, view.read()));
    };
    view = open(check);
    const stopStatus = core.on('status', check);
    check();
    return {
      // What is kept here is read even when there is no time for more.
      late: () => {
        isLate = true;
        check();
      },
      stop: () => {
        stopStatus();
        view?.close();
      },
    };
  });
}

/** What a view shows, for an app. */
export function foundOf<T>(core: GraphCore, view: View<T>, reading: Reading<T>): Found<T> {
  const parts = [...view.parts()];
  return {
    value: reading.value,
    found: reading.found,
    complete: core.isComplete(parts),
    source: parts.some(({ isFromPeers }) => isFromPeers) ? 'peers' : 'local',
    soul: reading.soul,
  };
}
