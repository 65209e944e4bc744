const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
/** Both kinds of brackets, with the bit in which they differ set. */
const OPEN = 0x7b;
const CLOSE = 0x7d;
const KIND_BIT = 0x20;

/**
 * Finds commas and brackets in a JSON text without reading what lies between them, every character once.
 *
 * At any time one container (an object or array) is the current one: its own commas part its members, and at its
 * closing bracket the scan stops. What is found in text that is no JSON means nothing, and has to be refused by
 * whoever parses what lies between.
 */
export class JsonScan {
  readonly #text: string;
  /** The next character to look at. */
  #at = 0;
  /** Brackets open at this place, and how many of them belong to the current container and those around it. */
  #depth = 0;
  #base = 0;
  /** Where the bracket of each depth stands, and the last comma behind it (the bracket, when there is none). */
  readonly #opens: number[] = [0];
  readonly #commas: number[] = [0];
  #isInText = false;

  /** @param text is an object or array; it is the current container at first */
  constructor(text: string) {
    this.#text = text;
    this.#at = 1;
  }

  /** The place behind the last character looked at; at the closing bracket, that bracket. */
  get position(): number {
    return this.#at;
  }

  /** Where the last comma of the current container stands; its opening bracket when it has none yet. */
  get comma(): number {
    return this.#commas[this.#base]!;
  }

  /** Where the member of the current container opens that the scan is inside of; undefined outside of any. */
  get innerOpen(): number | undefined {
    return this.#depth > this.#base ? this.#opens[this.#base + 1] : undefined;
  }

  /**
   * Goes on up to a place, or a character further behind an escape.
   *
   * @returns true when it stopped at the closing bracket of the current container
   */
  run(limit: number): boolean {
    const text = this.#text;
    const end = Math.min(limit, text.length);
    let at = this.#isInText ? this.#skipText(this.#at, end) : this.#at;
    while (at < end) {
      const code = text.charCodeAt(at);
      const kind = code | KIND_BIT;
      if (code === QUOTE) {
        at = this.#skipText(at + 1, end);
        continue;
      }
      if (code === COMMA) this.#commas[this.#depth] = at;
      else if (kind === OPEN) this.#open(at);
      else if (kind === CLOSE && this.#depth === this.#base) break;
      else if (kind === CLOSE) this.#depth -= 1;
      at += 1;
    }
    this.#at = at;
    return at < end;
  }

  /** Makes the container that opens at {@link innerOpen} the current one. */
  enter(): void {
    this.#base += 1;
  }

  /** Makes a member that opens at a place the current container, and goes on behind its bracket. */
  enterAt(open: number): void {
    this.#depth = this.#base;
    this.#open(open);
    this.#base = this.#depth;
    this.#at = open + 1;
    this.#isInText = false;
  }

  /** Makes the container around the current one the current one. */
  leave(): void {
    this.#base -= 1;
    this.#depth = this.#base;
  }

  /** Goes on behind a comma of the current container. */
  goOnBehind(comma: number): void {
    this.#commas[this.#base] = comma;
    this.#depth = this.#base;
    this.#at = comma + 1;
    this.#isInText = false;
  }

  #open(at: number): void {
    this.#depth += 1;
    this.#opens[this.#depth] = at;
    this.#commas[this.#depth] = at;
  }

  #skipText(start: number, end: number): number {
    const text = this.#text;
    let at = start;
    while (at < end) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#isInText = false;
        return at + 1;
      }
      at += code === BACKSLASH ? 2 : 1;
    }
    this.#isInText = true;
    return at;
  }
}
