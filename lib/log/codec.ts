import { toHex } from '../base/byte-texts.ts';
import { concatBytes } from '../base/bytes.ts';
import { Recurring } from '../base/recurring.ts';
import { failure, success, type Result } from '../base/result.ts';
import { copyOf, roomFor } from '../base/slab.ts';
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
/** Where the key begins, after the array's head, the version and its own head; the signature stands behind it. */
const AUTHOR_START = 1 + 1 + 2;
const SIGNATURE_START = AUTHOR_START + KEY_BYTES;
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

/** Where a header has what it need not have; -1 for what it has not. */
interface OptionalPlaces {
  readonly payloadHash: number;
  readonly backlink: number;
  readonly extensions: number;
  readonly extensionsEnd: number;
}

/**
 * A header that was read. It remembers its id as hex, which is asked for several times on an operation's way; fields
 * that are asked for once are views made then, as so many headers wait at a time.
 */
class ReceivedHeader implements Header {
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  readonly author: Uint8Array;
  readonly payloadSize: number;
  readonly sequence: number;
  readonly #places: OptionalPlaces;
  #idHex: string | undefined = undefined;

  constructor(bytes: Uint8Array, payloadSize: number, sequence: number, places: OptionalPlaces) {
    this.bytes = bytes;
    this.id = hashBytes(bytes, roomFor(HASH_BYTES));
    this.author = authors.take(bytes, AUTHOR_START, AUTHOR_START + KEY_BYTES);
    this.payloadSize = payloadSize;
    this.sequence = sequence;
    this.#places = places;
  }

  get signature(): Uint8Array {
    return this.bytes.subarray(SIGNATURE_END - SIGNATURE_BYTES, SIGNATURE_END);
  }

  get payloadHash(): Uint8Array | undefined {
    return this.#hashAt(this.#places.payloadHash);
  }

  get backlink(): Uint8Array | undefined {
    return this.#hashAt(this.#places.backlink);
  }

  get extensions(): Uint8Array | undefined {
    const { extensions, extensionsEnd } = this.#places;
    return extensions < 0 ? undefined : this.bytes.subarray(extensions, extensionsEnd);
  }

  get idHex(): string {
    this.#idHex ??= toHex(this.id);
    return this.#idHex;
  }

  #hashAt(place: number): Uint8Array | undefined {
    return place < 0 ? undefined : this.bytes.subarray(place, place + HASH_BYTES);
  }
}

const authors = new Recurring();

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
  const bytes = copyOf(received);
  const scanner = new CborScanner(bytes);
  const fields = scanner.array();
  const version = scanner.uint();
  if (scanner.fault === undefined && version !== VERSION) return failure('version');
  scanner.bytesAt(KEY_BYTES);
  scanner.bytesAt(SIGNATURE_BYTES);
  const payloadSize = scanner.uint(MOST_UINT32);
  const payloadHash = payloadSize > 0 ? scanner.bytesAt(HASH_BYTES) : -1;
  const sequence = scanner.uint(MOST_UINT32);
  const backlink = sequence > 0 ? scanner.bytesAt(HASH_BYTES) : -1;
  const known = 5 + (payloadHash < 0 ? 0 : 1) + (backlink < 0 ? 0 : 1);
  if (fields < known || fields > MOST_FIELDS) scanner.refuse('too few or too many fields');
  const extensions = fields > known ? scanner.at : -1;
  const extensionsEnd = endOfExtensions(scanner, fields - known);
  if (scanner.fault !== undefined) return failure('malformed');
  const places = { payloadHash, backlink, extensions, extensionsEnd };
  return success(new ReceivedHeader(bytes, payloadSize, sequence, places));
}

/** Walks what follows the known fields; gives where the first of it, the extensions, end. */
function endOfExtensions(scanner: CborScanner, fields: number): number {
  let end = -1;
  for (let field = 0; field < fields && scanner.fault === undefined; field += 1) {
    scanner.skip();
    if (field === 0) end = scanner.at;
  }
  scanner.end();
  return end;
}
