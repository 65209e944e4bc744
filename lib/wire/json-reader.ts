import { JsonScan } from './json-scan.ts';
import { TextPieces, type ReadyJson, type TextUse } from './json-text.ts';
import { KeptMembers, type Container, type Shape } from './kept-members.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const LETTER_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Length of an escape such as `\u00e9`; all others have two characters. */
const UNICODE_ESCAPE = 6;

/** Characters that are handled at once, and how deep what is larger may be nested. */
export interface ReadSizes {
  /** Members that are parsed at once. */
  readonly chunk: number;
  /** Of a text or run of spaces that is longer than a chunk. */
  readonly piece: number;
  /** Of a number; longer ones are refused, unless they are part of a chunk. */
  readonly number: number;
  /** Objects and arrays within each other, of those that are longer than a chunk. */
  readonly depth: number;
  /** Of one that lies deeper; longer ones are refused. */
  readonly deep: number;
}

/**
 * Reads a JSON text in steps: members that are short are gathered and given to JSON.parse, those that are not are
 * read member by member themselves. Every step looks at a chunk or piece, and every character is checked, whether
 * it is kept or not.
 */
export class JsonReader {
  readonly #text: string;
  readonly #scan: JsonScan;
  readonly #sizes: ReadSizes;
  readonly #cutLength: number;
  #depth = 0;
  #at = 0;

  /**
   * @param text begins with a bracket
   * @param cutLength characters that a text is cut to where its shape says so
   */
  constructor(text: string, sizes: ReadSizes, cutLength: number) {
    this.#text = text;
    this.#sizes = sizes;
    this.#cutLength = cutLength;
    this.#scan = new JsonScan(text);
  }

