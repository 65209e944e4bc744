import { failure, success, type Result } from '../base/result.ts';
import { fromValueJson, isLink, toValueJson, type Value } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import { CborScanner } from '../log/cbor-scanner.ts';
import { CborWriter, isWellFormed } from '../log/cbor-writer.ts';
import { BODY_KIND, BODY_VERSION, decodeEnvelope, encodeEnvelope } from '../log/envelope.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';

/** Kinds of bodies that hold writes to the graph. */
export type DeltaKind = (typeof BODY_KIND)[keyof typeof BODY_KIND];

const KINDS: ReadonlySet<string> = new Set<string>(Object.values(BODY_KIND));

/** What the writes of one body are, by soul and key. */
type Grouped = Map<string, Map<string, FieldWrite[]>>;

/**
 * Why a write cannot be in an operation (log-mapping section 2), undefined when it can: names that stop Gun's own
 * loops, and texts that CBOR cannot carry.
 */
export function unsignable({ soul, key, state, json }: FieldWrite): string | undefined {
  if (soul === '' || key === '') return 'an empty soul or key';
  if (!Number.isFinite(state)) return 'a state that is not finite';
  if (!isWellFormed(soul) || !isWellFormed(key)) return 'a lone surrogate in a soul or key';
  // JSON writes lone surrogates as escapes, so a text without them needs no look.
  if (!json.includes('\\ud')) return undefined;
  const value = fromValueJson(json);
  const text = isLink(value) ? value['#'] : value;
  if (typeof text === 'string' && !isWellFormed(text)) return 'a lone surrogate in a value';
  return undefined;
}

/**
 * Writes as the body of an operation: `[kind, 1, [[soul, [[key, state, value], …]], …]]`, souls and keys in the order
 * of their UTF-8 bytes. Of several writes to one property the winner stays; a snapshot keeps them all, as some of
 * them may wait for their time.
 *
 * @returns the reason when a write cannot be in an operation, or when the body would be too large
 */
export function encodeDelta(kind: DeltaKind, writes: Iterable<FieldWrite>): Result<Uint8Array> {
  const grouped: Grouped = new Map();
  for (const write of writes) {
    const reason = unsignable(write);
    if (reason !== undefined) return failure(reason);
    add(grouped, write, kind === BODY_KIND.snapshot);
  }
  const payload = payloadOf(grouped);
  const body = encodeEnvelope({ kind, version: BODY_VERSION, payload, meta: undefined });
  return body.length > MOST_BODY_BYTES ? failure('too much for one operation') : success(body);
}

function add(grouped: Grouped, write: FieldWrite, keepsAll: boolean): void {
  let keys = grouped.get(write.soul);
  if (keys === undefined) grouped.set(write.soul, (keys = new Map<string, FieldWrite[]>()));
  const same = keys.get(write.key);
  if (same === undefined) {
    keys.set(write.key, [write]);
    return;
  }
  const at = same.findIndex((other) => compareRank(other, write) >= 0);
  if (at !== -1 && compareRank(same[at]!, write) === 0) return;
  if (keepsAll) same.splice(at === -1 ? same.length : at, 0, write);
  else if (at === -1) same.splice(0, same.length, write);
}

function payloadOf(grouped: Grouped): Uint8Array {
  const writer = new CborWriter().array(grouped.size);
  for (const [soul, keys] of sorted(grouped)) {
    let count = 0;
    for (const same of keys.values()) count += same.length;
    writer.array(2).text(soul).array(count);
    for (const [key, same] of sorted(keys)) {
      for (const { state, json } of same) {
        writer
          .array(3)
          .text(key)
          .number(state + 0);
        writeValue(writer, fromValueJson(json));
      }
    }
  }
  return writer.finish();
}

/** Entries in the order of their well-formed names. */
function sorted<T>(map: ReadonlyMap<string, T>): [name: string, content: T][] {
  return [...map].toSorted(([a], [b]) => compareNames(a, b));
}

