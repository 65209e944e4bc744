/** Bytes as text in the forms that SEA writes: base64, base64url, hex, and one character for each byte. */
/** Characters made in one call; more arguments overflow the stack of some engines. */
const CHUNK = 8192;

/** Base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(toLatin1(bytes));
}

/**
 * The bytes of a base64 text, undefined unless it is the one text that {@link toBase64} makes of them: padded,
 * no other characters, unused bits zero.
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = fromLatin1(atob(text))!;
    return toBase64(bytes) === text ? bytes : undefined;
  } catch {
    // `atob` throws at what is no base64 of any kind.
    return undefined;
  }
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
