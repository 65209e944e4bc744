/**
 * What becomes of a text that is read in pieces: `cut`, its first characters, for a text that is too long for its
 * use anyway; `json`, a {@link ReadyJson}; `whole`, the text itself, unless it cannot be a frame.
 */
export type TextUse = 'cut' | 'json' | 'whole';

/** A value of a property that is JSON already, as `toValueJson` would write it. */
export class ReadyJson {
  readonly json: string;

  constructor(json: string) {
    this.json = json;
  }
}

const FRAME_START = /^[[{]/;

/** Puts a text together from the JSON of its pieces. */
export class TextPieces {
  readonly #cutLength: number;
  #use: TextUse;
  #text = '';
  /** Canonical JSON so far, without the closing quote. */
  #json = '"';
  #isFirst = true;

  /** @param cutLength characters that a text is cut to */
  constructor(use: TextUse, cutLength: number) {
    this.#use = use;
    this.#cutLength = cutLength;
  }

  /**
   * Adds a piece.
   *
   * @param raw JSON of it without quotes, cut anywhere but inside of an escape
   * @throws SyntaxError when it is no JSON
   */
  add(raw: string): void {
    const piece = JSON.parse(`"${raw}"`) as string;
    if (this.#isFirst && this.#use === 'whole' && !FRAME_START.test(piece)) this.#use = 'cut';
    this.#isFirst = false;
    if (this.#use === 'json') this.#addJson(piece);
    else if (this.#use === 'whole') this.#text += piece;
    else if (this.#text.length < this.#cutLength)
      this.#text += piece.slice(0, this.#cutLength - this.#text.length);
  }

  /** The text, when all pieces were added. */
  end(): string | ReadyJson {
    if (this.#use !== 'json') return this.#text;
    const rest = this.#text === '' ? '' : unquoted(JSON.stringify(this.#text));
    return new ReadyJson(`${this.#json}${rest}"`);
  }

  /** A half pair waits for the next piece: alone it would be written as an escape. */
  #addJson(piece: string): void {
    const text = this.#text + piece;
    const isOpen = isHalfPair(text.charCodeAt(text.length - 1));
    this.#text = isOpen ? text.slice(-1) : '';
    this.#json += unquoted(JSON.stringify(isOpen ? text.slice(0, -1) : text));
  }
}

function unquoted(json: string): string {
  return json.slice(1, -1);
}

function isHalfPair(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
