/**
 * The statistics of the bench: medians over rounds and percentiles over latencies.
 */

/** The middle value, or the mean of the two middle ones; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/**
 * The smallest value that at least a share of all values does not exceed; NaN without values.
 *
 * @param share 0 to 1: 0.5 is the p50
 */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).toSorted();
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}

/** The median and the tail of some latencies, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** p50 and p99 of latencies in milliseconds. */
export function latencyOf(values: readonly number[]): Latency {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
}
