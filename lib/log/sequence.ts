import { concatBytes } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import { CborScanner } from './cbor-scanner.ts';
import { CborWriter } from './cbor-writer.ts';
import { MOST_HEADER_BYTES } from './codec.ts';
import { MOST_BODY_BYTES } from './operation.ts';

/** First byte of an array of two. */
const PAIR = 0x82;
const NULL = 0xf6;
/** Byte strings, by what their first byte says of their length. */
const BYTES = 2;
const LONGEST_INLINE = 23;
const LENGTH_BYTES: ReadonlyMap<number, number> = new Map([
  [24, 1],
  [25, 2],
  [26, 4],
]);

/** An operation as bytes. */
export interface OperationBytes {
  readonly header: Uint8Array;
  /** Undefined when there is none, or when it was pruned. */
  readonly body: Uint8Array | undefined;
}

/**
 * An operation as one item of a CBOR sequence (RFC 8742), the form of exported logs: `[header, body or null]`, both as
 * byte strings. Operations of a log stand in order, those of a side branch behind the canonical ones.
 */
export function encodeSequenceItem({ header, body }: OperationBytes): Uint8Array {
  const writer = new CborWriter().array(2).bytes(header);
  return body === undefined ? writer.value(null).finish() : writer.bytes(body).finish();
}

/** Reads a sequence that comes in chunks of any size; keeps no more than one item. */
export class SequenceReader {
  #rest: Uint8Array = new Uint8Array(0);
  #read = 0;
  #fault: string | undefined;

  /** Why the bytes are no sequence of operations, with the place; undefined as long as they are one. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Takes a chunk; gives the items that are whole now, copies. Behind a fault there are none. */
  *take(chunk: Uint8Array): Generator<OperationBytes, void> {
    let bytes = this.#rest.length === 0 ? chunk : concatBytes(this.#rest, chunk);
    while (this.#fault === undefined && bytes.length > 0) {
      const end = this.#endOf(bytes);
      const item = end === undefined ? undefined : this.#item(bytes.subarray(0, end));
      if (item === undefined) break;
      yield item;
      this.#read += end!;
      bytes = bytes.subarray(end);
    }
    this.#rest = Uint8Array.from(bytes);
  }

  /** Tells that no more bytes come. */
  end(): void {
    if (this.#rest.length > 0) this.#refuse('the bytes end too early');
  }

  /** Where the first item ends; undefined when that is not there yet, and for what is none. */
  #endOf(bytes: Uint8Array): number | undefined {
    const end = itemEnd(bytes);
    if (!end.ok) this.#refuse(end.reason);
    return end.ok ? end.value : undefined;
  }

  #item(bytes: Uint8Array): OperationBytes | undefined {
    const scanner = new CborScanner(bytes);
    scanner.array();
    const header = Uint8Array.from(scanner.bytes());
    const body = scanner.isNull() ? undefined : Uint8Array.from(scanner.bytes());
    if (scanner.fault === undefined) return { header, body };
    this.#refuse(scanner.fault);
    return undefined;
  }

  #refuse(reason: string): void {
    this.#fault ??= `byte ${this.#read}: ${reason}`;
  }
}

/** Where the first item ends; undefined when more bytes are needed to tell. */
function itemEnd(bytes: Uint8Array): Result<number | undefined> {
  if (bytes[0] !== PAIR) return failure('not [header, body]');
  const header = stringEnd(bytes, 1, MOST_HEADER_BYTES);
  if (!header.ok || header.value === undefined) return header;
  if (bytes[header.value] === NULL) return success(header.value + 1);
  const body = stringEnd(bytes, header.value, MOST_BODY_BYTES);
  if (!body.ok || body.value === undefined) return body;
  return success(body.value <= bytes.length ? body.value : undefined);
}

/** Where the byte string at a place ends, which may lie beyond the bytes; undefined when its length is not there yet. */
function stringEnd(bytes: Uint8Array, at: number, most: number): Result<number | undefined> {
  const first = bytes[at];
  if (first === undefined) return success(undefined);
  const short = first & 0x1f;
  const lengthBytes = short <= LONGEST_INLINE ? 0 : LENGTH_BYTES.get(short);
  if (first >> 5 !== BYTES || lengthBytes === undefined) return failure('not a byte string');
  if (bytes.length < at + 1 + lengthBytes) return success(undefined);
  let length = lengthBytes === 0 ? short : 0;
  for (let digit = 0; digit < lengthBytes; digit += 1) length = length * 256 + bytes[at + 1 + digit]!;
  if (length > most) return failure(`${length} bytes where at most ${most} may be`);
  return success(at + 1 + lengthBytes + length);
}
