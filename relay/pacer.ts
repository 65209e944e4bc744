import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { Allowance } from './allowance.ts';

/** After so many frames or so much in them a peer's account is looked at: clocks cost more than counting. */
const CHECK_FRAMES = 32;
const CHECK_LENGTH = 32_768;
/** A peer that has to wait for so long is told, in milliseconds. */
const NOTICE_MS = 1000;
/** A peer that sent so much at once that it would have to wait longer is given up, in milliseconds. */
const MOST_OWED_MS = 10_000;

/** What can be read more slowly, and counts what came in. */
export interface Metered {
  /** Bytes that came, whatever they were. */
  readonly bytesRead: number;
  /** Frames that came beside those that are counted one by one. */
  readonly noise: number;
  pause(): void;
  resume(): void;
}

/** What a pacer is made of. */
export interface PacerParts {
  readonly link: Metered;
  readonly allowances: readonly Allowance[];
  /** Milliseconds after which a peer that had to be slowed down all the time is given up. */
  readonly tooFastMs: number;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly startTimer: StartTimer;
  /** Told when the peer begins to be too fast, and when it is given up for that. */
  readonly report: (event: 'slowed' | 'too-fast') => void;
  /** Tells the peer, which has to wait noticeably. */
  readonly warn: () => void;
  /** Ends the link of a peer that was too fast for too long, or could not be stopped in time. */
  readonly giveUp: () => void;
}

/** Reads a link no faster than the allowances of its other side let it. */
export class Pacer {
  readonly #parts: PacerParts;
  readonly #link: Metered;
  #counter: { readonly messages: number } = { messages: 0 };
  #frames = 0;
  #length = 0;
  #messages = 0;
  #bytes = 0;
  #noise = 0;
  /** Since when it is slowed down without having rested. */
  #slowedSince: number | undefined;
  #isWarned = false;
  #isHeld = false;
  #isOpen = true;
  #stopWaiting: (() => void) | undefined;

  constructor(parts: PacerParts) {
    this.#parts = parts;
    this.#link = parts.link;
    this.#bytes = parts.link.bytesRead;
  }

  /** False once the link is gone. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Lets somebody else count the messages, of which a frame may have many. */
  countBy(counter: { readonly messages: number }): void {
    this.#counter = counter;
    this.#messages = counter.messages;
  }

  /** Counts a frame that came. */
  heard(length: number): void {
    this.#frames += 1;
    this.#length += length;
    if (this.#frames >= CHECK_FRAMES || this.#length >= CHECK_LENGTH) this.check();
  }

  /** Stops reading for another reason. */
  pause(): void {
    this.#isHeld = true;
    this.#link.pause();
  }

  /** Reads on, unless the other side has to wait. */
  resume(): void {
    this.#isHeld = false;
    if (this.#stopWaiting === undefined) this.#link.resume();
  }

  /** Told that the link is gone. */
  close(): void {
    this.#isOpen = false;
    this.#stopWaiting?.();
  }

  /** Charges what came since the last time; to be called now and then, for what comes without being counted. */
  check(): void {
    if (!this.#isOpen) return;
    const now = this.#parts.now();
    const [messages, bytes] = this.#takeCounts();
    let waitMs = 0;
    for (const allowance of this.#parts.allowances)
      waitMs = Math.max(waitMs, allowance.spend(messages, bytes, now));
    if (waitMs > 0) this.#slowDown(waitMs, now);
    else if (this.#slowedSince !== undefined) this.#rest(now);
  }

  /** An empty frame counts as a message, and so does a ping. */
  #takeCounts(): [messages: number, bytes: number] {
    const { bytesRead, noise } = this.#link;
    const { messages } = this.#counter;
    const counts: [number, number] = [
      Math.max(this.#frames, messages - this.#messages) + noise - this.#noise,
      bytesRead - this.#bytes,
    ];
    this.#frames = 0;
    this.#length = 0;
    this.#messages = messages;
    this.#noise = noise;
    this.#bytes = bytesRead;
    return counts;
  }

  #slowDown(waitMs: number, now: number): void {
    if (this.#slowedSince === undefined) this.#parts.report('slowed');
    this.#slowedSince ??= now;
    const slowedMs = now - this.#slowedSince;
    if (waitMs > MOST_OWED_MS || slowedMs > this.#parts.tooFastMs) return this.#giveUp();
    if (!this.#isWarned && Math.max(waitMs, slowedMs) >= NOTICE_MS) {
      this.#isWarned = true;
      this.#parts.warn();
    }
    this.#stopWaiting?.();
    this.#link.pause();
    this.#stopWaiting = this.#parts.startTimer(() => {
      this.#stopWaiting = undefined;
      if (!this.#isHeld) this.#link.resume();
    }, waitMs);
  }

  #rest(now: number): void {
    if (!this.#parts.allowances.every((allowance) => allowance.isRested(now))) return;
    this.#slowedSince = undefined;
    this.#isWarned = false;
  }

  #giveUp(): void {
    this.#parts.report('too-fast');
    this.#parts.giveUp();
  }
}
