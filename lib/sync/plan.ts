import type { LogName, LogRange, TipComparison } from '../log/heights.ts';
import type { PlanPart } from './sync-store.ts';

/**
 * What is to be sent after a comparison: ranges, and of logs whose side branch the other side lacks both branches from
 * the fork on, as it may hold either of them or none.
 *
 * @param forkAt where a forked log's branches part
 * @param heightOf last sequence number of its canonical branch
 */
export function planParts(
  { ranges, sides }: TipComparison,
  forkAt: (log: LogName) => number,
  heightOf: (log: LogName) => number,
): PlanPart[] {
  const byLog = new Map<string, LogRange>(ranges.map((range) => [range.author + range.log, range]));
  for (const { author, log } of sides) {
    const range = byLog.get(author + log);
    const at = forkAt({ author, log });
    const after = lower(at === 0 ? undefined : at - 1, range === undefined ? Infinity : range.after);
    byLog.set(author + log, { author, log, after, until: heightOf({ author, log }) });
  }
  return [
    ...Array.from(byLog.values(), ({ author, log, after, until }) => ({
      author,
      log,
      after,
      until,
      side: false,
    })),
    ...sides.map(({ author, log }) => ({ author, log, after: undefined, until: Infinity, side: true })),
  ];
}

/**
 * The same parts, those of the other side's own log first: what it may publish depends on that, and the others may take
 * hours.
 *
 * @param node key of the other side, as hex
 */
export function ownFirst(parts: readonly PlanPart[], node: string | undefined): readonly PlanPart[] {
  const isOwn = ({ author }: PlanPart): boolean => author === node;
  if (!parts.some(isOwn)) return parts;
  return [...parts.filter(isOwn), ...parts.filter((part) => !isOwn(part))];
}

/** The lower of two places to begin after; undefined is the beginning. */
function lower(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.min(a, b);
}
