import { GraphError } from '../base/errors.ts';

/** How long to wait, and for what. */
export interface WaitOptions {
  /** Longest wait in milliseconds. */
  readonly timeout?: number;
  /** Ends the wait: the call rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What is waited on: a graph. */
export interface Waited {
  /** Keeps the process alive until the returned function is called, once. */
  hold(): () => void;
  /** Calls back when it is closed; gives the way to stop. */
  onClose(listener: () => void): () => void;
}

/** How a wait ends: with a value, or with an error. */
export interface Waiter<T> {
  readonly done: (value: T) => void;
  readonly fail: (error: unknown) => void;
}

/** What was begun for a wait. */
export interface Begun {
  /** Called when the time is up. */
  readonly late: () => void;
  /** Ends it; called once in any case. */
  readonly stop: () => void;
}

/**
 * Waits for something of a graph that may take long, at most until the signal says that it is no use any more. Meanwhile
 * the process is kept alive.
 *
 * @param begin starts what is waited for
 * @throws GraphError LIFECYCLE_CLOSED when the graph is closed before, or the reason of the signal
 */
export function waitOn<T>(
  waited: Waited,
  { timeout, signal }: WaitOptions,
  begin: (waiter: Waiter<T>) => Begun,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    let stops: (() => void)[] = [];
    let isOver = false;
    const stop = (): void => {
      isOver = true;
      for (const each of stops.splice(0)) each();
    };
    const fail = (error: unknown): void => {
      reject(error);
      stop();
    };
    const done = (value: T): void => {
      resolve(value);
      stop();
    };
    const begun = begin({ done, fail });
    const timer = timeout === undefined ? undefined : setTimeout(begun.late, timeout);
    stops = [
      begun.stop,
      waited.hold(),
      waited.onClose(() => fail(new GraphError('LIFECYCLE_CLOSED'))),
      onAbort(signal, () => fail(signal!.reason)),
      () => clearTimeout(timer),
    ];
    // It may have been over before it had a way to stop.
    if (isOver) stop();
  });
}

/** Calls back when a signal says so, at once when it did; gives the way to stop. */
export function onAbort(signal: AbortSignal | undefined, end: () => void): () => void {
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end);
  return () => signal?.removeEventListener('abort', end);
}
