/** Listens as long as changes are taken. */
export type Subscribe<K, T> = (push: (key: K, change: T) => void, end: () => void) => () => void;

/**
 * Changes one after the other, for `for await`: of what changes again before it was taken only the latest is kept.
 *
 * @param subscribe begins to listen with the first change that is taken; `end` ends the changes
 */
export async function* changesOf<K, T>(subscribe: Subscribe<K, T>): AsyncGenerator<T, void, undefined> {
  const waiting = new Map<K, T>();
  const state = { isOver: false };
  let wake: (() => void) | undefined;
  const stop = subscribe(
    (key, change) => {
      waiting.delete(key);
      waiting.set(key, change);
      wake?.();
    },
    () => {
      state.isOver = true;
      wake?.();
    },
  );
  try {
    while (!state.isOver) {
      const [next] = waiting;
      if (next === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else {
        waiting.delete(next[0]);
        yield next[1];
      }
    }
  } finally {
    stop();
  }
}
