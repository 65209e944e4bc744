import { fromBase64Url, toBase64Url } from '../base/byte-texts.ts';

const ID_DIGITS = 64;
/** Stands for a body that has a record of its own. */
const APART = '*';
/** Bytes of a body that stands with its header; larger ones would be moved about with it when branches change places. */
const MOST_TOGETHER = 4096;

/** An operation as it is stored at its place in a log. */
export interface OperationRecord {
  /** As hex. */
  readonly id: string;
  /** Bytes of headers and bodies of the branch up to and with this operation, as they were when they came. */
  readonly total: number;
  readonly header: Uint8Array;
  /** Undefined when there is none, when it was pruned, and when it is kept apart. */
  readonly body: Uint8Array | undefined;
  /** True when the body has a record of its own. */
  readonly isApart: boolean;
}

/** True for a body that has a record of its own. */
export function isKeptApart(body: Uint8Array | undefined): boolean {
  return body !== undefined && body.length > MOST_TOGETHER;
}

/**
 * The record of an operation: `<id> <total> <header> <body>` as text, which storages seal, write and walk over at less
 * cost than bytes. Header and body are base64url, the body nothing when there is none and `*` when it is kept apart.
 */
export function encodeOperation(
  id: string,
  total: number,
  header: Uint8Array,
  body: Uint8Array | undefined,
): string {
  const prefix = `${id} ${total} ${toBase64Url(header)} `;
  if (body === undefined) return prefix;
  return prefix + (isKeptApart(body) ? APART : toBase64Url(body));
}

/** The operation of a record. */
export function decodeOperation(record: string): OperationRecord {
  const [start, middle, end] = bordersOf(record);
  const body = record.slice(end + 1);
  const isApart = body === APART;
  return {
    id: idOfOperation(record),
    total: Number(record.slice(start + 1, middle)),
    header: bytesOf(record.slice(middle + 1, end)),
    body: isApart || body === '' ? undefined : bytesOf(body),
    isApart,
  };
}

/** The id in a record. */
export function idOfOperation(record: string): string {
  return record.slice(0, ID_DIGITS);
}

/** The total in a record. */
export function totalOfOperation(record: string): number {
  const [start, middle] = bordersOf(record);
  return Number(record.slice(start + 1, middle));
}

/** A record with another total, as that of another branch. */
export function withTotal(record: string, total: number): string {
  const [start, middle] = bordersOf(record);
  return `${record.slice(0, start + 1)}${total}${record.slice(middle)}`;
}

/** True for a record with a body, which may be kept apart. */
export function hasBody(record: string): boolean {
  return !record.endsWith(' ');
}

/** A record without its body. */
export function withoutBody(record: string): string {
  const [, , end] = bordersOf(record);
  return record.slice(0, end + 1);
}

/** Where the blanks of a record stand. */
function bordersOf(record: string): readonly [start: number, middle: number, end: number] {
  const middle = record.indexOf(' ', ID_DIGITS + 1);
  return [ID_DIGITS, middle, record.indexOf(' ', middle + 1)];
}

/** What does not fit its checksum is never given to this, so that there are always bytes. */
function bytesOf(text: string): Uint8Array {
  return fromBase64Url(text) ?? new Uint8Array(0);
}
