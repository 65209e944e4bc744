/** What Node has and browsers lack. */
interface Immediate {
  readonly setImmediate?: (task: () => void) => void;
}

/** Runs a task in a later turn of the event loop, after the input that has come meanwhile. */
export function inLaterTurn(task: () => void): void {
  const { setImmediate } = globalThis as Immediate;
  if (setImmediate === undefined) setTimeout(task, 0);
  else setImmediate(task);
}
