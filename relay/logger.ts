/** One JSON line per event on stderr; levels, no payloads, no keys. */
import { pino, type DestinationStream } from 'pino';
import { GraphError, type ErrorCode } from '../lib/base/errors.ts';
import type { MeshEvent } from '../lib/mesh/context.ts';
import type { LogLevel } from './option-table.ts';
import type { GuardEvent } from './store-guard.ts';

/** What happened: `kind` names it, other fields are short details without values of the graph. */
export interface LogEvent {
  readonly kind: string;
  readonly [detail: string]: unknown;
}

/** Levels an event may have. */
export type EventLevel = Exclude<LogLevel, 'silent'>;

/** Where the relay reports what happens. */
export interface Logger {
  /** Writes an event if the level is wanted. */
  log(level: EventLevel, event: LogEvent): void;
}

const STDERR = 2;

/** What strangers can cause at will is for debugging only, so that nobody fills the log. */
const MESH_LEVELS: Readonly<Record<MeshEvent['kind'], EventLevel>> = {
  'peer-open': 'debug',
  'peer-close': 'debug',
  'peer-cut': 'warn',
  refused: 'debug',
  'read-failed': 'error',
  'handler-failed': 'error',
  'commit-failed': 'error',
  'listener-failed': 'error',
  'deferred-loaded': 'debug',
};

const GUARD_LEVELS: Readonly<Record<GuardEvent['kind'], EventLevel>> = {
  'store-damaged': 'error',
  'store-behind': 'warn',
  'store-uncounted': 'warn',
  'counter-failed': 'warn',
  'store-full': 'error',
  'store-writable': 'info',
};

/** What of the logs operators have to see to, or may want to know; all else strangers can cause at will. */
const LOGS_LEVELS: ReadonlyMap<string, EventLevel> = new Map([
  ['witness-failed', 'error'],
  ['prune-failed', 'error'],
  ['log-hiding-failed', 'error'],
  ['log-removing-failed', 'error'],
  ['log-key-lost', 'warn'],
  ['log-key-shared', 'error'],
  ['log-key-copied', 'warn'],
  ['log-key-open', 'warn'],
  ['log-own-behind', 'warn'],
  ['log-own-unproven', 'warn'],
  ['log-own-recovered', 'info'],
  ['rebuild-unfinished', 'warn'],
]);

/** The level of what the logs report. */
export function logsEventLevel({ kind }: { readonly kind: string }): EventLevel {
  return LOGS_LEVELS.get(kind) ?? 'debug';
}

/** The level of what the store's guard reports. */
export function guardEventLevel(event: GuardEvent): EventLevel {
  return GUARD_LEVELS[event.kind];
}

/** Told once when it begins; every put that it refuses is for debugging only. */
const TOLD_BEFORE: ReadonlySet<ErrorCode> = new Set(['STORAGE_DAMAGED', 'STORAGE_FULL']);

/** The level of what the mesh and the writer report. */
export function meshEventLevel(event: MeshEvent): EventLevel {
  const isToldBefore =
    event.kind === 'commit-failed' && event.error instanceof GraphError && TOLD_BEFORE.has(event.error.code);
  return isToldBefore ? 'debug' : MESH_LEVELS[event.kind];
}

/** Characters of a message of an error; some errors repeat what they could not read. */
const MESSAGE_LENGTH = 300;

/** Causes of causes that are shown. */
const CAUSES = 4;

/** Of an error what names it and where it was thrown; further fields of it may hold what a stranger sent. */
function shownError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error).slice(0, MESSAGE_LENGTH);
  const { name, message, stack = '' } = error;
  const code = (error as NodeJS.ErrnoException).code;
  return {
    type: name,
    message: message.slice(0, MESSAGE_LENGTH),
    ...(code === undefined ? {} : { code }),
    stack: stack.slice(Math.max(0, stack.indexOf('\n    at ')) + 1),
    ...(error.cause === undefined || depth === CAUSES ? {} : { cause: shownError(error.cause, depth + 1) }),
  };
}

/**
 * A logger that writes JSON lines: `level`, `time`, `kind` and the event's details.
 *
 * @param destination for specs; stderr otherwise, written at once so that no line is lost at the end
 */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const lines = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error: unknown) => shownError(error) },
    },
    destination ?? pino.destination({ dest: STDERR, sync: true }),
  );
  return {
    log: (eventLevel, event) => {
      lines[eventLevel](event);
    },
  };
}
