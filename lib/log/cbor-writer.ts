import { compareBytes, utf8 } from '../base/bytes.ts';
import { relayError } from '../base/errors.ts';
import { fitsSingle, halfBits } from './float.ts';

/** What canonical CBOR holds here: no tags, no undefined, maps with any keys. */
export type CborValue =
  null | boolean | number | bigint | string | Uint8Array | readonly CborValue[] | CborMap;

/** A map; objects are not used, because keys come from strangers. */
export type CborMap = ReadonlyMap<CborValue, CborValue>;

/** Kinds of an item's first byte (RFC 8949 section 3.1). */
export const MAJOR = {
  uint: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;
/** First bytes of the simple values. */
export const SIMPLE = {
  false: 0xf4,
  true: 0xf5,
  null: 0xf6,
  half: 0xf9,
  single: 0xfa,
  double: 0xfb,
} as const;

const FIRST_BYTES = 256;
/** Characters of a text for which an encoder takes longer to begin than to end. */
const SHORT_TEXT = 64;
const MOST_UINT64 = 2n ** 64n - 1n;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** True for a text that UTF-8, and so CBOR, can carry: one without lone surrogates. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/**
 * Writes canonical CBOR (RFC 8949 section 4.2.1): shortest integers, numbers as integers where they are integral and
 * safe and as the shortest exact float otherwise, definite lengths, map keys in the order of their bytes.
 */
export class CborWriter {
  #bytes: Uint8Array;
  #at = 0;

  /** @param length bytes that will be written, if that is known; more are no fault */
  constructor(length: number = FIRST_BYTES) {
    this.#bytes = new Uint8Array(length);
  }

  /** What was written; nothing more may be written then. */
  finish(): Uint8Array {
    return this.#at === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#at);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at;
  }

  /** Begins an array; its items follow. */
  array(length: number): this {
    return this.#head(MAJOR.array, length);
  }

  /** Begins a map; keys and values follow, in order. */
  map(size: number): this {
    return this.#head(MAJOR.map, size);
  }

  /** Writes an unsigned integer, a bigint up to 2^64-1. */
  uint(value: number | bigint): this {
    return this.#head(MAJOR.uint, value);
  }

  /** Writes any number in its canonical form; -0 is the float. */
  number(value: number): this {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      return value < 0 ? this.#head(MAJOR.negative, -1 - value) : this.#head(MAJOR.uint, value);
    }
    return this.#float(value);
  }

  /** Writes a byte string. */
  bytes(value: Uint8Array): this {
    return this.#head(MAJOR.bytes, value.length).raw(value);
  }

  /**
   * Writes a text, or a part of one.
   *
   * @throws GraphError CBOR_BAD_VALUE for a lone surrogate
   */
  text(value: string, from = 0, to: number = value.length): this {
    if (to - from <= SHORT_TEXT && this.#shortText(value, from, to)) return this;
    const text = to - from === value.length ? value : value.slice(from, to);
    if (!isWellFormed(text)) throw relayError('CBOR_BAD_VALUE', 'a lone surrogate');
    return this.utf8(utf8(text));
  }

  /** Writes a text that is UTF-8 already. */
  utf8(bytes: Uint8Array): this {
    return this.#head(MAJOR.text, bytes.length).raw(bytes);
  }

  /** Writes true or false. */
  bool(value: boolean): this {
    return this.#byte(value ? SIMPLE.true : SIMPLE.false);
  }

  /** Writes null. */
  null(): this {
    return this.#byte(SIMPLE.null);
  }

  /** Writes what is CBOR already. */
  raw(item: Uint8Array): this {
    this.#reserve(item.length);
    this.#bytes.set(item, this.#at);
    this.#at += item.length;
    return this;
  }

  /**
   * Writes any value.
   *
   * @throws GraphError CBOR_BAD_VALUE for what CBOR cannot hold, and for a map with one key twice
   */
  value(value: CborValue): this {
    if (value === null) return this.null();
    switch (typeof value) {
      case 'boolean':
        return this.bool(value);
      case 'number':
        return this.number(value);
      case 'bigint':
        return this.#bigint(value);
      case 'string':
        return this.text(value);
      default:
    }
    if (value instanceof Uint8Array) return this.bytes(value);
    if (Array.isArray(value)) {
      this.array(value.length);
      for (const item of value as readonly CborValue[]) this.value(item);
      return this;
    }
    if (value instanceof Map) return this.#sortedMap(value as CborMap);
    throw relayError('CBOR_BAD_VALUE', typeof value);
  }

  /** Writes a text of ASCII alone; false for others, of which nothing is written. */
  #shortText(value: string, from: number, to: number): boolean {
    const start = this.#at;
    this.#head(MAJOR.text, to - from).#reserve(to - from);
    const bytes = this.#bytes;
    let place = this.#at;
    for (let at = from; at < to; at += 1) {
      const code = value.charCodeAt(at);
      if (code >= 0x80) {
        this.#at = start;
        return false;
      }
      bytes[place] = code;
      place += 1;
    }
    this.#at = place;
    return true;
  }

  #bigint(value: bigint): this {
    const size = value < 0n ? -1n - value : value;
    if (size > MOST_UINT64) throw relayError('CBOR_BAD_VALUE', 'an integer beyond 64 bits');
    return this.#head(value < 0n ? MAJOR.negative : MAJOR.uint, size);
  }

  #sortedMap(map: CborMap): this {
    const entries = Array.from(map, ([key, value]) => ({ key: encodeCbor(key), value }));
    entries.sort((a, b) => compareBytes(a.key, b.key));
    this.map(entries.length);
    let last: Uint8Array | undefined;
    for (const { key, value } of entries) {
      if (last !== undefined && compareBytes(last, key) === 0)
        throw relayError('CBOR_BAD_VALUE', 'a key twice');
      last = key;
      this.raw(key).value(value);
    }
    return this;
  }

  #head(major: number, value: number | bigint): this {
    const lead = major << 5;
    if (value < 24) return this.#byte(lead | Number(value));
    if (value < 0x100) return this.#byte(lead | 24).#byte(Number(value));
    if (value < 0x1_0000) return this.#byte(lead | 25).#uint(Number(value), 2);
    if (value < 0x1_0000_0000) return this.#byte(lead | 26).#uint(Number(value), 4);
    const high = typeof value === 'number' ? Math.floor(value / 0x1_0000_0000) : Number(value >> 32n);
    const low = typeof value === 'number' ? value % 0x1_0000_0000 : Number(value & 0xffff_ffffn);
    return this.#byte(lead | 27)
      .#uint(high, 4)
      .#uint(low, 4);
  }

  /** Writes an unsigned integer of two or four bytes. */
  #uint(value: number, length: 2 | 4): this {
    this.#reserve(length);
    const bytes = this.#bytes;
    let at = this.#at;
    if (length === 4) {
      bytes[at] = value >>> 24;
      bytes[at + 1] = value >>> 16;
      at += 2;
    }
    bytes[at] = value >>> 8;
    bytes[at + 1] = value;
    this.#at = at + 2;
    return this;
  }

  #float(value: number): this {
    const half = halfBits(value);
    if (half !== undefined) return this.#byte(SIMPLE.half).#uint(half, 2);
    const isSingle = fitsSingle(value);
    const view = new DataView(new ArrayBuffer(8));
    if (isSingle) view.setFloat32(0, value);
    else view.setFloat64(0, value);
    return this.#byte(isSingle ? SIMPLE.single : SIMPLE.double).raw(
      new Uint8Array(view.buffer, 0, isSingle ? 4 : 8),
    );
  }

  #byte(byte: number): this {
    this.#reserve(1);
    this.#bytes[this.#at] = byte;
    this.#at += 1;
    return this;
  }

  #reserve(count: number): void {
    const needed = this.#at + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/**
 * A value as canonical CBOR.
 *
 * @throws GraphError CBOR_BAD_VALUE for what CBOR cannot hold
 */
export function encodeCbor(value: CborValue): Uint8Array {
  return new CborWriter().value(value).finish();
}
