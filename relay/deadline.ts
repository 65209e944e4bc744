import { setTimeout as pause } from 'node:timers/promises';

/** Waits for `work`, but not longer than `ms`; what fails in time is thrown. */
export async function withinOrGoOn(ms: number, work: Promise<void>): Promise<void> {
  const waiting = new AbortController();
  const late = pause(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
  // A failure after that time has nobody to tell.
  work.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    waiting.abort();
  }
}
