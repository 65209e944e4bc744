import { failure, success, type Result } from '../base/result.ts';
import type { Limits } from '../base/limits.ts';
import { META_KEY } from '../graph/node.ts';
import { toValueJson } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';

const QUOTED_LENGTH = 60;

/**
 * Reads the `put` of a message into writes, all or none (gun-wire section 7, D1, D2, D6).
 *
 * Objects of JSON.parse are safe to read here: names that are built in elsewhere never hold a node or a
 * finite number, so they fail the same checks as missing ones unless the sender really sent them.
 */
export function parsePut(put: unknown, limits: Limits): Result<FieldWrite[]> {
  if (!isObject(put)) return failure('put: must be an object');
  const writes: FieldWrite[] = [];
  let souls = 0;
  for (const soul in put) {
    souls += 1;
    if (souls > limits.messageSouls) return failure(`put: more than ${limits.messageSouls} souls`);
    const fault = parseNode(soul, put[soul], writes, limits);
    if (fault !== undefined) return failure(fault);
  }
  return success(writes);
}

function parseNode(soul: string, node: unknown, writes: FieldWrite[], limits: Limits): string | undefined {
  if (soul === '') return 'put[""]: soul is empty';
  if (soul.length > limits.nameLength)
    return `put[${quote(soul)}]: soul longer than ${limits.nameLength} characters`;
  if (!isObject(node)) return `put[${quote(soul)}]: node must be an object`;
  const states = statesOf(soul, node[META_KEY]);
  if (typeof states === 'string') return states;
  return parseFields(soul, node, states, writes, limits);
}

function statesOf(soul: string, meta: unknown): Record<string, unknown> | string {
  if (!isObject(meta)) return `put[${quote(soul)}]["_"]: missing`;
  if (meta['#'] !== soul) return `put[${quote(soul)}]["_"]["#"]: soul is not the same`;
  const states = meta['>'];
  return isObject(states) ? states : `put[${quote(soul)}]["_"][">"]: states missing`;
}

function parseFields(
  soul: string,
  node: Record<string, unknown>,
  states: Record<string, unknown>,
  writes: FieldWrite[],
  limits: Limits,
): string | undefined {
  let keys = 0;
  for (const key in node) {
    if (key === META_KEY) continue;
    keys += 1;
    const state = states[key];
    const json = toValueJson(node[key]);
    if (key === '' || key.length > limits.nameLength || keys > limits.nodeProperties) {
      return nameFault(soul, key, limits);
    }
    if (typeof state !== 'number' || !Number.isFinite(state)) {
      return `put[${quote(soul)}]["_"][">"][${quote(key)}]: state must be a finite number`;
    }
    if (json === undefined) {
      return `put[${quote(soul)}][${quote(key)}]: value must be null, text, true, false, a finite number or a link`;
    }
    writes.push({ soul, key, state, json });
  }
  return undefined;
}

function nameFault(soul: string, key: string, limits: Limits): string {
  const path = `put[${quote(soul)}]`;
  if (key === '') return `${path}[""]: key is empty`;
  if (key.length > limits.nameLength)
    return `${path}[${quote(key)}]: key longer than ${limits.nameLength} characters`;
  return `${path}: more than ${limits.nodeProperties} properties`;
}

/** Arrays are none: their `length` would pass for a state that nobody sent. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A name in an error text: quoted, cut, never longer than a line. */
function quote(name: string): string {
  return JSON.stringify(name.length > QUOTED_LENGTH ? `${name.slice(0, QUOTED_LENGTH)}…` : name);
}
