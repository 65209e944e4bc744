import { toHex } from '../base/byte-texts.ts';
import { compareBytes, equalBytes, fromUtf8 } from '../base/bytes.ts';
import { isAscii, SHORT_TEXT, shortText } from './ascii.ts';
import { MAJOR, SIMPLE } from './cbor-writer.ts';
import { floatAt, isShortest } from './float.ts';

/** What untrusted CBOR may be. */
export interface CborRules {
  /** Containers within each other at most. */
  readonly depth: number;
  /** Whether map keys must stand in the order of their bytes, or only differ. */
  readonly keys: 'sorted' | 'distinct';
}

/** Depth of untrusted CBOR (node-api section 2). */
export const CBOR_DEPTH = 64;

const CANONICAL: CborRules = { depth: CBOR_DEPTH, keys: 'sorted' };

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NOTHING = new Uint8Array(0);

/** What may come next. */
export type NextItem =
  'uint' | 'negative' | 'bytes' | 'text' | 'array' | 'map' | 'bool' | 'null' | 'float' | 'nothing';

/** By kind of first byte; tags are never taken. */
const ITEMS: readonly NextItem[] = ['uint', 'negative', 'bytes', 'text', 'array', 'map', 'nothing'];
const SIMPLE_ITEMS: ReadonlyMap<number, NextItem> = new Map([
  [SIMPLE.false, 'bool'],
  [SIMPLE.true, 'bool'],
  [SIMPLE.null, 'null'],
  [SIMPLE.half, 'float'],
  [SIMPLE.single, 'float'],
  [SIMPLE.double, 'float'],
]);

/**
 * Walks untrusted bytes as canonical CBOR: shortest integers and floats, definite lengths, no tags, no undefined,
 * well-formed texts, distinct map keys, bounded depth.
 *
 * The first fault stays: from then on every read gives something empty, so callers look at {@link fault} once, and in
 * loops whose length was read.
 */
export class CborScanner {
  readonly #bytes: Uint8Array;
  readonly #rules: CborRules;
  #at = 0;
  #fault: string | undefined;

  constructor(bytes: Uint8Array, rules: CborRules = CANONICAL) {
    this.#bytes = bytes;
    this.#rules = rules;
  }

  /** Why these bytes are refused; undefined as long as nothing is wrong. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Bytes that were walked. */
  get at(): number {
    return this.#at;
  }

  /** Says that what was read is wrong in another way than CBOR can be. */
  refuse(reason: string): void {
    this.#fault ??= reason;
  }

  /** Reads the head of an array; gives how many items follow. */
  array(): number {
    return this.#length(MAJOR.array, 'an array');
  }

  /** Reads the head of a map; gives how many pairs follow. */
  map(): number {
    return this.#length(MAJOR.map, 'a map');
  }

  /** Reads an unsigned integer up to `most`. */
  uint(most: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.#head(MAJOR.uint, 'an unsigned integer');
    if (value <= most) return Number(value);
    this.refuse(`an integer above ${most}`);
    return 0;
  }

