import { DeepCheck } from './deep-check.ts';
import { JsonScan } from './json-scan.ts';
import { TextPieces, type ReadyJson, type TextUse } from './json-text.ts';
import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  pieceEnd,
  QUOTE,
  scalarEnd,
  spacesEnd,
  unexpected,
} from './json-tokens.ts';
import { KeptMembers, type Container, type Shape } from './kept-members.ts';

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
    if (this.#depth === this.#sizes.depth) return yield* this.#checkDeep(open);
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
  *#checkDeep(open: number): Generator<undefined, undefined> {
    const check = new DeepCheck(this.#text, open, open + this.#sizes.deep);
    while (!check.run(check.position + this.#sizes.chunk)) yield;
    this.#at = check.position;
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
