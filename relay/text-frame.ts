/** Websocket frames of texts as a server writes them: unmasked, a long text in fragments. */

const FINAL = 0x80;
const CONTINUATION = 0x00;
const TEXT = 0x01;
const SHORT = 125;
const TWO_BYTES = 0xffff;
/** Characters of a text that goes out in one frame: encoding takes a fraction of a millisecond. */
const LONGEST_FRAME = 65_536;
/** Fragments of one text; relays of this kind take 1024. */
const MOST_FRAGMENTS = 1000;

/**
 * Builds the unmasked websocket frame of a text.
 *
 * One buffer serves all receivers, which is what makes a push to a thousand subscribers cheap.
 */
export function encodeTextFrame(text: string): Buffer {
  return encodeFrame(FINAL | TEXT, text);
}

/** What is sent of a text: one frame, or fragments when it is long. */
export function framesOf(text: string): Buffer | Fragments {
  return text.length <= LONGEST_FRAME ? encodeTextFrame(text) : new Fragments(text);
}

/** A long text in fragments that many receivers may share: each is encoded when the first of them gets there. */
export class Fragments {
  /** Characters of the text. */
  readonly length: number;
  /** Characters of a fragment, the last one apart. */
  readonly step: number;
  #text: string;
  readonly #made: Buffer[] = [];
  /** Characters in fragments so far. */
  #done = 0;

  constructor(text: string) {
    this.#text = text;
    this.length = text.length;
    this.step = Math.max(LONGEST_FRAME, Math.ceil(text.length / MOST_FRAGMENTS));
  }

  /** Fragments that were encoded so far. */
  get made(): number {
    return this.#made.length;
  }

  /** The fragment of that number, after all before it were asked for; undefined after the last one. */
  at(number: number): Buffer | undefined {
    if (number === this.#made.length && this.#done < this.length) this.#made.push(this.#encodeNext());
    return this.#made[number];
  }

  /** True for the number of the last fragment, once it was asked for. */
  isLast(number: number): boolean {
    return this.#done === this.length && number === this.#made.length - 1;
  }

  #encodeNext(): Buffer {
    const start = this.#done;
    const end = this.#endOf(start);
    const part = this.#text.slice(start, end);
    const isLast = end === this.length;
    this.#done = end;
    if (isLast) this.#text = '';
    return encodeFrame((start === 0 ? TEXT : CONTINUATION) | (isLast ? FINAL : 0), part);
  }

  /** Where a fragment ends: never between the halves of a character. */
  #endOf(start: number): number {
    const end = start + this.step;
    if (end >= this.length) return this.length;
    return isHighSurrogate(this.#text.charCodeAt(end - 1)) ? end - 1 : end;
  }
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function encodeFrame(head: number, text: string): Buffer {
  const length = Buffer.byteLength(text);
  const lead = length <= SHORT ? 2 : length <= TWO_BYTES ? 4 : 10;
  const bytes = Buffer.allocUnsafe(lead + length);
  bytes[0] = head;
  if (lead === 2) bytes[1] = length;
  else if (lead === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeUInt32BE(0, 2);
    bytes.writeUInt32BE(length, 6);
  }
  bytes.write(text, lead);
  return bytes;
}
