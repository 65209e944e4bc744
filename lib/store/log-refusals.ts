import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import { OWNED } from './key-soul.ts';
import { NO_OPERATION, NOT_SAID } from './signed-put.ts';

/** Why an operation was refused, for counting: a closed set. */
export type LogRefusal =
  | LogReason
  /** A put whose `op` is no operation. */
  | 'form'
  /** A put that says something else than its operation. */
  | 'different'
  /** A put to a soul of another's key. */
  | 'owned';

const OF_PUTS: ReadonlyMap<string, LogRefusal> = new Map<string, LogRefusal>([
  [NO_OPERATION, 'form'],
  [NOT_SAID, 'different'],
  [OWNED, 'owned'],
  ...Object.entries(LOG_REASONS).map(([reason, { text }]) => [`op: ${text}`, reason as LogReason] as const),
]);

/** Operations that were refused since the start, by reason, whether they reached a log or not. */
export class LogRefusals {
  readonly counts: Record<LogRefusal, number>;

  constructor() {
    const reasons = [...Object.keys(LOG_REASONS), 'form', 'different', 'owned'];
    this.counts = Object.fromEntries(reasons.map((reason) => [reason, 0])) as Record<LogRefusal, number>;
  }

  /** Counts one. */
  add(reason: LogRefusal): void {
    this.counts[reason] += 1;
  }

  /** Counts one within a put, by what its sender is told. */
  addPut(text: string): void {
    this.add(OF_PUTS.get(text) ?? 'form');
  }
}
