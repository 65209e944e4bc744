import { failure, success, type Result } from '../base/result.ts';
import { fromValueJson, isLink } from '../graph/value.ts';
import type { FieldWrite } from '../graph/write.ts';
import { CborScanner } from '../log/cbor-scanner.ts';
import { CborWriter, isWellFormed } from '../log/cbor-writer.ts';
import { beginEnvelope, BODY_KIND, BODY_VERSION, readHead } from '../log/envelope.ts';
import { MOST_BODY_BYTES } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';
import { DeltaReader } from './delta-reader.ts';
import { compareNames } from './name-order.ts';
import { endOfNode } from './written-nodes.ts';

/** Kinds of bodies that hold writes to the graph. */
export type DeltaKind = (typeof BODY_KIND)[keyof typeof BODY_KIND];

/** Bytes of what stands before the writes, before a soul, and around a property, at most. */
const ENVELOPE_LENGTH = 32;
const NAME_LENGTH = 16;
const PROPERTY_LENGTH = 24;
/** Properties that are read in one step. */
const STEP_PROPERTIES = 256;
/** Properties of a node that are put in order one by one. */
const MOST_INSERTED = 16;
/** What the JSON of each kind of value begins with; all others are numbers. */
const [QUOTE, BRACE, TRUE, FALSE, NULL] = ['"', '{', 't', 'f', 'n'].map((lead) => lead.charCodeAt(0));

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
  return encodeSaid(kind, saidBy(kind, some));
}

/** Those of some writes that a body says, in its order. */
export function saidBy(kind: DeltaKind, writes: readonly FieldWrite[]): readonly FieldWrite[] {
  const keepsAll = kind === BODY_KIND.snapshot;
  const ordered = inBodyOrder(writes);
  const isOver = (at: number): boolean => {
    const [write, next] = [ordered[at]!, ordered[at + 1]];
    if (next?.key !== write.key || next.soul !== write.soul) return false;
    return !keepsAll || compareRank(write, next) === 0;
  };
  for (let at = 0; at < ordered.length; at += 1) {
    if (isOver(at)) return ordered.filter((_, place) => !isOver(place));
  }
  return ordered;
}

/** Writes by soul and key, then by rank; those to one node mostly stand together, which spares comparing their souls. */
function inBodyOrder(writes: readonly FieldWrite[]): readonly FieldWrite[] {
  const ordered: FieldWrite[] = [];
  for (const start of startsInOrder(writes)) {
    const { soul } = writes[start]!;
    for (let at = start; writes[at]?.soul === soul; at += 1) ordered.push(writes[at]!);
  }
  for (let from = 0, to = 0; from < ordered.length; from = to) {
    to = endOfNode(ordered, from);
    sortPart(ordered, from, to);
  }
  return ordered;
}

/** Where writes to another node begin than those before, in the order of the souls. */
function startsInOrder(writes: readonly FieldWrite[]): number[] {
  const starts: number[] = [];
  let isInOrder = true;
  for (let at = 0; at < writes.length; at += 1) {
    const before = writes[at - 1]?.soul;
    const { soul } = writes[at]!;
    if (before === soul) continue;
    if (before !== undefined && compareNames(before, soul) > 0) isInOrder = false;
    starts.push(at);
  }
  return isInOrder ? starts : starts.toSorted((a, b) => compareNames(writes[a]!.soul, writes[b]!.soul));
}

/** Puts the writes to one node in order. */
function sortPart(ordered: FieldWrite[], from: number, to: number): void {
  if (to - from > MOST_INSERTED) {
    const part = ordered.slice(from, to).toSorted(compareWrites);
    for (let at = from; at < to; at += 1) ordered[at] = part[at - from]!;
    return;
  }
  for (let end = from + 1; end < to; end += 1) {
    const write = ordered[end]!;
    let at = end;
    for (; at > from && compareWrites(ordered[at - 1]!, write) > 0; at -= 1) ordered[at] = ordered[at - 1]!;
    ordered[at] = write;
  }
}

/** By key, then by rank. */
function compareWrites(a: FieldWrite, b: FieldWrite): number {
  return compareNames(a.key, b.key) || compareRank(a, b);
}

/**
 * {@link encodeDelta} for what {@link saidBy} gives.
 *
 * @throws GraphError CBOR_BAD_VALUE for a lone surrogate, as one write that is {@link unsignable} may have it
 */
