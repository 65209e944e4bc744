import type { Operation } from './operation.ts';

/** One property that an operation wrote, with its value as JSON text. */
export interface LogEntry {
  readonly soul: string;
  readonly key: string;
  readonly state: number;
  readonly json: string;
}

/** The entry of a property that wins among those in operations that are held with their bodies. */
export interface HeldWinner {
  readonly state: number;
  readonly json: string;
  /** The smallest id, as hex, of the held operations that contain it. */
  readonly holder: string;
}

/** Above zero when the first of two entries of one property wins: the later state, then the larger text. */
export function compareRank(
  a: Pick<LogEntry, 'state' | 'json'>,
  b: Pick<LogEntry, 'state' | 'json'>,
): number {
  if (a.state !== b.state) return a.state - b.state;
  if (a.json === b.json) return 0;
  return a.json > b.json ? 1 : -1;
}

/**
 * True when an entry may be forgotten at a replica (log-mapping section 6): another held operation says more about
 * the property, and its time has come.
 *
 * @param holder id, as hex, of the operation that the entry is in
 * @param winner of the property among held operations whose states have come, undefined when there is none
 */
export function isSuperseded(
  entry: LogEntry,
  holder: string,
  winner: HeldWinner | undefined,
  now: number,
): boolean {
  // Unsigned values do not count: replicas that have only logs would lose the property.
  if (winner === undefined || winner.state > now) return false;
  const rank = compareRank(winner, entry);
  return rank > 0 || (rank === 0 && winner.holder !== holder);
}

/** What decides whether a body may go. */
export interface PruneRules {
  /** Milliseconds a body is kept in any case; what others superseded may be needed again, when they are banned. */
  readonly graceMs: number;
  readonly now: number;
  /** When this replica took the operation in, in milliseconds. */
  readonly receivedAt: number;
  /** True for what must stay: moderated topics, and souls whose schema does not take the newer value. */
  isPinned(entry: LogEntry): boolean;
  winnerOf(soul: string, key: string): HeldWinner | undefined;
}

/** True when nothing in a body is needed any more. */
export function isBodyPrunable(entries: readonly LogEntry[], holder: string, rules: PruneRules): boolean {
  const { now, graceMs, receivedAt } = rules;
  if (now - receivedAt < graceMs) return false;
  return entries.every(
    (entry) =>
      isSuperseded(entry, holder, rules.winnerOf(entry.soul, entry.key), now) && !rules.isPinned(entry),
  );
}

/**
 * The first sequence number that stays after an operation: everything below a prune point is the author's to give up.
 *
 * @returns undefined when the operation is no prune point
 */
export function prunePointOf({ header, extensions }: Operation): number | undefined {
  return extensions.prune ? header.sequence : undefined;
}

/** Entries of one log that a prune point must carry so that nothing is lost: those that win through this log alone. */
export function entriesToKeep(
  held: Iterable<readonly [holder: string, entries: readonly LogEntry[]]>,
  rules: Pick<PruneRules, 'now' | 'winnerOf'>,
): LogEntry[] {
  const kept = new Map<string, Map<string, LogEntry[]>>();
  for (const [holder, entries] of held) {
    for (const entry of entries) {
      if (isSuperseded(entry, holder, rules.winnerOf(entry.soul, entry.key), rules.now)) continue;
      const keys = kept.get(entry.soul) ?? new Map<string, LogEntry[]>();
      const same = keys.get(entry.key) ?? [];
      if (!same.some((other) => compareRank(other, entry) === 0)) same.push(entry);
      kept.set(entry.soul, keys.set(entry.key, same));
    }
  }
  return [...kept.values()].flatMap((keys) => [...keys.values()].flat());
}
