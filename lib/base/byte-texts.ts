/** Bytes as hexadecimal digits and as base64url; with their tables in a file that who needs neither does not load. */

const asciiDecoder = new TextDecoder();
const asciiEncoder = new TextEncoder();

/** Codes of the two digits of each byte, the first in the upper half. */
const HEX: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, '0');
  return (digits.charCodeAt(0) << 8) | digits.charCodeAt(1);
});
/** Bytes that become digits at once: ids and keys have 32. */
const HEX_BYTES = 32;
const digits = new Uint8Array(2 * HEX_BYTES);

/** Bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  if (bytes.length === HEX_BYTES) return digitsOf(bytes, 0, HEX_BYTES);
  let hex = '';
  for (let from = 0; from < bytes.length; from += HEX_BYTES) {
    hex += digitsOf(bytes, from, Math.min(from + HEX_BYTES, bytes.length));
  }
  return hex;
}

function digitsOf(bytes: Uint8Array, from: number, to: number): string {
  for (let i = from; i < to; i += 1) {
    const pair = HEX[bytes[i]!]!;
    digits[2 * (i - from)] = pair >> 8;
    digits[2 * (i - from) + 1] = pair & 0xff;
  }
  return asciiDecoder.decode(to - from === HEX_BYTES ? digits : digits.subarray(0, 2 * (to - from)));
}

/** The value of each hex digit by its code, and 16 for everything else. */
const DIGITS: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const digit = '0123456789abcdef'.indexOf(String.fromCharCode(code));
  return digit === -1 ? 16 : digit;
});

/** The bytes of lower-case hex, undefined for every other text. */
export function fromHex(hex: string): Uint8Array | undefined {
  if (hex.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i += 1) {
    const high = DIGITS[hex.charCodeAt(2 * i)] ?? 16;
    const low = DIGITS[hex.charCodeAt(2 * i + 1)] ?? 16;
    if (high > 15 || low > 15) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Codes of the letters, and the value of each letter by its code; 64 for everything else. */
const LETTERS: Uint8Array = Uint8Array.from(BASE64URL, (letter) => letter.charCodeAt(0));
const SEXTETS: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const sextet = BASE64URL.indexOf(String.fromCharCode(code));
  return sextet === -1 ? 64 : sextet;
});
/** Bytes that become letters at once. */
const GROUPED_BYTES = 3 * 1024;
const letters = new Uint8Array((GROUPED_BYTES / 3) * 4);

/** Bytes as base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  if (bytes.length <= GROUPED_BYTES) return lettersOf(bytes, 0, bytes.length);
  let text = '';
  for (let from = 0; from < bytes.length; from += GROUPED_BYTES) {
    text += lettersOf(bytes, from, Math.min(from + GROUPED_BYTES, bytes.length));
  }
  return text;
}

function lettersOf(bytes: Uint8Array, from: number, to: number): string {
  let at = 0;
  for (let i = from; i < to; i += 3) {
    const second = i + 1 < to ? bytes[i + 1]! : 0;
    const group = (bytes[i]! << 16) | (second << 8) | (i + 2 < to ? bytes[i + 2]! : 0);
    letters[at] = LETTERS[group >> 18]!;
    letters[at + 1] = LETTERS[(group >> 12) & 63]!;
    letters[at + 2] = LETTERS[(group >> 6) & 63]!;
    letters[at + 3] = LETTERS[group & 63]!;
    at += 4;
  }
  return asciiDecoder.decode(letters.subarray(0, Math.ceil(((to - from) * 4) / 3)));
}

/** The bytes of base64url without padding, undefined for every text that {@link toBase64Url} does not make. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  for (let from = 0, at = 0; from < text.length; from += letters.length, at += GROUPED_BYTES) {
    const some = text.length <= letters.length ? text : text.slice(from, from + letters.length);
    const { read, written } = asciiEncoder.encodeInto(some, letters);
    if (read < some.length || written > some.length || !readLetters(some.length, bytes, at)) return undefined;
  }
  return bytes;
}

/** Puts the bytes of so many letters to their place; false for what is no letter, and for bits that belong to no byte. */
function readLetters(count: number, bytes: Uint8Array, to: number): boolean {
  let at = to;
  let wrong = 0;
  const whole = count - (count % 4);
  for (let i = 0; i < whole; i += 4) {
    const first = SEXTETS[letters[i]!]!;
    const second = SEXTETS[letters[i + 1]!]!;
    const third = SEXTETS[letters[i + 2]!]!;
    const fourth = SEXTETS[letters[i + 3]!]!;
    wrong |= first | second | third | fourth;
    bytes[at] = (first << 2) | (second >> 4);
    bytes[at + 1] = (second << 4) | (third >> 2);
    bytes[at + 2] = (third << 6) | fourth;
    at += 3;
  }
  return (wrong & 64) === 0 && readLast(whole, count - whole, bytes, at);
}

/** The same for the two or three letters of a group that is not whole. */
function readLast(from: number, count: number, bytes: Uint8Array, at: number): boolean {
  if (count === 0) return true;
  const first = SEXTETS[letters[from]!]!;
  const second = SEXTETS[letters[from + 1]!]!;
  const third = count === 3 ? SEXTETS[letters[from + 2]!]! : 0;
  bytes[at] = (first << 2) | (second >> 4);
  if (count === 3) bytes[at + 1] = (second << 4) | (third >> 2);
  // Bits that belong to no byte must be zero, so that equal bytes have one text.
  const rest = count === 3 ? third & 3 : second & 15;
  return ((first | second | third) & 64) === 0 && rest === 0;
}