  /** Reads an unsigned integer of up to 64 bits. */
  bigUint(): bigint {
    return BigInt(this.#head(MAJOR.uint, 'an unsigned integer'));
  }

  /** Reads a byte string, of exactly `length` bytes if that is given; a view, not a copy. */
  bytes(length?: number): Uint8Array {
    const found = this.#length(MAJOR.bytes, 'a byte string');
    if (length !== undefined && found !== length) this.refuse(`${found} bytes instead of ${length}`);
    return this.#take(found);
  }

  /** Walks a byte string of exactly `length` bytes; gives where they begin. */
  bytesAt(length: number): number {
    const found = this.#length(MAJOR.bytes, 'a byte string');
    if (found !== length) this.refuse(`${found} bytes instead of ${length}`);
    this.#skip(found);
    return this.#at - found;
  }

  /** Reads a text. */
  text(): string {
    const length = this.#length(MAJOR.text, 'a text');
    if (length <= SHORT_TEXT && isAscii(this.#bytes, this.#at, length)) {
      this.#at += length;
      return shortText(this.#bytes, this.#at - length, length);
    }
    const bytes = this.#take(length);
    return this.#isText(bytes) ? fromUtf8(bytes) : '';
  }

  /** Reads true or false. */
  bool(): boolean {
    const byte = this.#next();
    if (byte !== SIMPLE.true && byte !== SIMPLE.false) this.refuse('no boolean');
    return byte === SIMPLE.true;
  }

  /**
   * Reads a finite number: an integer where it is integral and safe, a float otherwise, as the writer writes them;
   * -0 is refused.
   */
  number(): number {
    const kind = this.next();
    if (kind === 'uint') return this.uint();
    if (kind === 'negative') {
      const value = -1 - Number(this.#argument());
      if (!Number.isSafeInteger(value)) this.refuse('an integer that is not safe');
      return this.#fault === undefined ? value : 0;
    }
    const at = this.#at;
    if (kind !== 'float') this.refuse('no number');
    this.#simple();
    if (this.#fault !== undefined) return 0;
    const value = floatAt(this.#bytes, at + 1, this.#at - at - 1);
    if (!Number.isFinite(value)) this.refuse('a number that is not finite');
    if (Number.isSafeInteger(value)) this.refuse('an integer written as a float');
    return this.#fault === undefined ? value : 0;
  }

  /** What comes next; `nothing` at the end, behind a fault, and for what may not come. */
  next(): NextItem {
    const first = this.#fault === undefined ? this.#bytes[this.#at] : undefined;
    if (first === undefined) return 'nothing';
    return first >> 5 === MAJOR.simple ? (SIMPLE_ITEMS.get(first) ?? 'nothing') : ITEMS[first >> 5]!;
  }

  /** True when null comes next, which is read then. */
  isNull(): boolean {
    if (this.#fault !== undefined || this.#bytes[this.#at] !== SIMPLE.null) return false;
    this.#at += 1;
    return true;
  }

  /** Walks one item whatever it is; gives its bytes, a view. */
  item(): Uint8Array {
    const start = this.#at;
    this.skip();
    return this.#fault === undefined ? this.#bytes.subarray(start, this.#at) : NOTHING;
  }

  /** Walks one item whatever it is. */
  skip(): void {
    this.#walk(0);
  }

  /** Refuses bytes that follow. */
  end(): void {
    if (this.#at < this.#bytes.length) this.refuse('bytes follow the end');
  }

  /** Walks an item within so many containers. */
  #walk(depth: number): void {
    const first = this.#bytes[this.#at];
    switch (first === undefined ? -1 : first >> 5) {
      case MAJOR.uint:
      case MAJOR.negative:
        this.#argument();
        return;
      case MAJOR.bytes:
        return this.#skip(this.#length(MAJOR.bytes, 'a byte string'));
      case MAJOR.text:
        return this.#skipText(this.#length(MAJOR.text, 'a text'));
      case MAJOR.array:
        return this.#walkArray(this.array(), depth);
      case MAJOR.map:
        return this.#walkMap(this.map(), depth);
      case MAJOR.simple:
        return this.#simple();
      default:
        this.refuse(first === undefined ? 'the bytes end too early' : 'a tag');
    }
  }

  #walkArray(items: number, depth: number): void {
    this.#enter(depth);
    for (let left = items; left > 0 && this.#fault === undefined; left -= 1) this.#walk(depth + 1);
  }

  #walkMap(pairs: number, depth: number): void {
    this.#enter(depth);
    const seen = this.#rules.keys === 'distinct' ? new Set<string>() : undefined;
    let last: Uint8Array | undefined;
    for (let left = pairs; left > 0 && this.#fault === undefined; left -= 1) {
      const start = this.#at;
      this.#walk(depth + 1);
      const key = this.#bytes.subarray(start, this.#at);
      if (seen !== undefined) this.#noteKey(key, seen);
      else if (last !== undefined) this.#compareKeys(last, key);
      last = key;
      this.#walk(depth + 1);
    }
  }

  #enter(depth: number): void {
    if (depth >= this.#rules.depth) this.refuse(`deeper than ${this.#rules.depth}`);
  }

  #noteKey(key: Uint8Array, seen: Set<string>): void {
    const name = toHex(key);
    if (seen.has(name)) this.refuse('a key twice');
    seen.add(name);
  }

  #compareKeys(last: Uint8Array, key: Uint8Array): void {
    if (compareBytes(last, key) >= 0)
      this.refuse(equalBytes(last, key) ? 'a key twice' : 'keys out of order');
  }

  #simple(): void {
    const at = this.#at;
    const first = this.#next();
    switch (first) {
      case SIMPLE.false:
      case SIMPLE.true:
      case SIMPLE.null:
        return;
      case SIMPLE.half:
        return this.#float(at, 2);
      case SIMPLE.single:
        return this.#float(at, 4);
      case SIMPLE.double:
        return this.#float(at, 8);
      default:
        this.refuse('a simple value that is no boolean, null or float');
    }
  }

  /** Checks the form of the float whose first byte, at a place, was read. */
  #float(at: number, size: number): void {
    this.#skip(size);
    if (this.#fault === undefined && !isShortest(this.#bytes, at + 1, size))
      this.refuse('a float not in its shortest form');
  }

  /** Reads the head of a kind of item, and its argument. */
  #head(major: number, name: string): number | bigint {
    const first = this.#bytes[this.#at];
    if (first === undefined) {
      this.refuse('the bytes end too early');
      return 0;
    }
    if (first >> 5 !== major) this.refuse(`not ${name}`);
    else if ((first & 0x1f) < 24 && this.#fault === undefined) {
      this.#at += 1;
      return first & 0x1f;
    }
    return this.#argument();
  }

  /** The head of something whose length can be no more than the bytes that are left. */
  #length(major: number, name: string): number {
    const length = this.#head(major, name);
    if (this.#fault !== undefined) return 0;
    if (length <= this.#bytes.length - this.#at) return Number(length);
    this.refuse('the bytes end too early');
    return 0;
  }

  #argument(): number | bigint {
    const info = this.#next() & 0x1f;
    if (info < 24) return this.#fault === undefined ? info : 0;
    if (info > 27) {
      this.refuse('an indefinite length');
      return 0;
    }
    const at = this.#at;
    const size = 1 << (info - 24);
    this.#skip(size);
    if (this.#fault !== undefined) return 0;
    const value = this.#wide(at, size);
    if (value < LEAST_OF_SIZE[info - 24]!) this.refuse('an integer not in its shortest form');
    return this.#fault === undefined ? value : 0;
  }

  #wide(at: number, size: number): number | bigint {
    if (size === 1) return this.#bytes[at]!;
    if (size === 2) return this.#uint16(at);
    if (size === 4) return this.#uint32(at);
    const [high, low] = [this.#uint32(at), this.#uint32(at + 4)];
    return high <= MOST_SAFE_HIGH ? high * 0x1_0000_0000 + low : (BigInt(high) << 32n) | BigInt(low);
  }

  #uint16(at: number): number {
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  #uint32(at: number): number {
    return this.#uint16(at) * 0x1_0000 + this.#uint16(at + 2);
  }

  #next(): number {
    if (this.#fault !== undefined) return 0;
    const byte = this.#bytes[this.#at];
    if (byte === undefined) {
      this.refuse('the bytes end too early');
      return 0;
    }
    this.#at += 1;
    return byte;
  }

  #take(length: number): Uint8Array {
    this.#skip(length);
    return this.#fault === undefined ? this.#bytes.subarray(this.#at - length, this.#at) : NOTHING;
  }

  #skip(length: number): void {
    if (this.#fault !== undefined) return;
    if (length > this.#bytes.length - this.#at) this.refuse('the bytes end too early');
    else this.#at += length;
  }

  #skipText(length: number): void {
    if (isAscii(this.#bytes, this.#at, length)) this.#skip(length);
    else this.#isText(this.#take(length));
  }

  #isText(bytes: Uint8Array): boolean {
    if (this.#fault !== undefined) return false;
    try {
      strictDecoder.decode(bytes);
      return true;
    } catch {
      this.refuse('a text that is not UTF-8');
      return false;
    }
  }
}

/** The least argument that needs 1, 2, 4 or 8 bytes of its own. */
const LEAST_OF_SIZE: readonly number[] = [24, 0x100, 0x1_0000, 0x1_0000_0000];

/** Upper half of the largest safe integer. */
const MOST_SAFE_HIGH = 0x1f_ffff;

/** Why bytes are not one canonical CBOR item; undefined when they are. */
export function scanCbor(bytes: Uint8Array, rules: CborRules = CANONICAL): string | undefined {
  const scanner = new CborScanner(bytes, rules);
  scanner.item();
  scanner.end();
  return scanner.fault;
}
