/** The public surface of `thicket/relay`. */
export { createRelay, type Relay, type RelayParts, type RelaySettings } from './relay.ts';
export type { EventLevel, LogEvent, Logger } from './logger.ts';
export type { Durability, LogLevel, RelayOptions } from './option-table.ts';
export { GraphError, type ErrorCode } from '../lib/base/errors.ts';
export type { Limits } from '../lib/base/limits.ts';
