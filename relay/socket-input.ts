/** What one socket says, as texts: short ones at once, long ones decoded over turns, all in their order. */
import type { Slices, Steps } from '../lib/base/slices.ts';

/** Bytes that are decoded in one step; it takes a fraction of a millisecond. */
const PIECE_BYTES = 65_536;
/** Bytes of UTF-8 that go on with a character are 10xxxxxx. */
const UPPER_TWO = 0xc0;
const GOES_ON = 0x80;

/** What the input of a socket needs. */
export interface SocketInputParts {
  readonly slices: Slices;
  /** Takes the texts. */
  deliver(text: string): void;
  /** Stops the socket while a long text is decoded, or lets it go on. */
  stop(): void;
  goOn(): void;
}

/** Turns messages into texts. While a long one is decoded, what had been read of the socket waits behind it. */
export class SocketInput {
  readonly #parts: SocketInputParts;
  #waiting: Buffer[] = [];
  #isDecoding = false;
  #whenDone: (() => void) | undefined;

  constructor(parts: SocketInputParts) {
    this.#parts = parts;
  }

  /** True while the socket should not be read. */
  get isDecoding(): boolean {
    return this.#isDecoding;
  }

  /** Takes a text message, which is valid UTF-8. */
  add(bytes: Buffer): void {
    if (!this.#isDecoding && !isLong(bytes)) return this.#parts.deliver(bytes.toString());
    this.#waiting.push(bytes);
    if (this.#isDecoding) return;
    this.#isDecoding = true;
    this.#parts.stop();
    void this.#run();
  }

  /** Runs a task once everything was delivered. */
  whenDone(task: () => void): void {
    if (this.#isDecoding) this.#whenDone = task;
    else task();
  }

  /** Forgets what waits. */
  close(): void {
    this.#waiting = [];
  }

  /** Each part of a long text's way that cannot be cut into pieces has a turn of its own. */
  async #run(): Promise<void> {
    const { slices } = this.#parts;
    // In this turn the message was put together.
    await slices.later(oneStep(() => undefined));
    for (let bytes = this.#waiting[0]; bytes !== undefined; bytes = this.#waiting[0]) {
      if (isLong(bytes)) {
        const text = await slices.later(decode(bytes));
        await slices.later(oneStep(() => flatten(text)));
        await slices.later(oneStep(() => this.#deliverLong(text)));
      } else await slices.later(this.#shortOnes());
    }
    this.#isDecoding = false;
    this.#parts.goOn();
    this.#whenDone?.();
  }

  #deliverLong(text: string): void {
    this.#waiting.shift();
    this.#parts.deliver(text);
  }

  *#shortOnes(): Steps<void> {
    for (let bytes = this.#waiting[0]; bytes !== undefined && !isLong(bytes); bytes = this.#waiting[0]) {
      this.#waiting.shift();
      this.#parts.deliver(bytes.toString());
      yield;
    }
  }
}

function isLong(bytes: Buffer): boolean {
  return bytes.length > PIECE_BYTES;
}

function oneStep(task: () => void): Steps<void> {
  return {
    next: () => {
      task();
      return { done: true, value: undefined };
    },
  };
}

/** The text of bytes, piece by piece. */
export function* decode(bytes: Buffer): Generator<void, string> {
  let text = '';
  let end: number;
  for (let start = 0; start < bytes.length; start = end) {
    end = endOf(bytes, start);
    text += bytes.toString('utf8', start, end);
    yield;
  }
  return text;
}

/** What was read last of a text; without a place to go to, engines leave a read out. */
let lastRead = 0;

/** Puts a text together in memory, which engines keep as a tree of its parts until somebody reads it. */
function flatten(text: string): void {
  lastRead ^= text.charCodeAt(0);
}

/** Where a piece ends: never within a character. */
function endOf(bytes: Buffer, start: number): number {
  let end = start + PIECE_BYTES;
  if (end >= bytes.length) return bytes.length;
  while ((bytes[end]! & UPPER_TWO) === GOES_ON) end -= 1;
  return end;
}
