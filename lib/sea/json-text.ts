/** JSON texts of strangers, read with bounds, and written in one order of keys. */

const QUOTE = 0x22;
const SPACE = 0x20;
const BACKSLASH = 0x5c;
const OPENING: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const CLOSING: ReadonlySet<number> = new Set([0x7d, 0x5d]);

/** True for an object that is no array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads a text that is written as JSON.stringify writes it, in any order of keys and with at most one space between
 * two tokens; undefined for any other text and for deeper nesting.
 *
 * This leaves a stranger next to no other spelling of somebody's signed value: no repeated keys, no escapes or digits
 * of choice, no padding.
 *
 * @param depth objects and arrays within each other at most
 */
export function parseCanonical(text: string, depth: number): unknown {
  const compact = withoutSpaces(text, depth);
  if (compact === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === compact ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text without the spaces between its tokens; undefined when it is nested too deep or spaced otherwise. */
function withoutSpaces(text: string, depth: number): string | undefined {
  let compact = '';
  let from = 0;
  let nested = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfText(text, at);
      if (at < 0) return undefined;
    } else if (OPENING.has(unit)) {
      nested += 1;
      if (nested > depth) return undefined;
    } else if (CLOSING.has(unit)) nested -= 1;
    else if (unit <= SPACE) {
      if (!isLoneSpace(text, at)) return undefined;
      compact += text.slice(from, at);
      from = at + 1;
    }
  }
  return from === 0 ? text : compact + text.slice(from);
}

function isLoneSpace(text: string, at: number): boolean {
  if (text.charCodeAt(at) !== SPACE || at === 0 || at === text.length - 1) return false;
  return text.charCodeAt(at + 1) !== SPACE;
}

/** Place of the quote that ends the text begun at `start`, -1 when there is none. */
export function endOfText(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === BACKSLASH) first -= 1;
  return (at - first) % 2 === 1;
}

/** Reads any JSON text that is nested no deeper than `depth`; undefined for anything else. */
export function parseBounded(text: string, depth: number): unknown {
  if (nestingOf(text) > depth) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** The deepest nesting of what may be JSON; that of other texts is any number. */
function nestingOf(text: string): number {
  let nested = 0;
  let deepest = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE) {
      at = endOfText(text, at);
      if (at < 0) break;
    } else if (OPENING.has(unit)) {
      nested += 1;
      deepest = Math.max(deepest, nested);
    } else if (CLOSING.has(unit)) nested -= 1;
  }
  return deepest;
}

/**
 * JSON with the keys of every object sorted by UTF-16 units, as gun writes it in Node; undefined when the value is none
 * that JSON can hold.
 */
export function sortedJson(value: unknown): string | undefined {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined || !json.includes('{')) return json;
  return sorted(JSON.parse(json));
}

function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value);
  const keys = Object.keys(value).toSorted();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${sorted(value[key])}`).join(',')}}`;
}