export function encodeSaid(kind: DeltaKind, said: readonly FieldWrite[]): Result<Uint8Array> {
  const { souls, length } = extentOf(said);
  const writer = new CborWriter(length);
  beginEnvelope(writer, kind, BODY_VERSION);
  writer.array(souls);
  for (let from = 0, to = 0; from < said.length; from = to) {
    to = endOfNode(said, from);
    writer
      .array(2)
      .text(said[from]!.soul)
      .array(to - from);
    for (let at = from; at < to; at += 1) writeProperty(writer, said[at]!);
  }
  const body = writer.finish();
  return body.length > MOST_BODY_BYTES ? failure('too much for one operation') : success(body);
}

/** How many souls a body has, and its bytes, about; mostly some more than it has. */
function extentOf(said: readonly FieldWrite[]): { readonly souls: number; readonly length: number } {
  let souls = 0;
  let length = ENVELOPE_LENGTH;
  let last: string | undefined;
  for (let at = 0; at < said.length; at += 1) {
    const { soul, key, json } = said[at]!;
    if (last !== soul) {
      souls += 1;
      length += NAME_LENGTH + soul.length;
    }
    last = soul;
    length += PROPERTY_LENGTH + key.length + json.length;
  }
  return { souls, length };
}

function writeProperty(writer: CborWriter, { key, state, json }: FieldWrite): void {
  writer
    .array(3)
    .text(key)
    .number(state + 0);
  writeValue(writer, json);
}

/** Writes a value given as JSON. */
function writeValue(writer: CborWriter, json: string): void {
  switch (json.charCodeAt(0)) {
    case QUOTE:
      // Most texts are the same without their quotes, and need no parser.
      if (json.includes('\\')) writer.text(fromValueJson(json) as string);
      else writer.text(json, 1, json.length - 1);
      return;
    case BRACE: {
      const value = fromValueJson(json);
      if (isLink(value)) writer.map(1).text('#').text(value['#']);
      return;
    }
    case TRUE:
    case FALSE:
      writer.bool(json === 'true');
      return;
    case NULL:
      writer.null();
      return;
    default:
      // JSON may hold -0, which HAM does not tell from 0.
      writer.number(Number(json) + 0);
  }
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
  const reading = new DeltaReading(body);
  reading.read(Infinity);
  return reading.end();
}

/**
 * {@link decodeDelta} in steps.
 *
 * @param most properties of one step
 */
export function* decodeDeltaInSteps(
  body: Uint8Array,
  most: number = STEP_PROPERTIES,
): Generator<void, Result<Delta | undefined>> {
  const reading = new DeltaReading(body);
  while (!reading.read(most)) yield;
  return reading.end();
}

/** A body that is being read. */
class DeltaReading {
  readonly #scanner: CborScanner;
  readonly #kind: DeltaKind | undefined;
  readonly #hasMeta: boolean;
  /** Undefined for what is nothing to the graph. */
  readonly #reader: DeltaReader | undefined;

  constructor(body: Uint8Array) {
    this.#scanner = new CborScanner(body);
    const { kind, version, hasMeta } = readHead(this.#scanner);
    this.#hasMeta = hasMeta;
    this.#kind = isDeltaKind(kind) && version === BODY_VERSION ? kind : undefined;
    this.#reader =
      this.#kind === undefined
        ? undefined
        : new DeltaReader(this.#scanner, this.#kind === BODY_KIND.snapshot);
  }

  /** Reads at most so many properties; true when nothing is left, or when there is a fault. */
  read(most: number): boolean {
    return this.#reader?.read(most) ?? true;
  }

  /** What it says, once all was read. */
  end(): Result<Delta | undefined> {
    const scanner = this.#scanner;
    if (this.#reader === undefined) scanner.skip();
    if (this.#hasMeta) scanner.skip();
    scanner.end();
    if (scanner.fault !== undefined) return failure(scanner.fault);
    return success(this.#kind && { kind: this.#kind, writes: this.#reader!.writes });
  }
}

/** What a body says to the graph; nothing when there is none, and when it is of another kind. */
export function writesIn(body: Uint8Array | undefined): readonly FieldWrite[] {
  const delta = body === undefined ? undefined : decodeDelta(body);
  return (delta?.ok === true ? delta.value?.writes : undefined) ?? [];
}

function isDeltaKind(kind: string): kind is DeltaKind {
  return KINDS.has(kind);
}