  /**
   * Reads the whole text.
   *
   * @throws SyntaxError when it is no JSON, or nested too deep
   */
  *read(shape: Shape): Generator<undefined, unknown> {
    const value = yield* this.#container(0, shape);
    const end = yield* this.#skipSpaces();
    if (!Number.isNaN(end)) throw unexpected(this.#at);
    return value;
  }

  /** Reads the object or array at a place, wherever it lies. */
  #readAt(open: number, shape: Shape): Generator<undefined, unknown> {
    const reader = new JsonReader(this.#text, this.#sizes, this.#cutLength);
    reader.#scan.enterAt(open);
    return reader.#container(open, shape);
  }

  /** Reads the current container of the scan; `#at` is behind it then. */
  *#container(open: number, shape: Shape): Generator<undefined, unknown> {
    if (this.#depth === this.#sizes.depth) return this.#checkDeep(open);
    this.#depth += 1;
    const isArray = this.#text.charCodeAt(open) === OPEN_ARRAY;
    const kept = new KeptMembers(open, isArray, shape);
    yield* this.#members(kept);
    const close = isArray ? CLOSE_ARRAY : CLOSE_OBJECT;
    if (this.#text.charCodeAt(this.#at) !== close) throw unexpected(this.#at);
    this.#at += 1;
    this.#depth -= 1;
    if (shape.complete !== undefined) {
      yield* shape.complete(kept, (at, its) => this.#readAt(at, its));
    }
    return shape.finish === undefined ? kept.value : shape.finish(kept);
  }

  /** Goes over a container that lies too deep for anything in it to be kept; `#at` is behind it then. */
  #checkDeep(open: number): undefined {
    const scan = new JsonScan(this.#text);
    scan.enterAt(open);
    if (!scan.run(open + this.#sizes.deep)) throw new SyntaxError(`nested too deep at ${open}`);
    this.#at = scan.position + 1;
    JSON.parse(this.#text.slice(open, this.#at));
    return undefined;
  }

  /** Reads members up to what is no comma behind them. */
  *#members(kept: KeptMembers): Generator<undefined, void> {
    const scan = this.#scan;
    let start = kept.open + 1;
    while (!scan.run(start + this.#sizes.chunk)) {
      if (scan.position >= this.#text.length) throw unexpected(scan.position);
      if (scan.comma >= start) {
        this.#parse(kept, start, scan.comma, false);
        yield;
      } else {
        yield* this.#member(kept, start);
        if ((yield* this.#skipSpaces()) !== COMMA) return;
        scan.goOnBehind(this.#at);
      }
      start = scan.comma + 1;
    }
    this.#at = scan.position;
    this.#parse(kept, start, this.#at, start === kept.open + 1);
    yield;
  }

  /** Gives members to JSON.parse. */
  #parse(kept: KeptMembers, start: number, end: number, mayBeEmpty: boolean): void {
    const members = this.#text.slice(start, end);
    const json = kept.isArray ? `[${members}]` : `{${members}}`;
    const isEmpty = !kept.addAll(JSON.parse(json) as Container);
    if (isEmpty && !mayBeEmpty) throw unexpected(end);
  }

  /** Reads a member that is longer than a chunk; `#at` is behind it then. */
  *#member(kept: KeptMembers, start: number): Generator<undefined, void> {
    const open = this.#scan.innerOpen;
    if (open === undefined) return yield* this.#plainMember(kept, start);
    const name = this.#nameBefore(open, start, kept.isArray);
    this.#scan.enter();
    kept.add(name, yield* this.#container(open, kept.shapeOf(name)));
    this.#scan.leave();
  }

  /**
   * The name of a member whose value opens at a place. No text is JSON with a null behind it unless a value may
   * stand there.
   */
  #nameBefore(open: number, start: number, isArray: boolean): string {
    const before = this.#text.slice(start, open);
    const parsed: unknown = JSON.parse(isArray ? `[${before}null]` : `{${before}null}`);
    return isArray ? '' : Object.keys(parsed as object)[0]!;
  }

  /** Reads a member part by part; also the spaces of an empty object or array. */
  *#plainMember(kept: KeptMembers, start: number): Generator<undefined, void> {
    this.#at = start;
    const first = yield* this.#skipSpaces();
    if (start === kept.open + 1 && (first === CLOSE_ARRAY || first === CLOSE_OBJECT)) return;
    const name = kept.isArray ? '' : yield* this.#name();
    kept.add(name, yield* this.#value(kept.shapeOf(name)));
  }

  *#name(): Generator<undefined, string> {
    if (this.#text.charCodeAt(this.#at) !== QUOTE) throw unexpected(this.#at);
    const name = (yield* this.#longText('cut')) as string;
    if ((yield* this.#skipSpaces()) !== COLON) throw unexpected(this.#at);
    this.#at += 1;
    return name;
  }

  *#value(shape: Shape): Generator<undefined, unknown> {
    const first = yield* this.#skipSpaces();
    if (first === QUOTE) return yield* this.#longText(shape.text);
    if (first !== OPEN_OBJECT && first !== OPEN_ARRAY) return yield* this.#scalar();
    const open = this.#at;
    this.#scan.enterAt(open);
    const value = yield* this.#container(open, shape);
    this.#scan.leave();
    return value;
  }

  /** @returns the character behind the spaces, NaN at the end */
  *#skipSpaces(): Generator<undefined, number> {
    for (;;) {
      const limit = this.#at + this.#sizes.piece;
      this.#at = spacesEnd(this.#text, this.#at, limit);
      if (this.#at < limit) return this.#text.charCodeAt(this.#at);
      yield;
    }
  }

  /** Reads a number, true, false or null. */
  *#scalar(): Generator<undefined, unknown> {
    const start = this.#at;
    const limit = start + this.#sizes.number;
    this.#at = scalarEnd(this.#text, start, limit);
    if (this.#at === limit) throw new SyntaxError(`number too long at ${start}`);
    yield;
    return JSON.parse(this.#text.slice(start, this.#at)) as unknown;
  }

  *#longText(use: TextUse): Generator<undefined, string | ReadyJson> {
    const text = this.#text;
    const pieces = new TextPieces(use, this.#cutLength);
    let start = this.#at + 1;
    for (;;) {
      this.#at = pieceEnd(text, start, start + this.#sizes.piece);
      if (this.#at >= text.length) throw unexpected(this.#at);
      pieces.add(text.slice(start, this.#at));
      if (text.charCodeAt(this.#at) === QUOTE) break;
      start = this.#at;
      yield;
    }
    this.#at += 1;
    yield;
    return pieces.end();
  }
}

/** The place of the quote that ends a text, or one at the limit that is not inside of an escape. */
function pieceEnd(text: string, start: number, limit: number): number {
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

function spacesEnd(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && isSpace(text.charCodeAt(at))) at += 1;
  return at;
}

function scalarEnd(text: string, start: number, limit: number): number {
  let at = start;
  while (at < limit && !isScalarEnd(text.charCodeAt(at))) at += 1;
  return at;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** True behind the end of the text too. */
function isScalarEnd(code: number): boolean {
  return (
    code === COMMA || code === CLOSE_ARRAY || code === CLOSE_OBJECT || isSpace(code) || Number.isNaN(code)
  );
}

function unexpected(at: number): SyntaxError {
  return new SyntaxError(`no JSON at ${at}`);
}
