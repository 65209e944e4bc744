import { onAbort, type Waited } from './wait.ts';

/**
 * Changes one after the other, for `for await`, until the graph is closed or the signal comes: of what changes again
 * before it was taken only the latest is kept.
 *
 * @param subscribe begins to listen with the first change that is taken; gives the way to stop
 */
export async function* changesOf<T>(
  waited: Pick<Waited, 'onClose'>,
  { signal }: { readonly signal?: AbortSignal },
  subscribe: (push: (key: unknown, change: T) => void) => () => void,
): AsyncGenerator<T, void, undefined> {
  const waiting = new Map<unknown, T>();
  let isOver = false as boolean;
  let wake: (() => void) | undefined;
  const end = (): void => {
    isOver = true;
    wake?.();
  };
  const stops = [
    subscribe((key, change) => {
      waiting.delete(key);
      waiting.set(key, change);
      wake?.();
    }),
    waited.onClose(end),
    onAbort(signal, end),
  ];
  try {
    for (;;) {
      if (isOver) return;
      const [next] = waiting;
      if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else {
        waiting.delete(next[0]);
        yield next[1];
      }
    }
  } finally {
    for (const stop of stops) stop();
  }
}
