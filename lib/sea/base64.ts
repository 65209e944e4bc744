/** Bytes as text in the forms that SEA writes: base64, base64url, hex, and one character for each byte. */
import { fromUtf8 } from '../base/bytes.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PADDING = 0x3d;
const CODE_BY_SEXTET = Uint8Array.from(LETTERS, (letter) => letter.charCodeAt(0));
/** What other characters than these stand for. */
const NONE = 0xff;
const SEXTET_BY_CODE = sextetsByCode();
/** Characters made in one call; more arguments overflow the stack of some engines. */
const CHUNK = 8192;

function sextetsByCode(): Uint8Array {
  const table = new Uint8Array(128).fill(NONE);
  for (const [sextet, code] of CODE_BY_SEXTET.entries()) table[code] = sextet;
  return table;
}

/** Base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  const codes = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  let to = 0;
  for (let from = 0; from < bytes.length; from += 3) {
    const left = bytes.length - from;
    const triple =
      (bytes[from]! << 16) | ((left > 1 ? bytes[from + 1]! : 0) << 8) | (left > 2 ? bytes[from + 2]! : 0);
    codes[to] = CODE_BY_SEXTET[triple >> 18]!;
    codes[to + 1] = CODE_BY_SEXTET[(triple >> 12) & 63]!;
    codes[to + 2] = left > 1 ? CODE_BY_SEXTET[(triple >> 6) & 63]! : PADDING;
    codes[to + 3] = left > 2 ? CODE_BY_SEXTET[triple & 63]! : PADDING;
    to += 4;
  }
  return fromUtf8(codes);
}

/**
 * The bytes of a base64 text, undefined unless it is the one text that {@link toBase64} makes of them: padded,
 * no other characters, unused bits zero.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padding = paddingOf(text);
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  const end = text.length - padding;
  let bits = 0;
  let kept = 0;
  let to = 0;
  for (let at = 0; at < end; at += 1) {
    const sextet = SEXTET_BY_CODE[text.charCodeAt(at)] ?? NONE;
    if (sextet === NONE) return undefined;
    bits = ((bits & 0xff) << 6) | sextet;
    kept += 6;
    if (kept < 8) continue;
    kept -= 8;
    bytes[to] = bits >> kept;
    to += 1;
  }
  return (bits & ((1 << kept) - 1)) === 0 ? bytes : undefined;
}

function paddingOf(text: string): number {
  if (!text.endsWith('=')) return 0;
  return text.endsWith('==') ? 2 : 1;
}

/** Base64 for URLs, without padding, as JSON Web Keys have it. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The bytes of hexadecimal digits in either case, undefined for anything else. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (text.length % 2 !== 0 || !/^[\da-f]*$/i.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1) {
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  }
  return bytes;
}

/** Hexadecimal digits in lower case. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** One character for each byte, which SEA calls `utf8`. */
export function toLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return text;
}

/** The bytes of a text of characters below U+0100, undefined when there are others. */
export function fromLatin1(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit > 0xff) return undefined;
    bytes[at] = unit;
  }
  return bytes;
}
