import { toHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import { relayError } from '../base/errors.ts';
import { encodeUnsigned, idHexOf, withSignature, type Header, type UnsignedHeader } from './codec.ts';
import { encodeExtensions, type Extensions } from './extensions.ts';
import { hashBytes } from './hash.ts';
import type { LaterSigner, Signer } from './key-pair.ts';

/** Bytes of a body (log-mapping section 2). */
export const MOST_BODY_BYTES: number = 1024 * 1024;
const MOST_SEQUENCE = 2 ** 32 - 1;

/** One entry of a log, read and with extensions; whether it is true is for `integrity.ts`. */
export interface Operation {
  readonly header: Header;
  readonly extensions: Extensions;
  /** Undefined when there is none, or when it was pruned. */
  readonly body: Uint8Array | undefined;
}

/** What comes before an operation in its log. */
export interface Place {
  readonly sequence: number;
  /** Id of the operation before; undefined at the beginning. */
  readonly backlink: Uint8Array | undefined;
}

/** Where the first operation of a log stands. */
export const FIRST_PLACE: Place = { sequence: 0, backlink: undefined };

/** The place after an operation. */
export function placeAfter({ sequence, id }: Pick<Header, 'sequence' | 'id'>): Place {
  return { sequence: sequence + 1, backlink: id };
}

/**
 * Signs a header over a body.
 *
 * @param extensions CBOR of the extensions, undefined for none
 * @param body empty means none
 * @throws GraphError LOG_FULL after 2^32 operations
 */
export function signHeader(
  signer: Signer,
  place: Place,
  extensions: Uint8Array | undefined,
  body: Uint8Array | undefined,
): Header {
  const fields = headerOf(signer.publicKey, place, extensions, body);
  const unsigned = encodeUnsigned(fields);
  return signedHeader(fields, unsigned, signer.sign(unsigned));
}

function headerOf(
  author: Uint8Array,
  { sequence, backlink }: Place,
  extensions: Uint8Array | undefined,
  body: Uint8Array | undefined,
): UnsignedHeader {
  if (sequence > MOST_SEQUENCE) throw relayError('LOG_FULL');
  const payloadSize = body?.length ?? 0;
  const payloadHash = body === undefined || payloadSize === 0 ? undefined : hashBytes(body);
  return { author, payloadSize, payloadHash, sequence, backlink, extensions };
}

function signedHeader(fields: UnsignedHeader, unsigned: Uint8Array, signature: Uint8Array): Header {
  const bytes = withSignature(unsigned, signature);
  return { ...fields, signature, bytes, id: hashBytes(bytes) };
}

/** What a new operation says beside its body. */
export type OperationFields = Omit<Extensions, 'previous'>;

/**
 * Makes and signs an operation.
 *
 * @throws GraphError LOG_FULL after 2^32 operations
 * @throws GraphError LOG_BODY_TOO_LARGE for a body above {@link MOST_BODY_BYTES}
 */
export function createOperation(
  signer: Signer,
  place: Place,
  fields: OperationFields,
  body: Uint8Array | undefined,
): Operation {
  assertFits(body);
  return operationOf(signHeader(signer, place, encodeExtensions(fields), body), fields, body);
}

/**
 * {@link createOperation} for keys that take their time, as those of Web Crypto do; rejects with what it throws, and with
 * what the key rejects with.
 */
export async function createOperationLater(
  signer: LaterSigner,
  place: Place,
  fields: OperationFields,
  body: Uint8Array | undefined,
): Promise<Operation> {
  assertFits(body);
  const header = headerOf(signer.publicKey, place, encodeExtensions(fields), body);
  const unsigned = encodeUnsigned(header);
  return operationOf(signedHeader(header, unsigned, await signer.sign(unsigned)), fields, body);
}

function assertFits(body: Uint8Array | undefined): void {
  if (body !== undefined && body.length > MOST_BODY_BYTES)
    throw relayError('LOG_BODY_TOO_LARGE', `${body.length} bytes`);
}

function operationOf(header: Header, fields: OperationFields, body: Uint8Array | undefined): Operation {
  return {
    header,
    extensions: { ...fields, previous: [] },
    body: header.payloadSize === 0 ? undefined : body,
  };
}

/** An operation's id, author and log as hex, the names by which stores and state vectors know them. */
export interface OperationNames {
  readonly id: string;
  readonly author: string;
  readonly log: string;
}

/** Author and log of the last names, which nobody changes: operations come in the order of their logs. */
let last = { author: new Uint8Array(0) as Uint8Array, log: new Uint8Array(0) as Uint8Array, names: ['', ''] };

/** The names of an operation. */
export function namesOf({ header, extensions }: Pick<Operation, 'header' | 'extensions'>): OperationNames {
  const { author } = header;
  const { logId: log } = extensions;
  if (!equalBytes(author, last.author) || !equalBytes(log, last.log)) {
    last = { author, log, names: [toHex(author), toHex(log)] };
  }
  return { id: idHexOf(header), author: last.names[0]!, log: last.names[1]! };
}

/** Milliseconds of a clock as a timestamp of operations, in microseconds. */
export function timestampOf(ms: number): bigint {
  return BigInt(Math.max(0, Math.round(ms * 1000)));
}
