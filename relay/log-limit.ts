import type { Repeat } from './heartbeat.ts';
import type { EventLevel, LogEvent, Logger } from './logger.ts';

const MINUTE_MS = 60_000;

/** Events of one kind in the minute under way. */
interface Tally {
  lines: number;
  dropped: number;
  level: EventLevel;
}

/** What the limit needs. */
export interface LimitedLoggerParts {
  readonly logger: Logger;
  /** Lines of one kind in a minute, at least 1. */
  readonly linesPerMinute: number;
  readonly repeat: Repeat;
}

/**
 * A logger that writes so many lines of one kind a minute, and then one that says how many more there were.
 * Kinds are words of the program. Who wants to debug gets everything.
 */
export class LimitedLogger implements Logger {
  readonly #parts: LimitedLoggerParts;
  readonly #tallies = new Map<string, Tally>();
  #stop: (() => void) | undefined;

  constructor(parts: LimitedLoggerParts) {
    this.#parts = parts;
  }

  log(level: EventLevel, event: LogEvent): void {
    if (level !== 'debug' && !this.#hasRoom(level, event.kind)) return;
    this.#parts.logger.log(level, event);
  }

  /** Counts from now on by the minute. */
  start(): void {
    this.#stop ??= this.#parts.repeat(MINUTE_MS, () => this.#sumUp());
  }

  /** Says what was left out since the last minute. */
  close(): void {
    this.#stop?.();
    this.#sumUp();
  }

  #hasRoom(level: EventLevel, kind: string): boolean {
    let tally = this.#tallies.get(kind);
    if (tally === undefined) {
      tally = { lines: 0, dropped: 0, level };
      this.#tallies.set(kind, tally);
    }
    const hasRoom = tally.lines < this.#parts.linesPerMinute;
    if (hasRoom) tally.lines += 1;
    else tally.dropped += 1;
    return hasRoom;
  }

  #sumUp(): void {
    for (const [kind, { dropped, level }] of this.#tallies) {
      if (dropped > 0) this.#parts.logger.log(level, { kind: 'log-limited', of: kind, dropped });
    }
    this.#tallies.clear();
  }
}
