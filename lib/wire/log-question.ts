import { isRecord } from '../base/record.ts';

/** Places that one question may ask for. */
const MOST_PLACES = 8;
const LOG_ID = /^[\da-f]{64}$/;
const HEADER = /^[\w-]{1,8192}$/;
/** What an acknowledgement says of an operation that forked its log: a hint, the proof is to be asked for. */
const FORKED_JSON = '{"log":"forked"}';

/**
 * The question how far the log of an author goes, as the field `op` of a get of the author's space (`@`, the key as hex, and
 * a slash): `{"log": log id, "at": [sequence, …]}`, with `"fork": true` to be shown both headers of a fork as well. Who keeps
 * no logs sees a get of a node that is not there.
 */
export interface LogQuestion {
  /** 64 hex digits. */
  readonly log: string;
  /** Places whose headers are wanted beside the last one. */
  readonly at: readonly number[];
  /** True when evidence of a fork is wanted. */
  readonly fork?: boolean;
}

/** Headers as base64url; of places that are not held undefined. */
export interface LogAnswer {
  readonly tip: string;
  readonly at: readonly (string | undefined)[];
  /** Two headers at one place, which prove a fork if they are true; undefined when none is known. */
  readonly fork?: readonly [string, string] | undefined;
}

/** The field of a get, with a comma before it. */
export function encodeLogQuestion({ log, at, fork }: LogQuestion): string {
  return `,"op":{"log":"${log}","at":${JSON.stringify(at)}${fork === true ? ',"fork":true' : ''}}`;
}

/** The question of a get's `op`, undefined when it is none. */
export function parseLogQuestion(op: unknown): LogQuestion | undefined {
  if (!isRecord(op)) return undefined;
  const { log, at } = op;
  if (typeof log !== 'string' || !LOG_ID.test(log)) return undefined;
  if (!Array.isArray(at) || at.length > MOST_PLACES) return undefined;
  const places = at.filter((place) => Number.isSafeInteger(place) && place >= 0) as number[];
  if (places.length !== at.length) return undefined;
  return op['fork'] === true ? { log, at: places, fork: true } : { log, at: places };
}

/** What an answer says, as the JSON behind its `ok`: null for a log that nothing is held of. */
export function encodeLogAnswer(answer: LogAnswer | undefined): string {
  if (answer === undefined) return '{"log":null}';
  const at = answer.at.map((header) => header ?? null);
  return JSON.stringify({ log: { tip: answer.tip, at, fork: answer.fork } });
}

/** What was answered: null for a log that the peer has nothing of, undefined for what is no answer. */
export function parseLogAnswer(json: string): LogAnswer | null | undefined {
  const answer = JSON.parse(json) as { readonly log?: unknown };
  const { log } = answer;
  if (log === null) return null;
  if (!isRecord(log) || !isHeader(log['tip']) || !Array.isArray(log['at'])) return undefined;
  const at = log['at'].map((header) => (isHeader(header) ? header : undefined));
  const fork = forkIn(log['fork']);
  return fork === undefined ? { tip: log['tip'], at } : { tip: log['tip'], at, fork };
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

function isHeader(header: unknown): header is string {
  return typeof header === 'string' && HEADER.test(header);
}
