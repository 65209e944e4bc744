import { failure, success, type Result } from '../base/result.ts';
import { fromValueJson, isLink, toValueJson } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import { CborScanner } from '../log/cbor-scanner.ts';
import { CborWriter, isWellFormed } from '../log/cbor-writer.ts';
import { BODY_KIND, BODY_VERSION, encodeEnvelope, readHead } from '../log/envelope.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';

/** Kinds of bodies that hold writes to the graph. */
export type DeltaKind = (typeof BODY_KIND)[keyof typeof BODY_KIND];

const KINDS: ReadonlySet<string> = new Set<string>(Object.values(BODY_KIND));

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
  const some = [...writes];
  for (const write of some) {
    const reason = unsignable(write);
    if (reason !== undefined) return failure(reason);
  }
  return encodeNodes(kind, nodesOf(some));
}

/** Writes to one node. */
export type NodeWrites = readonly [soul: string, writes: readonly FieldWrite[]];

/** Writes by node, as bodies have the nodes in order. */
export function nodesOf(writes: readonly FieldWrite[]): NodeWrites[] {
  const bySoul = new Map<string, FieldWrite[]>();
  for (const write of writes) {
    const same = bySoul.get(write.soul);
    if (same === undefined) bySoul.set(write.soul, [write]);
    else same.push(write);
  }
  return inOrder([...bySoul], ([a], [b]) => compareNames(a, b));
}

/** {@link encodeDelta} for writes of which it is known that an operation can have them. */
export function encodeNodes(kind: DeltaKind, nodes: readonly NodeWrites[]): Result<Uint8Array> {
  const payload = payloadOf(nodes, kind === BODY_KIND.snapshot);
  const body = encodeEnvelope({ kind, version: BODY_VERSION, payload, meta: undefined });
  return body.length > MOST_BODY_BYTES ? failure('too much for one operation') : success(body);
}

function payloadOf(nodes: readonly NodeWrites[], keepsAll: boolean): Uint8Array {
  const writer = new CborWriter().array(nodes.length);
  for (const [soul, writes] of nodes) {
    const said = saidOf(inOrder(writes, compareWrites), keepsAll);
    writer.array(2).text(soul).array(said.length);
    for (const { key, state, json } of said) {
      writer
        .array(3)
        .text(key)
        .number(state + 0);
      writeValue(writer, json);
    }
  }
  return writer.finish();
}

/** The same things in order, in which they mostly are. */
function inOrder<Things extends readonly unknown[]>(
  things: Things,
  compare: (a: Things[number], b: Things[number]) => number,
): Things {
  for (let at = 1; at < things.length; at += 1) {
    if (compare(things[at - 1], things[at]) > 0) return things.toSorted(compare) as unknown as Things;
  }
  return things;
}

/** By key, then by rank. */
function compareWrites(a: FieldWrite, b: FieldWrite): number {
  return compareNames(a.key, b.key) || compareRank(a, b);
}

/** Of ordered writes to one node those that are said: the winner of each property, or each once. */
function saidOf(ordered: readonly FieldWrite[], keepsAll: boolean): readonly FieldWrite[] {
  const isOver = (write: FieldWrite, next: FieldWrite | undefined): boolean =>
    next?.key === write.key && !(keepsAll && compareRank(write, next) !== 0);
  const isRepeated = ordered.some((write, at) => isOver(write, ordered[at + 1]));
  return isRepeated ? ordered.filter((write, at) => !isOver(write, ordered[at + 1])) : ordered;
}

/** Writes a value given as JSON. */
function writeValue(writer: CborWriter, json: string): void {
  // Most texts are the same without their quotes, and need no parser.
  if (json.startsWith('"') && !json.includes('\\')) {
    writer.text(json.slice(1, -1));
    return;
  }
  const value = fromValueJson(json);
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
  const scanner = new CborScanner(body);
  const { kind, version, hasMeta } = readHead(scanner);
  const delta = readDelta(scanner, kind, version);
  if (hasMeta) scanner.skip();
  scanner.end();
  return scanner.fault === undefined ? success(delta) : failure(scanner.fault);
}

/** The payload, undefined when it is nothing to the graph. */
function readDelta(scanner: CborScanner, kind: string, version: number): Delta | undefined {
  if (isDeltaKind(kind) && version === BODY_VERSION)
    return { kind, writes: readSouls(scanner, kind === BODY_KIND.snapshot) };
  scanner.skip();
  return undefined;
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
  // A list that grew has room for more, which many that wait at a time would hold.
  return writes.slice();
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
