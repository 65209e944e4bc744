import { toHex } from '../base/byte-texts.ts';
import { concatBytes } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import { CborScanner } from './cbor-scanner.ts';
import { CborWriter } from './cbor-writer.ts';
import { hashBytes, HASH_BYTES } from './hash.ts';
import type { LogReason } from './reasons.ts';
import { KEY_BYTES, SIGNATURE_BYTES } from './strict-ed25519.ts';

/** Version of p2panda's header layout; 0.7 and this one share it with older layouts that are not taken. */
const VERSION = 1;
const MOST_UINT32 = 2 ** 32 - 1;
/** Fields that a one byte array head counts: known ones, and what later versions may append. */
const MOST_FIELDS = 23;
/** Where the signature stands: after the array's head, the version and the key. */
const SIGNATURE_START = 1 + 1 + 2 + KEY_BYTES;
const SIGNATURE_END = SIGNATURE_START + 2 + SIGNATURE_BYTES;
/** Bytes of a header: a few hundred, unless somebody put a body into its extensions. */
export const MOST_HEADER_BYTES = 4096;

/** A header without its signature. */
export interface UnsignedHeader {
  /** The author's public key, 32 bytes. */
  readonly author: Uint8Array;
  /** Bytes of the body, 0 to 2^32-1. */
  readonly payloadSize: number;
  /** BLAKE3 of the body, present if and only if it has bytes. */
  readonly payloadHash: Uint8Array | undefined;
  /** Place in the log, 0 to 2^32-1. */
  readonly sequence: number;
  /** Id of the operation before, present if and only if this is not the first. */
  readonly backlink: Uint8Array | undefined;
  /** CBOR of the extensions, undefined when there are none. */
  readonly extensions: Uint8Array | undefined;
}

/** A header as it was received or signed: bytes are what counts, fields are what they say. */
export interface Header extends UnsignedHeader {
  readonly signature: Uint8Array;
  /** The signed header as received; its hash is the operation's id. */
  readonly bytes: Uint8Array;
  /** BLAKE3 of {@link bytes}, 32 bytes. */
  readonly id: Uint8Array;
}

/** A header that was read, which remembers its id as hex: that is asked for several times on an operation's way. */
class ReceivedHeader implements Header {
  readonly author: Uint8Array;
  readonly signature: Uint8Array;
  readonly payloadSize: number;
  readonly payloadHash: Uint8Array | undefined;
  readonly sequence: number;
  readonly backlink: Uint8Array | undefined;
  readonly extensions: Uint8Array | undefined;
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  #idHex: string | undefined = undefined;

  constructor(fields: Header) {
    this.author = fields.author;
    this.signature = fields.signature;
    this.payloadSize = fields.payloadSize;
    this.payloadHash = fields.payloadHash;
    this.sequence = fields.sequence;
    this.backlink = fields.backlink;
    this.extensions = fields.extensions;
    this.bytes = fields.bytes;
    this.id = fields.id;
  }

  get idHex(): string {
    this.#idHex ??= toHex(this.id);
    return this.#idHex;
  }
}

/** The id of a header, as hex. */
export function idHexOf(header: Header): string {
  return header instanceof ReceivedHeader ? header.idHex : toHex(header.id);
}

/** The bytes that a signature is made over (node-api section 1). */
export function encodeUnsigned(header: UnsignedHeader): Uint8Array {
  const { author, payloadSize, payloadHash, sequence, backlink, extensions } = header;
  const optional = [payloadHash, backlink, extensions].filter((field) => field !== undefined);
  const writer = new CborWriter()
    .array(4 + optional.length)
    .uint(VERSION)
    .bytes(author)
    .uint(payloadSize);
  if (payloadHash !== undefined) writer.bytes(payloadHash);
  writer.uint(sequence);
  if (backlink !== undefined) writer.bytes(backlink);
  if (extensions !== undefined) writer.raw(extensions);
  return writer.finish();
}

/** Puts a signature into the bytes it was made over. */
export function withSignature(unsigned: Uint8Array, signature: Uint8Array): Uint8Array {
  const head = Uint8Array.of(unsigned[0]! + 1);
  const field = new CborWriter().bytes(signature).finish();
  return concatBytes(head, unsigned.subarray(1, SIGNATURE_START), field, unsigned.subarray(SIGNATURE_START));
}

/**
 * The bytes that the signature of a received header was made over, unknown fields included.
 *
 * @param into where they are put, if anywhere; it has room for any header
 */
export function unsignedBytesOf({ bytes }: Pick<Header, 'bytes'>, into?: Uint8Array): Uint8Array {
  const field = SIGNATURE_END - SIGNATURE_START;
  const length = bytes.length - field;
  const unsigned = into?.subarray(0, length) ?? new Uint8Array(length);
  unsigned[0] = bytes[0]! - 1;
  for (let at = 1; at < SIGNATURE_START; at += 1) unsigned[at] = bytes[at]!;
  for (let at = SIGNATURE_START; at < length; at += 1) unsigned[at] = bytes[at + field]!;
  return unsigned;
}

/**
 * Reads a signed header strictly: canonical CBOR in this very layout, nothing before or after it. The signature is
 * not checked here. Fields after the extensions belong to later versions; they are kept, as the id and the signature
 * are over the received bytes.
 */
export function decodeHeader(received: Uint8Array): Result<Header, LogReason> {
  if (received.length > MOST_HEADER_BYTES) return failure('size');
  // A copy: what was received is often a view of a larger buffer.
  const bytes = new Uint8Array(received);
  const scanner = new CborScanner(bytes);
  const fields = scanner.array();
  const version = scanner.uint();
  if (scanner.fault === undefined && version !== VERSION) return failure('version');
  const author = scanner.bytes(KEY_BYTES);
  const signature = scanner.bytes(SIGNATURE_BYTES);
  const payloadSize = scanner.uint(MOST_UINT32);
  const payloadHash = payloadSize > 0 ? scanner.bytes(HASH_BYTES) : undefined;
  const sequence = scanner.uint(MOST_UINT32);
  const backlink = sequence > 0 ? scanner.bytes(HASH_BYTES) : undefined;
  const known = 5 + (payloadHash === undefined ? 0 : 1) + (backlink === undefined ? 0 : 1);
  if (fields < known || fields > MOST_FIELDS) scanner.refuse('too few or too many fields');
  const extensions = readRest(scanner, fields - known);
  if (scanner.fault !== undefined) return failure('malformed');
  const id = hashBytes(bytes);
  const all = { author, signature, payloadSize, payloadHash, sequence, backlink, extensions, bytes, id };
  return success(new ReceivedHeader(all));
}

/** Walks what follows the known fields; the first of it are the extensions. */
function readRest(scanner: CborScanner, fields: number): Uint8Array | undefined {
  let extensions: Uint8Array | undefined;
  for (let field = 0; field < fields && scanner.fault === undefined; field += 1) {
    const item = scanner.item();
    extensions ??= item;
  }
  scanner.end();
  return extensions;
}
