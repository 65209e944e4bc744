/**
 * The seal in front of a stored value: a checksum of key and value as six ASCII characters, so that a text
 * stays a text.
 *
 * The checksum is that of the UTF-8 bytes of the key and of the value behind it, seeded with the key's length.
 * Each character carries six bits of it, the lowest first, counted up from `0`; the last one carries two, and a mark
 * where the value is bytes that are no UTF-8, whose seal has a word behind that. These are checked where they are read as
 * bytes; the text they are read as is nothing that anybody wrote.
 */
import { utf8 } from '../lib/base/bytes.ts';
import { checksum, checksumIn } from '../lib/base/checksum.ts';
import { GraphError } from '../lib/base/errors.ts';
import type { Change, TextEntry } from '../lib/store/storage.ts';

const DIGITS = 6;
const LAST_DIGIT = DIGITS - 1;
const ZERO = 48;
const SIX_BITS = 63;
/** Beside the two bits of the checksum that the last character carries. */
const BINARY_MARK = 4;
/** Stands behind that mark: what else is written over a text hardly ever has it, and must not be taken for bytes. */
const BINARY_WORD = '*bytes*';
const SCRATCH_BYTES = 64 * 1024;
/** UTF-8 bytes of one UTF-16 unit, at most. */
const BYTES_PER_UNIT = 3;

/** Stands in a text for bytes that are none. */
const NO_TEXT = '\ufffd';

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const scratch = new Uint8Array(SCRATCH_BYTES);
const scratchView = new DataView(scratch.buffer);

/**
 * Changes with every value behind its seal; deletions stay as they are.
 *
 * @throws GraphError STORAGE_FAILED when a value is neither text nor bytes
 */
export function sealChanges(changes: readonly Change[]): Change[] {
  const sums = sumsOf(changes);
  const sealed: Change[] = [];
  for (let at = 0; at < changes.length; at += 1) {
    const change = changes[at]!;
    const [key, value] = change;
    if (typeof value === 'string') sealed.push([key, sealOf(sums[at]!) + value]);
    else if (value instanceof Uint8Array) sealed.push([key, sealBytes(key, value)]);
    else if (value === undefined) sealed.push(change);
    else throw new GraphError('STORAGE_FAILED', 'neither text nor bytes');
  }
  return sealed;
}

/** The texts behind the seals of entries, undefined when one of the seals does not fit. */
export function unsealEntries(sealed: readonly TextEntry[]): TextEntry[] | undefined {
  const entries: TextEntry[] = [];
  for (const [key, text] of sealed) entries.push([key, text.slice(sealLength(text.charCodeAt(LAST_DIGIT)))]);
  const sums = sumsOf(entries);
  for (let at = 0; at < sealed.length; at += 1) {
    if (!isSealed(sealed[at]![1], sums[at]!)) return undefined;
  }
  return entries;
}

/** The text behind a seal, undefined when the seal does not fit it. */
export function unsealText(key: string, sealed: string): string | undefined {
  const text = sealed.slice(sealLength(sealed.charCodeAt(LAST_DIGIT)));
  return isSealed(sealed, sumOf(key, text)) ? text : undefined;
}

/** Bytes with their seal in front. */
export function sealBytes(key: string, bytes: Uint8Array): Uint8Array {
  const seal = sealOfBytes(key, bytes);
  const sealed = new Uint8Array(seal.length + bytes.length);
  for (let at = 0; at < seal.length; at += 1) sealed[at] = seal.charCodeAt(at);
  sealed.set(bytes, seal.length);
  return sealed;
}

/** The bytes behind a seal, undefined when it does not fit them; they share the memory of `sealed`. */
export function unsealBytes(key: string, sealed: Uint8Array): Uint8Array | undefined {
  const length = sealLength(sealed[LAST_DIGIT] ?? 0);
  const bytes = sealed.subarray(length);
  const seal = sealOfBytes(key, bytes);
  if (seal.length !== length) return undefined;
  for (let at = 0; at < length; at += 1) if (sealed[at] !== seal.charCodeAt(at)) return undefined;
  return bytes;
}

function sealOfBytes(key: string, bytes: Uint8Array): string {
  const sum = sumOfBytes(key, bytes);
  return isText(bytes) ? sealOf(sum) : sealOf(sum, BINARY_MARK) + BINARY_WORD;
}

