/** Work on texts as long as a frame, in steps of well below a millisecond; they stay in parts, as joining takes long. */
import { endOfText } from './json-text.ts';

/** Characters of a text that is worked on at once; what is longer goes through the steps of this file. */
export const LONGEST_AT_ONCE: number = 65_536;
/** Characters that are gone through in one step. */
const SEGMENT = 16_384;
/** Segments that are kept as one text: the garbage collector moves small ones about, which takes long. */
const SEGMENTS_KEPT = 16;
/** Characters of a text that may be the one long one. */
const LONG_VALUE = 16_384;
const LETTER_U = 0x75;
const SHORT_ESCAPE = 2;
const LONG_ESCAPE = 6;
/** Half of a character pair, escaped: the other half may follow. */
const HIGH_ESCAPE = /^\\ud[89ab]/i;

/** True for JSON that is too long to be worked on at once. */
export function isLongJson(json: string): boolean {
  return json.length > LONGEST_AT_ONCE;
}

/** True when two texts are the same. */
export function* isSameInSteps(a: string, b: string): Generator<void, boolean, void> {
  if (a.length !== b.length) return false;
  for (let from = 0; from < a.length; from += LONGEST_AT_ONCE) {
    const part = a.slice(from, from + LONGEST_AT_ONCE);
    // The first look at a text that was put together takes as long as all others.
    if (from === 0) yield;
    if (part !== b.slice(from, from + LONGEST_AT_ONCE)) return false;
    yield;
  }
  return true;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

/** Where JSON that goes on may be cut, at its end or just before: not within an escape or a pair of halves. */
function safeEnd(json: string): number {
  for (let escape = json.indexOf('\\'); escape >= 0;) {
    const isLong = json.charCodeAt(escape + 1) === LETTER_U;
    const next = escape + (isLong ? LONG_ESCAPE : SHORT_ESCAPE);
    if (next > json.length) return escape;
    const mayGoOn = isLong && next + LONG_ESCAPE > json.length;
    if (mayGoOn && HIGH_ESCAPE.test(json.slice(escape, next))) return escape;
    escape = json.indexOf('\\', next);
  }
  return isHigh(json.charCodeAt(json.length - 1)) ? json.length - 1 : json.length;
}

/** Parts of the text that a JSON text in quotes stands for; none ends within a character. */
export function* unescapeInSteps(json: string): Generator<void, readonly string[], void> {
  const end = json.length - 1;
  const parts: string[] = [];
  let segments: string[] = [];
  for (let from = 1; from < end; yield) {
    const isLast = end - from <= SEGMENT;
    const cut = isLast ? end : from + safeEnd(json.slice(from, from + SEGMENT));
    segments.push(JSON.parse(`"${json.slice(from, cut)}"`) as string);
    from = cut;
    if (!isLast && segments.length < SEGMENTS_KEPT) continue;
    parts.push(segments.join(''));
    segments = [];
  }
  return parts;
}

/** True when the parts of a JSON text without its quotes are written as JSON.stringify writes them. */
export function* isCanonicalInSteps(parts: readonly string[]): Generator<void, boolean, void> {
  for (const part of parts) {
    if (!isCanonical(`"${part}"`)) return false;
    yield;
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

/** JSON whose one long text is taken out, and stands in for by a short one. */
export interface Hollow {
  readonly json: string;
  /** Parts of the JSON of the text that was taken out, without its quotes; none ends within an escape. */
  readonly long: readonly string[];
}

/**
 * Takes the first long text out of some JSON; undefined when there is none, or when what is left is long as well.
 *
 * @param standIn what takes its place between the quotes
 */
export function* hollowInSteps(
  parts: readonly string[],
  standIn: string,
): Generator<void, Hollow | undefined, void> {
  const finder = new LongTextFinder(standIn);
  let rest = '';
  for (const part of parts) {
    for (let from = 0; from < part.length; from += SEGMENT) {
      const json = rest + part.slice(from, from + SEGMENT);
      const end = safeEnd(json);
      rest = json.slice(end);
      if (!finder.take(json.slice(0, end))) return undefined;
      yield;
    }
  }
  return finder.take(rest) ? finder.found() : undefined;
}

/** Looks for a long text in JSON that comes in parts, none of which ends within an escape. */
class LongTextFinder {
  readonly #standIn: string;
  /** What stands around the long text. */
  #json = '';
  /** Parts of the text that has begun and not ended, and their characters. */
  #open: string[] | undefined;
  #openLength = 0;
  #long: readonly string[] | undefined;

  constructor(standIn: string) {
    this.#standIn = standIn;
  }

  /** Goes through a part; false when too much is not in the one long text. */
  take(part: string): boolean {
    for (let at = 0; at < part.length;)
      at = this.#open === undefined ? this.#goOutside(part, at) : this.#goInside(part, at, this.#open);
    const second = this.#long === undefined ? 0 : this.#openLength;
    return this.#json.length + second <= LONGEST_AT_ONCE;
  }

  /** What was found, when all parts were taken. */
  found(): Hollow | undefined {
    if (this.#open !== undefined || this.#long === undefined) return undefined;
    return { json: this.#json, long: this.#long };
  }

  #goOutside(part: string, at: number): number {
    const quote = part.indexOf('"', at);
    const end = quote < 0 ? part.length : quote + 1;
    this.#json += part.slice(at, end);
    if (quote >= 0) this.#open = [];
    return end;
  }

  #goInside(part: string, at: number, open: string[]): number {
    const quote = endOfText(part, at - 1);
    const end = quote < 0 ? part.length : quote;
    open.push(part.slice(at, end));
    this.#openLength += end - at;
    if (quote < 0) return end;
    const isLong = this.#long === undefined && this.#openLength > LONG_VALUE;
    if (isLong) this.#long = open;
    this.#json += `${isLong ? this.#standIn : open.join('')}"`;
    this.#open = undefined;
    this.#openLength = 0;
    return end + 1;
  }
}
