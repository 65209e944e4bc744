import { failure, success, type Result } from '../base/result.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import { isRecord } from '../base/record.ts';
import { META_KEY } from '../graph/node.ts';
import { toValueJson } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import { ReadyJson } from './json-text.ts';

const QUOTED_LENGTH = 60;
/** Work between two pauses, in characters of values; every property counts for some besides. */
const STEP_WORK = 16_384;
const FIELD_WORK = 32;

/**
 * Reads the `put` of a message into writes, all or none (gun-wire section 7, D1, D2, D6).
 *
 * Objects of JSON.parse are safe to read here: names that are built in elsewhere never hold a node or a
 * finite number, so they fail the same checks as missing ones unless the sender really sent them.
 */
export function parsePut(put: unknown, limits: GraphLimits): Result<FieldWrite[]> {
  if (!isRecord(put)) return failure('put: must be an object');
  const writes: FieldWrite[] = [];
  let souls = 0;
  for (const soul in put) {
    souls += 1;
    if (souls > limits.messageSouls) return failure(`put: more than ${limits.messageSouls} souls`);
    const node = put[soul];
    const states = statesOf(soul, node, limits);
    if (typeof states === 'string') return failure(states);
    const fault = parseFields(soul, node as Record<string, unknown>, states, writes, limits);
    if (fault !== undefined) return failure(fault);
  }
  return success(writes);
}

/** {@link parsePut} in steps, of a put that was read in steps. */
export function* parsePutInSteps(
  put: unknown,
  limits: GraphLimits,
): Generator<undefined, Result<FieldWrite[]>> {
  if (!isRecord(put)) return failure('put: must be an object');
  const writes: FieldWrite[] = [];
  let souls = 0;
  for (const soul in put) {
    souls += 1;
    if (souls > limits.messageSouls) return failure(`put: more than ${limits.messageSouls} souls`);
    const node = put[soul];
    const states = statesOf(soul, node, limits);
    if (typeof states === 'string') return failure(states);
    const fault = yield* parseFieldsInSteps(soul, node as Record<string, unknown>, states, writes, limits);
    if (fault !== undefined) return failure(fault);
  }
  return success(writes);
}

/** Pauses behind the node, and within it when it is large. */
function* parseFieldsInSteps(
  soul: string,
  node: Record<string, unknown>,
  states: Record<string, unknown>,
  writes: FieldWrite[],
  limits: GraphLimits,
): Generator<undefined, string | undefined> {
  let keys = 0;
  let work = 0;
  for (const key in node) {
    if (key === META_KEY) continue;
    keys += 1;
    const field = parseField(soul, key, keys, node[key], states[key], limits);
    if (typeof field === 'string') return field;
    writes.push(field);
    work += FIELD_WORK + field.json.length;
    if (work < STEP_WORK) continue;
    work = 0;
    yield;
  }
  yield;
  return undefined;
}

/** The states of a node, or its fault. */
function statesOf(soul: string, node: unknown, limits: GraphLimits): Record<string, unknown> | string {
  if (soul === '') return 'put[""]: soul is empty';
  if (soul.length > limits.nameLength)
    return `put[${quote(soul)}]: soul longer than ${limits.nameLength} characters`;
  if (!isRecord(node)) return `put[${quote(soul)}]: node must be an object`;
  const meta = node[META_KEY];
  if (!isRecord(meta)) return `put[${quote(soul)}]["_"]: missing`;
  if (meta['#'] !== soul) return `put[${quote(soul)}]["_"]["#"]: soul is not the same`;
  const states = meta['>'];
  return isRecord(states) ? states : `put[${quote(soul)}]["_"][">"]: states missing`;
}

function parseFields(
  soul: string,
  node: Record<string, unknown>,
  states: Record<string, unknown>,
  writes: FieldWrite[],
  limits: GraphLimits,
): string | undefined {
  let keys = 0;
  for (const key in node) {
    if (key === META_KEY) continue;
    keys += 1;
    const field = parseField(soul, key, keys, node[key], states[key], limits);
    if (typeof field === 'string') return field;
    writes.push(field);
  }
  return undefined;
}

/** @param place how many properties of the node have been read, with this one */
function parseField(
  soul: string,
  key: string,
  place: number,
  value: unknown,
  state: unknown,
  limits: GraphLimits,
): FieldWrite | string {
  if (key === '' || key.length > limits.nameLength || place > limits.nodeProperties) {
    return nameFault(soul, key, limits);
  }
  if (typeof state !== 'number' || !Number.isFinite(state)) {
    return `put[${quote(soul)}]["_"][">"][${quote(key)}]: state must be a finite number`;
  }
  const json = toValueJson(value) ?? readyJson(value);
  if (json === undefined) {
    return `put[${quote(soul)}][${quote(key)}]: value must be null, text, true, false, a finite number or a link`;
  }
  return { soul, key, state, json };
}

function readyJson(value: unknown): string | undefined {
  return value instanceof ReadyJson ? value.json : undefined;
}

function nameFault(soul: string, key: string, limits: GraphLimits): string {
  const path = `put[${quote(soul)}]`;
  if (key === '') return `${path}[""]: key is empty`;
  if (key.length > limits.nameLength)
    return `${path}[${quote(key)}]: key longer than ${limits.nameLength} characters`;
  return `${path}: more than ${limits.nodeProperties} properties`;
}

/** A name in an error text: quoted, cut, never longer than a line. */
function quote(name: string): string {
  return JSON.stringify(name.length > QUOTED_LENGTH ? `${name.slice(0, QUOTED_LENGTH)}…` : name);
}
