/** Bytes as hexadecimal digits and as base64url; with their tables in a file that who needs neither does not load. */

/** Codes of the two digits of each byte, the first in the upper half. */
const HEX: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  const digits = byte.toString(16).padStart(2, '0');
  return (digits.charCodeAt(0) << 8) | digits.charCodeAt(1);
});
/** Digits that become a text at once: ids and keys have 64. */
const HEX_PORTION = 64;

/** Bytes as lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  let hex = '';
  const codes: number[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    const digits = HEX[bytes[i]!]!;
    codes.push(digits >> 8, digits & 0xff);
    if (codes.length < HEX_PORTION) continue;
    hex += String.fromCharCode(...codes);
    codes.length = 0;
  }
  return hex + String.fromCharCode(...codes);
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
const SEXTETS: ReadonlyMap<number, number> = new Map(
  Array.from(BASE64URL, (letter, sextet) => [letter.charCodeAt(0), sextet]),
);

/** Bytes as base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const count = Math.min(bytes.length - i, 3);
    const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let k = 0; k <= count; k += 1) text += BASE64URL[(group >> (18 - 6 * k)) & 63]!;
  }
  return text;
}

/** The bytes of base64url without padding, undefined for every text that {@link toBase64Url} does not make. */
export function fromBase64Url(text: string): Uint8Array | undefined {
  if (text.length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let group = 0;
  let bits = 0;
  let at = 0;
  for (let i = 0; i < text.length; i += 1) {
    const sextet = SEXTETS.get(text.charCodeAt(i));
    if (sextet === undefined) return undefined;
    group = ((group << 6) | sextet) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (group >> bits) & 0xff;
    at += 1;
  }
  // Bits that belong to no byte must be zero, so that equal bytes have one text.
  return (group & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}
