/** How a wait ends: with a value, or with an error. */
export interface Waiter<T> {
  readonly done: (value: T) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Waits for something that may take long, at most until the signal says that it is no use any more.
 *
 * @param begin starts what is waited for; gives the way to stop it, which is called once in any case
 */
export function waitFor<T>(
  signal: AbortSignal | undefined,
  begin: (waiter: Waiter<T>) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted === true) return reject(signal.reason);
    let stop: (() => void) | undefined;
    let isOver = false;
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal?.removeEventListener('abort', abort);
      settle();
      stop?.();
    };
    const abort = (): void => end(() => reject(signal!.reason));
    signal?.addEventListener('abort', abort);
    stop = begin({
      done: (value) => end(() => resolve(value)),
      fail: (error) => end(() => reject(error)),
    });
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
