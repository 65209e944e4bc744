/** Which line gives way when as many came in as may: nobody has all places from one address. */
import { addressKey, toAddress } from './address.ts';

/** A line that came in, and what counts as one stranger with those of others. */
export interface SharedLine {
  readonly stranger: string;
}

/** What a line counts for, whose name is an address and a port. */
export function strangerOf(name: string): string {
  const address = toAddress(name.slice(0, name.lastIndexOf(':')));
  return address === undefined ? name : addressKey(address);
}

/**
 * The line that gives way to one more: the latest of the stranger who has most, unless the newcomer would have as many.
 *
 * @param lines in the order they came
 */
export function giveWay<Line extends SharedLine>(lines: Iterable<Line>, newcomer: string): Line | undefined {
  const counts = new Map<string, number>();
  const latest = new Map<string, Line>();
  for (const line of lines) {
    counts.set(line.stranger, (counts.get(line.stranger) ?? 0) + 1);
    latest.set(line.stranger, line);
  }
  const [most, count] = [...counts].toSorted(([, a], [, b]) => b - a)[0] ?? ['', 0];
  return count > (counts.get(newcomer) ?? 0) + 1 ? latest.get(most) : undefined;
}
