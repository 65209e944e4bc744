import { isRecord } from '../base/record.ts';

/** Places that one question may ask for. */
const MOST_PLACES = 8;
const LOG_ID = /^[\da-f]{64}$/;
const HEADER = /^[\w-]{1,8192}$/;
const BODY = /^[\w-]*$/;
/** What an acknowledgement says of an operation that forked its log: a hint, the proof is to be asked for. */
const FORKED_JSON = '{"log":"forked"}';

/**
 * The question how far the log of an author goes, as the field `op` of a get of the author's space (`@`, the key as hex, and
 * a slash): `{"log": log id, "at": [sequence, …]}`, with `"fork": true` to be shown both headers of a fork as well, and
 * with `"down": sequence` to be given some operations from that place down. Who keeps no logs sees a get of a node that is
 * not there.
 */
export interface LogQuestion {
  /** 64 hex digits. */
  readonly log: string;
  /** Places whose headers are wanted beside the last one. */
  readonly at: readonly number[];
  /** True when evidence of a fork is wanted. */
  readonly fork?: boolean;
  /** The place from which operations are wanted, down to the first as far as there is room. */
  readonly down?: number;
}

/** An operation as it is shown: header and body as base64url; without a body the header alone. */
export type ShownOperation = readonly [header: string, body?: string];

/** Headers as base64url; of places that are not held undefined. */
export interface LogAnswer {
  readonly tip: string;
  readonly at: readonly (string | undefined)[];
  /** Two headers at one place, which prove a fork if they are true; undefined when none is known. */
  readonly fork?: readonly [string, string] | undefined;
  /** Operations in a row, the last one first. */
  readonly down?: readonly ShownOperation[] | undefined;
}

/** The field of a get, with a comma before it. */
export function encodeLogQuestion({ log, at, fork, down }: LogQuestion): string {
  return `,"op":${JSON.stringify({ log, at, fork: fork === true ? true : undefined, down })}`;
}

/** The question of a get's `op`, undefined when it is none. */
export function parseLogQuestion(op: unknown): LogQuestion | undefined {
  if (!isRecord(op)) return undefined;
  const { log, at, fork, down } = op;
  if (typeof log !== 'string' || !LOG_ID.test(log)) return undefined;
  if (!Array.isArray(at) || at.length > MOST_PLACES || !at.every(isPlace)) return undefined;
  return { log, at, ...(fork === true ? { fork } : {}), ...(isPlace(down) ? { down } : {}) };
}

/** What an answer says, as the JSON behind its `ok`: null for a log that nothing is held of. */
export function encodeLogAnswer(answer: LogAnswer | undefined): string {
  if (answer === undefined) return '{"log":null}';
  const at = answer.at.map((header) => header ?? null);
  return JSON.stringify({ log: { tip: answer.tip, at, fork: answer.fork, down: answer.down } });
}

/** What was answered: null for a log that the peer has nothing of, undefined for what is no answer. */
export function parseLogAnswer(json: string): LogAnswer | null | undefined {
  const answer = JSON.parse(json) as { readonly log?: unknown };
  const { log } = answer;
  if (log === null) return null;
  if (!isRecord(log) || !isHeader(log['tip']) || !Array.isArray(log['at'])) return undefined;
  const at = log['at'].map((header) => (isHeader(header) ? header : undefined));
  const [fork, down] = [forkIn(log['fork']), operationsIn(log['down'])];
  return {
    tip: log['tip'],
    at,
    ...(fork === undefined ? {} : { fork }),
    ...(down === undefined ? {} : { down }),
  };
}

function operationsIn(down: unknown): readonly ShownOperation[] | undefined {
  return Array.isArray(down) && down.every(isOperation) ? down : undefined;
}

function forkIn(fork: unknown): readonly [string, string] | undefined {
  if (!Array.isArray(fork) || fork.length !== 2) return undefined;
  const [first, second] = fork as unknown[];
  return isHeader(first) && isHeader(second) ? [first, second] : undefined;
}

/** The JSON behind the `ok` for an operation that was stored as a fork of its log. */
export function encodeForked(): string {
  return FORKED_JSON;
}

/** True when an acknowledgement says that. */
export function saysForked(json: string | undefined): boolean {
  return json === FORKED_JSON;
}

function isPlace(place: unknown): place is number {
  return Number.isSafeInteger(place) && (place as number) >= 0;
}

function isOperation(operation: unknown): operation is ShownOperation {
  if (!Array.isArray(operation) || operation.length > 2) return false;
  const [header, body = ''] = operation as unknown[];
  return isHeader(header) && typeof body === 'string' && BODY.test(body);
}

function isHeader(header: unknown): header is string {
  return typeof header === 'string' && HEADER.test(header);
}
