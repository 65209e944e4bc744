import type { GraphLimits } from '../base/graph-limits.ts';
import { randomId } from '../base/random.ts';
import { isRecord } from '../base/record.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { FieldWrite } from '../graph/write.ts';
import { isLongJson } from './long-json.ts';
import { parsePut, parsePutInSteps } from './parse-put.ts';
import { parseSelector } from './parse-selector.ts';
import type {
  AckMessage,
  ControlMessage,
  ControlName,
  Fault,
  GetMessage,
  Message,
  PutMessage,
} from './message.ts';

const CONTROL_NAMES: ReadonlySet<unknown> = new Set<ControlName>(['?', '!', 'hi', 'twin', 'log']);
const PID_LENGTH = 64;
const ANSWER_LENGTH = 65_536;
const REFUSAL_LENGTH = 300;
/** Fields that are written as JSON again. */
const WRITTEN_FIELDS = ['#', '@', 'ok'] as const;
const SAFE_ID = /^[\w-]+$/;

/** A message as JSON.parse gave it. */
type Raw = Record<string, unknown>;

/** What every message carries. */
interface Id {
  readonly id: string;
  readonly isNameless?: true;
  readonly idJson: string;
  readonly listsPeers: boolean;
}

/**
 * Reads one message: its value, the fault its sender is told, or undefined when it is to be ignored
 * (heartbeats, unknown control messages, messages without anything to do).
 *
 * @param writes what its `put` says, when that was read before
 */
export function parseMessage(
  raw: Raw,
  limits: GraphLimits,
  writes?: Result<FieldWrite[]>,
): Result<Message | undefined, Fault> {
  const id = parseId(raw, limits);
  if (id === undefined)
    return failure({
      idJson: undefined,
      what: 'frame',
      reason: `#: longer than ${limits.idLength} characters`,
    });
  const dam = raw['dam'];
  if (dam) return success(parseControl(raw, id));
  const replyTo = parseReplyTo(raw['@'], limits);
  // Older peers say "not found" with an empty put.
  const isEmptyAnswer = raw['put'] === null && replyTo !== undefined;
  if (raw['put'] !== undefined && !isEmptyAnswer) {
    return parsePutMessage(raw, id, replyTo, writes ?? parsePut(raw['put'], limits));
  }
  if (replyTo !== undefined) return success(parseAck(raw, id, replyTo, limits));
  if (raw['get'] !== undefined) return parseGetMessage(raw, id, limits);
  return success(undefined);
}

/** {@link parseMessage} in steps, of a message that was read in steps. */
export function* parseLargeMessage(
  raw: Raw,
  limits: GraphLimits,
): Generator<undefined, Result<Message | undefined, Fault>> {
  const writes = raw['put'] === undefined ? undefined : yield* parsePutInSteps(raw['put'], limits);
  for (const name of WRITTEN_FIELDS) {
    yield;
    // In its place stands what is too long as well, but written faster.
    if (isLongJson(raw[name], longestText(limits))) raw[name] = { '': ' '.repeat(longestText(limits)) };
  }
  return parseMessage(raw, limits, writes);
}

/** Characters beyond which a text of a message is too long for any use but as a value. */
export function longestText(limits: GraphLimits): number {
  return Math.max(limits.nameLength, limits.idLength, answerLength(limits), PID_LENGTH);
}

/** Characters of the JSON that a peer may answer with. */
export function answerLength(limits: GraphLimits): number {
  return Math.min(ANSWER_LENGTH, limits.frameBytes);
}

/** Ids of any JSON type are taken and echoed (gun-wire section 3); undefined when too long. */
function parseId(message: Raw, limits: GraphLimits): Id | undefined {
  const raw = message['#'];
  const listsPeers = typeof message['><'] === 'string' && message['><'] !== '';
  if (typeof raw === 'string' && raw !== '') {
    if (raw.length > limits.idLength) return undefined;
    return { id: raw, idJson: SAFE_ID.test(raw) ? `"${raw}"` : JSON.stringify(raw), listsPeers };
  }
  if (!raw) {
    const id = randomId();
    return { id, idJson: `"${id}"`, listsPeers, isNameless: true };
  }
  const idJson = boundedJson(raw, limits.idLength);
  return idJson === undefined ? undefined : { id: idJson, idJson, listsPeers };
}

/** An empty `@` of any type is none, as with Gun; one that is too long cannot be known and becomes empty. */
function parseReplyTo(raw: unknown, limits: GraphLimits): string | undefined {
  if (!raw) return undefined;
  const text = typeof raw === 'string' ? raw : boundedJson(raw, limits.idLength);
  return text !== undefined && text.length <= limits.idLength ? text : '';
}

/** JSON of a value of unknown depth; undefined when it is too long or too deep to write. */
function boundedJson(value: unknown, maxLength: number): string | undefined {
  try {
    const json = JSON.stringify(value);
    return json.length <= maxLength ? json : undefined;
  } catch {
    return undefined;
  }
}

function parseControl(raw: Raw, id: Id): ControlMessage | undefined {
  const name = raw['dam'];
  if (!CONTROL_NAMES.has(name)) return undefined;
  const pid = raw['pid'];
  return {
    kind: 'control',
    ...id,
    replyTo: raw['@'] ? '' : undefined,
    name: name as ControlName,
    pid: shortText(pid),
    relay: raw['relay'] === true,
    raw,
  };
}

/** A text that is neither empty nor longer than one that names something; undefined for all else. */
export function shortText(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' && raw.length <= PID_LENGTH ? raw : undefined;
}

function parsePutMessage(
  raw: Raw,
  id: Id,
  replyTo: string | undefined,
  writes: Result<FieldWrite[]>,
): Result<PutMessage, Fault> {
  if (!writes.ok) return failure({ idJson: id.idJson, what: 'put', reason: writes.reason });
  const ok = raw['ok'];
  return success({
    kind: 'put',
    id: id.id,
    idJson: id.idJson,
    listsPeers: id.listsPeers,
    replyTo,
    writes: writes.value,
    failed: Boolean(raw['err']),
    wantsAnswers: typeof ok === 'object' && ok !== null,
    more: Boolean(raw['%']),
    op: raw['op'],
  });
}

function parseGetMessage(raw: Raw, id: Id, limits: GraphLimits): Result<GetMessage, Fault> {
  const selector = parseSelector(raw['get'], limits);
  if (!selector.ok) return failure({ idJson: id.idJson, what: 'get', reason: selector.reason });
  const hash = raw['##'];
  const get: GetMessage = {
    kind: 'get',
    id: id.id,
    idJson: id.idJson,
    listsPeers: id.listsPeers,
    replyTo: undefined,
    selector: selector.value,
    contentHash: Number.isFinite(hash) ? (hash as number) : undefined,
    local: Boolean(raw['nts']),
    op: isRecord(raw['op']) ? raw['op'] : raw['op'] === 1,
  };
  return success(id.isNameless === true ? { ...get, isNameless: true } : get);
}

function parseAck(raw: Raw, id: Id, replyTo: string, limits: GraphLimits): AckMessage {
  const ok = raw['ok'];
  const answerJson = isRecord(ok) ? boundedJson(ok, answerLength(limits)) : undefined;
  return { kind: 'ack', ...id, replyTo, answerJson, refusal: refusalOf(raw['err']) };
}

/** Any `err` but an empty one refuses; texts of Gun's peers are short. */
function refusalOf(err: unknown): string | undefined {
  if (!err) return undefined;
  return typeof err === 'string' ? err.slice(0, REFUSAL_LENGTH) : 'refused';
}
