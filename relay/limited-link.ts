import type { StartTimer } from '../lib/store/deferred-writes.ts';
import { CLOSE, type Frame, type Link, type LinkListener } from '../lib/mesh/link.ts';
import { encodeFrameError } from '../lib/wire/codec.ts';
import { randomId } from '../lib/base/random.ts';
import type { Allowance } from './allowance.ts';

/** After so many frames or characters a peer's account is looked at: clocks cost more than counting. */
const CHECK_FRAMES = 32;
const CHECK_LENGTH = 32_768;
/** A peer that has to wait for so long is told, in milliseconds. */
const NOTICE_MS = 1000;
/** A peer that sent so much at once that it would have to wait longer is closed, in milliseconds. */
const MOST_OWED_MS = 10_000;
const NOTICE = 'too fast: this relay reads you more slowly for now';

/** A link that counts what came in. */
export interface MeteredLink extends Link {
  /** Bytes that came, whatever they were. */
  readonly bytesRead: number;
  /** Frames that are no texts: pings, pongs and binary ones. */
  readonly noise: number;
}

/** What a limited link is made of. */
export interface LimitedLinkParts {
  readonly link: MeteredLink;
  readonly allowances: readonly Allowance[];
  /** Milliseconds after which a peer that had to be slowed down all the time is closed. */
  readonly tooFastMs: number;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly startTimer: StartTimer;
  /** Told when the peer begins to be too fast, and when it is closed for that. */
  readonly report: (event: 'slowed' | 'too-fast') => void;
  /** Told when the link is gone. */
  readonly onGone: () => void;
}

/**
 * A link whose other side keeps to its allowances, because it is read no faster. One that has to wait
 * noticeably is told so once; one that does so for too long, or could not be stopped in time, is closed with 1013.
 */
export class LimitedLink implements Link {
  readonly #parts: LimitedLinkParts;
  readonly #link: MeteredLink;
  #counter: { readonly messages: number } = { messages: 0 };
  #frames = 0;
  #length = 0;
  #messages = 0;
  #bytes = 0;
  #noise = 0;
  /** Since when it is slowed down without having rested. */
  #slowedSince: number | undefined;
  #isTold = false;
  #isHeld = false;
  #isOpen = true;
  #stopWaiting: (() => void) | undefined;

  constructor(parts: LimitedLinkParts) {
    this.#parts = parts;
    this.#link = parts.link;
    this.#bytes = parts.link.bytesRead;
  }

  get name(): string {
    return this.#link.name;
  }

  get queuedBytes(): number {
    return this.#link.queuedBytes;
  }

  /** Lets somebody else count the messages, of which a frame may have many. */
  countBy(counter: { readonly messages: number }): void {
    this.#counter = counter;
    this.#messages = counter.messages;
  }

  listen(listener: LinkListener): void {
    this.#link.listen({
      frame: (text) => {
        this.#frames += 1;
        this.#length += text.length;
        if (this.#frames >= CHECK_FRAMES || this.#length >= CHECK_LENGTH) this.check();
        if (this.#isOpen) listener.frame(text);
      },
      close: () => {
        this.#isOpen = false;
        this.#stopWaiting?.();
        this.#parts.onGone();
        listener.close();
      },
    });
  }

  pause(): void {
    this.#isHeld = true;
    this.#link.pause();
  }

  resume(): void {
    this.#isHeld = false;
    if (this.#stopWaiting === undefined) this.#link.resume();
  }

  send(frame: Frame): void {
    this.#link.send(frame);
  }

  close(code: number, reason: string): void {
    this.#link.close(code, reason);
  }

  /** Charges what came since the last time; to be called now and then, for what comes without texts. */
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
    if (!this.#isTold && Math.max(waitMs, slowedMs) >= NOTICE_MS) {
      this.#isTold = true;
      this.#link.send({ text: encodeFrameError(randomId(), NOTICE) });
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
    this.#isTold = false;
  }

  #giveUp(): void {
    this.#parts.report('too-fast');
    this.#link.close(CLOSE.overloaded, 'too fast');
  }
}
