/** Work on texts as long as a frame, in steps of well below a millisecond. */

/** Characters of a text that is worked on at once; what is longer goes through the steps of this file. */
export const LONGEST_AT_ONCE: number = 65_536;
/** Characters that are gone through in one step. */
const SEGMENT = 16_384;
/** The longest escape of JSON, twice. */
const ESCAPES = 12;
/** Characters of a text that may be the one long one. */
const LONG_VALUE = 16_384;
const LETTER_U = 0x75;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Half of a character pair, escaped: the other half may follow. */
const HIGH_ESCAPE = /^\\ud[89ab]/i;

/** True for JSON that is too long to be worked on at once. */
export function isLongJson(json: string): boolean {
  return json.length > LONGEST_AT_ONCE;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Where a part of the JSON of a text may end that begins at `from`: not within an escape or a pair of halves. */
function cutOf(json: string, from: number, end: number): number {
  if (end - from <= SEGMENT) return end;
  const part = json.slice(from, from + SEGMENT + ESCAPES);
  let next = 0;
  let escape = part.indexOf('\\');
  while (escape >= 0 && escape < SEGMENT) {
    next = escape + (part.charCodeAt(escape + 1) === LETTER_U ? 6 : 2);
    if (next >= SEGMENT) return from + (HIGH_ESCAPE.test(part.slice(escape)) ? escape : next);
    escape = part.indexOf('\\', next);
  }
  return from + (isHigh(part.charCodeAt(SEGMENT - 1)) ? SEGMENT - 1 : SEGMENT);
}

/** The text that a JSON text in quotes stands for. */
export function* unescapeInSteps(json: string): Generator<void, string, void> {
  const end = json.length - 1;
  let text = '';
  for (let from = 1; from < end; yield) {
    const cut = cutOf(json, from, end);
    text += JSON.parse(`"${json.slice(from, cut)}"`) as string;
    from = cut;
  }
  return text;
}

/** True when a JSON text in quotes is written as JSON.stringify writes it. */
export function* isCanonicalInSteps(json: string): Generator<void, boolean, void> {
  const end = json.length - 1;
  for (let from = 1; from < end; yield) {
    const cut = cutOf(json, from, end);
    if (!isCanonical(`"${json.slice(from, cut)}"`)) return false;
    from = cut;
  }
  return true;
}

function isCanonical(json: string): boolean {
  try {
    return JSON.stringify(JSON.parse(json)) === json;
  } catch {
    return false;
  }
}

/** UTF-8 of the parts of a text, none of which ends within a character. */
export function* utf8InSteps(parts: readonly string[]): Generator<void, Uint8Array<ArrayBuffer>, void> {
  const encoder = new TextEncoder();
  const bytes = new Uint8Array(3 * parts.reduce((sum, part) => sum + part.length, 0));
  let length = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length; yield) {
      let end = Math.min(part.length, from + SEGMENT);
      if (isHigh(part.charCodeAt(end - 1)) && end < part.length) end -= 1;
      length += encoder.encodeInto(part.slice(from, end), bytes.subarray(length)).written;
      from = end;
    }
  }
  return bytes.subarray(0, length);
}

/** JSON whose one long text is taken out, and stands in for by a short one. */
export interface Hollow {
  readonly json: string;
  /** The text that was taken out, in quotes. */
  readonly long: string;
}

/**
 * Takes the first long text out of some JSON; undefined when there is none, or when what is left is long as well.
 *
 * @param standIn what takes its place, in quotes
 */
export function* hollowInSteps(text: string, standIn: string): Generator<void, Hollow | undefined, void> {
  let start = text.indexOf('"');
  while (start >= 0 && start <= LONGEST_AT_ONCE) {
    const end = yield* endOfText(text, start);
    if (end - start > LONG_VALUE) {
      const json = text.slice(0, start) + standIn + text.slice(end);
      return json.length > LONGEST_AT_ONCE ? undefined : { json, long: text.slice(start, end) };
    }
    start = text.indexOf('"', end);
  }
  return undefined;
}

/** Place behind the quote that ends the text begun at `start`, or behind everything. */
function* endOfText(text: string, start: number): Generator<void, number, void> {
  let at = start + 1;
  let pauseAt = at + SEGMENT;
  // Character by character: a text of quotes has a backslash before each.
  for (; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) return at + 1;
    if (unit === BACKSLASH) at += 1;
    if (at < pauseAt) continue;
    pauseAt = at + SEGMENT;
    yield;
  }
  return text.length;
}
