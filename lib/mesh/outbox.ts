import { systemClock, type Clock } from '../base/clock.ts';
import type { Frame } from './link.ts';

/** A peer that was sent nothing for so long is idle, in milliseconds. */
const SILENCE_MS = 20;

/** A message for many receivers: its text is made once, and so is each frame it travels in. */
export interface SharedMessage {
  readonly text: string;
  /** The frame that begins with this message; set by outboxes only. */
  first?: OutFrame;
}

/**
 * Messages gathered into one frame. Receivers that are sent the same messages in the same order share the
 * frame object, and with it the encoding that the transport keeps there.
 */
export class OutFrame implements Frame {
  encoded?: unknown;
  #inner: string;
  #count: number;
  /** True when only one receiver holds it, so that it may grow in place. */
  readonly #own: boolean;
  #nextMessage: SharedMessage | undefined;
  #nextFrame: OutFrame | undefined;

  constructor(inner: string, count: number, own: boolean) {
    this.#inner = inner;
    this.#count = count;
    this.#own = own;
  }

  /** Characters gathered so far. */
  get length(): number {
    return this.#inner.length;
  }

  /** A message alone stands as it is, several form an array. */
  get text(): string {
    return this.#count === 1 ? this.#inner : `[${this.#inner}]`;
  }

  /** This frame and one more message for one receiver. */
  with(text: string): OutFrame {
    if (!this.#own) return new OutFrame(`${this.#inner},${text}`, this.#count + 1, true);
    this.#inner += `,${text}`;
    this.#count += 1;
    return this;
  }

  /** This frame and one more message that others are sent too. */
  withShared(message: SharedMessage): OutFrame {
    if (this.#own) return this.with(message.text);
    if (this.#nextMessage === message) return this.#nextFrame!;
    const frame = new OutFrame(`${this.#inner},${message.text}`, this.#count + 1, false);
    this.#nextMessage = message;
    this.#nextFrame = frame;
    return frame;
  }
}

/**
 * What one peer is sent at the end of the turn (gun-wire section 2.4): the first message after a silence
 * alone, what comes with it and soon after it in array frames of bounded length.
 */
export class Outbox {
  readonly #packLength: number;
  #full: OutFrame[] = [];
  #last: OutFrame | undefined;
  readonly #clock: Clock;
  #length = 0;
  #takenAt = -Infinity;
  /** True when the frame under way holds the first message after a silence and must not grow. */
  #alone = false;

  /** @param packLength characters gathered into one array frame */
  constructor(packLength: number, clock: Clock = systemClock) {
    this.#packLength = packLength;
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#last === undefined;
  }

  /** Characters of the messages that wait. */
  get length(): number {
    return this.#length;
  }

  /** Adds a message for this peer alone. */
  add(text: string): void {
    const last = this.#roomFor(text.length);
    this.#last = last === undefined ? new OutFrame(text, 1, true) : last.with(text);
  }

  /** Adds a message that other peers are sent too. */
  share(message: SharedMessage): void {
    const last = this.#roomFor(message.text.length);
    if (last === undefined) this.#last = message.first ??= new OutFrame(message.text, 1, false);
    else this.#last = last.withShared(message);
  }

  /** Takes the gathered frames out. */
  take(): OutFrame[] {
    const frames = this.#full;
    if (this.#last !== undefined) frames.push(this.#last);
    this.#full = [];
    this.#last = undefined;
    this.#length = 0;
    this.#takenAt = this.#clock();
    return frames;
  }

  #roomFor(length: number): OutFrame | undefined {
    this.#length += length;
    const last = this.#last;
    if (last === undefined) {
      this.#alone = this.#full.length === 0 && this.#clock() - this.#takenAt >= SILENCE_MS;
      return undefined;
    }
    if (!this.#alone && last.length + length <= this.#packLength) return last;
    this.#alone = false;
    this.#full.push(last);
    this.#last = undefined;
    return undefined;
  }
}