function isMarked(lastDigit: number): boolean {
  return lastDigit >= ZERO + BINARY_MARK;
}

/** Characters of a seal, by the code of the last one of the six. */
function sealLength(lastDigit: number): number {
  return isMarked(lastDigit) ? DIGITS + BINARY_WORD.length : DIGITS;
}

/** True for bytes that are UTF-8; those of CBOR nearly always show by the first one that they are none. */
function isText(bytes: Uint8Array): boolean {
  if (bytes.length > 0 && isContinuation(bytes[0]!)) return false;
  if (bytes.every(isAsciiByte)) return true;
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function isContinuation(byte: number): boolean {
  return byte >= 0x80 && byte < 0xc0;
}

/** True when the seal of a text fits it; what is marked is none, which shows in what it is read as. */
function isSealed(sealed: string, sum: number): boolean {
  if (isMarked(sealed.charCodeAt(LAST_DIGIT)))
    return sealed.startsWith(BINARY_WORD, DIGITS) && sealed.includes(NO_TEXT, DIGITS);
  return sealed.startsWith(sealOf(sum));
}

function sealOf(sum: number, mark = 0): string {
  return String.fromCharCode(
    ZERO + (sum & SIX_BITS),
    ZERO + ((sum >>> 6) & SIX_BITS),
    ZERO + ((sum >>> 12) & SIX_BITS),
    ZERO + ((sum >>> 18) & SIX_BITS),
    ZERO + ((sum >>> 24) & SIX_BITS),
    ZERO + (sum >>> 30) + mark,
  );
}

/**
 * Checksums of the texts among some records. Encoding a text costs as much as the checksum itself, so runs of
 * them share it.
 */
function sumsOf(records: readonly Change[]): Uint32Array {
  const sums = new Uint32Array(records.length);
  let run = '';
  let first = 0;
  for (let at = 0; at < records.length; at += 1) {
    const [key, text] = records[at]!;
    if (typeof text !== 'string') continue;
    if (run !== '' && run.length + key.length + text.length > SCRATCH_BYTES) {
      sumRun(run, records, sums, first, at);
      run = '';
      first = at;
    }
    run += key;
    run += text;
  }
  sumRun(run, records, sums, first, records.length);
  return sums;
}

/** Only in ASCII does the length of a text tell where its bytes end. */
function sumRun(
  run: string,
  records: readonly Change[],
  sums: Uint32Array,
  first: number,
  end: number,
): void {
  const isAscii = isEncodedAsAscii(run);
  let from = 0;
  for (let at = first; at < end; at += 1) {
    const [key, text] = records[at]!;
    if (typeof text !== 'string') continue;
    const to = from + key.length + text.length;
    sums[at] = isAscii ? checksumIn(scratchView, key.length, from, to) : sumOfAny(key, text);
    from = to;
  }
}

function sumOf(key: string, text: string): number {
  const run = key + text;
  return isEncodedAsAscii(run) ? checksumIn(scratchView, key.length, 0, run.length) : sumOfAny(key, text);
}

/** Encodes a text into the scratch; false when it is no ASCII or too long. */
function isEncodedAsAscii(text: string): boolean {
  if (text.length > SCRATCH_BYTES) return false;
  const { read, written } = encoder.encodeInto(text, scratch);
  return read === text.length && written === text.length;
}

/** Key and text are encoded one by one, lest a lone surrogate find its other half across the border. */
function sumOfAny(key: string, text: string): number {
  if ((key.length + text.length) * BYTES_PER_UNIT > SCRATCH_BYTES) return sumOfBytes(key, utf8(text));
  const from = encoder.encodeInto(key, scratch).written;
  const length = encoder.encodeInto(text, scratch.subarray(from)).written;
  return checksumIn(scratchView, key.length, 0, from + length);
}

function isAsciiByte(byte: number): boolean {
  return byte < 0x80;
}

function sumOfBytes(key: string, bytes: Uint8Array): number {
  if (key.length * BYTES_PER_UNIT + bytes.length <= SCRATCH_BYTES) {
    const from = encoder.encodeInto(key, scratch).written;
    scratch.set(bytes, from);
    return checksumIn(scratchView, key.length, 0, from + bytes.length);
  }
  const keyBytes = utf8(key);
  const all = new Uint8Array(keyBytes.length + bytes.length);
  all.set(keyBytes);
  all.set(bytes, keyBytes.length);
  return checksum(all, key.length);
}
