/**
 * Fills a relay with numbered records, for cases about large graphs.
 */
import type { Bench } from '../bench.ts';
import type { Order, RequestResult } from '../load/operations.ts';

/** How long a relay may take to load a step; what is there by then is reported. */
export const LOAD_SECONDS = 45;

/** A count in thousands, for names of rows. */
export function thousands(count: number): string {
  return `${Math.round(count / 1000)}k`;
}

/**
 * Lets the group `writers` put the records from one number to another; returns how it went.
 *
 * @param seconds how long it may take; a note tells what is missing then
 */
export async function fill(
  bench: Bench,
  from: number,
  to: number,
  order: Order,
  seconds: number = LOAD_SECONDS,
): Promise<RequestResult> {
  const { load, patienceMs } = bench;
  const result = await load.run('put', {
    group: 'writers',
    first: from,
    count: to - from,
    seconds,
    order,
    window: 64,
    batch: 1,
    patienceMs,
  });
  bench.checkRequests(`loading ${thousands(to)} nodes`, result);
  if (result.sent < to - from)
    bench.note(`loaded ${from + result.sent} nodes instead of ${to} in ${seconds} s`);
  return result;
}
