/** Bytes as hexadecimal digits and as base64url; with their tables in a file that who needs neither does not load. */

const asciiDecoder = new TextDecoder();
const asciiEncoder = new TextEncoder();

/** The two digits of each byte, as they lie in memory. */
const HEX = pairsOf('0123456789abcdef');
/** Bytes that become digits at once: ids and keys have 32. */
const HEX_BYTES = 32;
const digits = new Uint8Array(2 * HEX_BYTES);
const digitPairs = new Uint16Array(digits.buffer);

/** Every two of some characters, in their order: whatever the byte order of the machine, two are copied at once. */
function pairsOf(characters: string): Uint16Array {
  const { length } = characters;
  const codes = new Uint8Array(2 * length * length);
  for (let at = 0; at < length * length; at += 1) {
    codes[2 * at] = characters.charCodeAt(Math.floor(at / length));
    codes[2 * at + 1] = characters.charCodeAt(at % length);
  }
  return new Uint16Array(codes.buffer);
}

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
  for (let i = from; i < to; i += 1) digitPairs[i - from] = HEX[bytes[i]!]!;
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
/** The two letters of each twelve bits, as they lie in memory. */
const LETTERS = pairsOf(BASE64URL);
/** The value of each letter by its code; 64 for everything else. */
const SEXTETS: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  const sextet = BASE64URL.indexOf(String.fromCharCode(code));
  return sextet === -1 ? 64 : sextet;
});
/** Bytes that become letters at once. */
const GROUPED_BYTES = 3 * 1024;
const letters = new Uint8Array((GROUPED_BYTES / 3) * 4);
const letterPairs = new Uint16Array(letters.buffer);

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
    letterPairs[at] = LETTERS[group >> 12]!;
    letterPairs[at + 1] = LETTERS[group & 4095]!;
    at += 2;
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
