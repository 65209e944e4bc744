/** Bytes of a text for which a decoder takes longer to begin than to end. */
export const SHORT_TEXT = 32;
/** Codes of the characters of such a text, by its length. */
const CODES: readonly number[][] = Array.from({ length: SHORT_TEXT + 1 }, (_, length) =>
  Array.from({ length }, () => 0),
);

/** True when so many bytes are there from a place on, and all of them ASCII. */
export function isAscii(bytes: Uint8Array, from: number, length: number): boolean {
  const end = from + length;
  if (end > bytes.length) return false;
  for (let at = from; at < end; at += 1) if (bytes[at]! >= 0x80) return false;
  return true;
}

/** The text of {@link isAscii} bytes, {@link SHORT_TEXT} at most. */
export function shortText(bytes: Uint8Array, from: number, length: number): string {
  const codes = CODES[length]!;
  for (let at = 0; at < length; at += 1) codes[at] = bytes[from + at]!;
  return String.fromCharCode(...codes);
}
