/** Timers of some of the code, on a time that a spec moves; everybody else's stay on the real one. */
import type { StartTimer } from '../../lib/store/deferred-writes.ts';

/** What meshes are made of, as the name of a file. */
export const OF_MESHES: RegExp = /\/lib\/(?:base|mesh|store|sync)\//;
/** Frames above the caller of a function: the function that asks, and the one that is called. */
const FRAMES_ABOVE = 2;

function rawFrames<T>(_: Error, frames: T): T {
  return frames;
}

/**
 * The file of the caller of the function that asks.
 *
 * Out of the raw frames of a stack: to write one out with the places of the sources takes a hundred times as long.
 */
function callerFile(): string {
  const traces: { prepareStackTrace?: unknown; stackTraceLimit: number } = Error;
  const { prepareStackTrace, stackTraceLimit } = traces;
  traces.prepareStackTrace = rawFrames;
  traces.stackTraceLimit = FRAMES_ABOVE + 1;
  const frames = new Error('where').stack as unknown as readonly NodeJS.CallSite[];
  traces.stackTraceLimit = stackTraceLimit;
  traces.prepareStackTrace = prepareStackTrace;
  return frames[FRAMES_ABOVE]?.getFileName() ?? '';
}

/** True when such code called; Node, packages and what earlier specs made may still have work. */
function isOf(code: RegExp, file: string): boolean {
  return code.test(file) && !file.includes('node_modules');
}

/** Puts the timers of meshes, or of other code, on another time; gives the way back. */
export function putTimersOn(time: { readonly startTimer: StartTimer }, code: RegExp): () => void {
  const { setTimeout, clearTimeout } = globalThis;
  globalThis.setTimeout = ((task: () => void, waitMs = 0) =>
    isOf(code, callerFile())
      ? time.startTimer(task, waitMs)
      : setTimeout(task, waitMs)) as unknown as typeof setTimeout;
  globalThis.clearTimeout = (timer: unknown) => {
    if (typeof timer === 'function') timer();
    else clearTimeout(timer as Parameters<typeof clearTimeout>[0]);
  };
  return () => {
    globalThis.setTimeout = setTimeout;
    globalThis.clearTimeout = clearTimeout;
  };
}
