/** The tokens of JSON texts: which character begins what, and where what begins somewhere ends. */

/** The character `"`. */
export const QUOTE = 0x22;
/** The character `,`. */
export const COMMA = 0x2c;
/** The character `:`. */
export const COLON = 0x3a;
/** The character `[`. */
export const OPEN_ARRAY = 0x5b;
/** The character `]`. */
export const CLOSE_ARRAY = 0x5d;
/** The character `{`. */
export const OPEN_OBJECT = 0x7b;
/** The character `}`. */
export const CLOSE_OBJECT = 0x7d;

const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
/** Length of an escape such as `\u00e9`; all others have two characters. */
const UNICODE_ESCAPE = 6;

/** The place of the quote that ends a text, or one at the limit that is not inside of an escape. */
export function pieceEnd(text: string, start: number, limit: number): number {
  const end = Math.min(limit, text.length);
  let at = start;
  while (at < end) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code !== BACKSLASH) at += 1;
    else at += text.charCodeAt(at + 1) === LETTER_U ? UNICODE_ESCAPE : 2;
  }
  return at;
}

/** The place behind spaces, or the limit. */
export function spacesEnd(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

/** The place behind a number, true, false or null, or the limit. */
export function scalarEnd(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && !isScalarEnd(text.charCodeAt(at))) at += 1;
  return at;
}

/** True for what may stand between tokens. */
export function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** True behind the end of the text too. */
function isScalarEnd(code: number): boolean {
  return (
    code === COMMA || code === CLOSE_ARRAY || code === CLOSE_OBJECT || isSpace(code) || Number.isNaN(code)
  );
}

/** What is thrown for a character that may not stand where it does. */
export function unexpected(at: number): SyntaxError {
  return new SyntaxError(`no JSON at ${at}`);
}