function writeValue(writer: CborWriter, value: Value): void {
  if (isLink(value)) writer.map(1).text('#').text(value['#']);
  // JSON may hold -0, which HAM does not tell from 0.
  else writer.value(typeof value === 'number' ? value + 0 : value);
}

/** What a body says to the graph. */
export interface Delta {
  readonly kind: DeltaKind;
  /** In the order of the body. */
  readonly writes: readonly FieldWrite[];
}

/**
 * Reads the writes of a body, strictly: one list of writes has one body.
 *
 * @returns undefined for kinds and versions that are nothing to the graph: stored and passed on, not materialised
 */
export function decodeDelta(body: Uint8Array): Result<Delta | undefined> {
  const envelope = decodeEnvelope(body);
  if (!envelope.ok) return envelope;
  const { kind, version, payload } = envelope.value;
  if (!isDeltaKind(kind) || version !== BODY_VERSION) return success(undefined);
  const scanner = new CborScanner(payload);
  const writes = readSouls(scanner, kind === BODY_KIND.snapshot);
  scanner.end();
  return scanner.fault === undefined ? success({ kind, writes }) : failure(scanner.fault);
}

function isDeltaKind(kind: string): kind is DeltaKind {
  return KINDS.has(kind);
}

function readSouls(scanner: CborScanner, mayRepeat: boolean): FieldWrite[] {
  const writes: FieldWrite[] = [];
  const souls = scanner.array();
  let last: string | undefined;
  for (let soulAt = 0; soulAt < souls && scanner.fault === undefined; soulAt += 1) {
    if (scanner.array() !== 2) scanner.refuse('not [soul, properties]');
    const soul = readName(scanner);
    if (last !== undefined && compareNames(last, soul) >= 0) scanner.refuse('souls out of order');
    last = soul;
    readKeys(scanner, soul, mayRepeat, writes);
  }
  return writes;
}

function readKeys(scanner: CborScanner, soul: string, mayRepeat: boolean, writes: FieldWrite[]): void {
  const count = scanner.array();
  if (count === 0) scanner.refuse('a soul without properties');
  let last: FieldWrite | undefined;
  for (let at = 0; at < count && scanner.fault === undefined; at += 1) {
    if (scanner.array() !== 3) scanner.refuse('not [key, state, value]');
    const write = { soul, key: readName(scanner), state: scanner.number(), json: readValue(scanner) };
    if (last !== undefined && !follows(last, write, mayRepeat)) scanner.refuse('keys out of order');
    last = write;
    writes.push(write);
  }
}

function follows(last: FieldWrite, write: FieldWrite, mayRepeat: boolean): boolean {
  const order = compareNames(last.key, write.key);
  return order < 0 || (order === 0 && mayRepeat && compareRank(last, write) < 0);
}

function readName(scanner: CborScanner): string {
  const name = scanner.text();
  if (name === '') scanner.refuse('an empty soul or key');
  return name;
}

/** The JSON of a value. */
function readValue(scanner: CborScanner): string {
  switch (scanner.next()) {
    case 'null':
      scanner.isNull();
      return 'null';
    case 'bool':
      return scanner.bool() ? 'true' : 'false';
    case 'text':
      return JSON.stringify(scanner.text());
    case 'map':
      return readLink(scanner);
    default:
      return JSON.stringify(scanner.number());
  }
}

function readLink(scanner: CborScanner): string {
  if (scanner.map() !== 1 || scanner.text() !== '#') scanner.refuse('a map that is no link');
  return toValueJson({ '#': readName(scanner) }) ?? 'null';
}

/** Orders well-formed names by their UTF-8 bytes, which is the order of their code points. */
function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one !== other) return rankOfUnit(one) - rankOfUnit(other);
  }
  return a.length - b.length;
}

/** Surrogates stand for characters beyond all others. */
function rankOfUnit(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x1_0000 : unit;
}
