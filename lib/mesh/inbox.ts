import type { Limits } from '../base/limits.ts';
import type { Slices } from '../base/slices.ts';
import { decodeFrame, decodeLargeFrame, isLargeFrame, type FrameItem } from '../wire/codec.ts';

/** How long the frames of one peer may be handled on arrival, in milliseconds; as much time must pass until then. */
const SHARE_MS = 4;
/** Part of the frames that may wait at which a link that was stopped is read again. */
const RESUME_SHARE = 2;

/** What an inbox needs. */
export interface InboxParts {
  readonly limits: Limits;
  readonly slices: Slices;
  /** Takes what a frame holds, in order; false when the rest is of no use. */
  handle(item: FrameItem): boolean;
  /** Stops the input, or lets it go on. */
  pause(): void;
  resume(): void;
  /** More waits than may. */
  overflow(): void;
  /** Handling threw; what waits is forgotten. */
  fail(error: unknown): void;
}

/**
 * The frames of one peer, handled in order: at once while the peer keeps to its share of the time, in slices when
 * it does not or a frame is large. While too many wait, or while what was handled has to be done with first, its
 * link is not read.
 */
export class Inbox {
  readonly #parts: InboxParts;
  #waiting: string[] = [];
  #length = 0;
  /** What is left of the frame under way; undefined stands for a place to pause. */
  #items: Iterator<FrameItem | undefined> | undefined;
  #isRunning = false;
  #isPaused = false;
  #isHeld = false;
  #isClosed = false;
  /** Time used on arrival, less the time that passed since. */
  #usedMs = 0;
  #lastAt = 0;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  /** Frames that wait. */
  get size(): number {
    return this.#waiting.length;
  }

  /** Takes a frame. */
  add(text: string): void {
    if (this.#isClosed) return;
    if (this.#isRunning || this.#isHeld) return this.#wait(text);
    const hasTime = this.#hasTime();
    if (hasTime && !isLargeFrame(text)) return this.#handleNow(text);
    this.#wait(text);
    this.#run(hasTime);
  }

  /** Handles nothing more for now: what was handled is not done with. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Goes on after {@link hold}. */
  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    const isWaiting = this.#items !== undefined || this.size > 0;
    if (isWaiting && !this.#isRunning) this.#run(false);
  }

  /** Forgets what waits and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#length = 0;
    this.#items = undefined;
  }

  #hasTime(): boolean {
    const now = this.#parts.slices.now();
    this.#usedMs = Math.max(0, this.#usedMs - (now - this.#lastAt));
    this.#lastAt = now;
    return this.#usedMs < SHARE_MS;
  }

  #handleNow(text: string): void {
    const { limits, slices } = this.#parts;
    const start = this.#lastAt;
    try {
      const items = decodeFrame(text, limits);
      for (let at = 0; at < items.length && this.#take(items[at]!); at += 1) {
        const hasMore = at + 1 < items.length;
        if (!hasMore || (!this.#isHeld && slices.now() - start < SHARE_MS)) continue;
        this.#items = items.slice(at + 1).values();
        if (!this.#isHeld) this.#run(false);
        break;
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#lastAt = slices.now();
    this.#usedMs += this.#lastAt - start;
  }

  #take(item: FrameItem): boolean {
    return this.#parts.handle(item) && !this.#isClosed;
  }

  #wait(text: string): void {
    const { inputFrames, inputLength } = this.#parts.limits;
    this.#waiting.push(text);
    this.#length += text.length;
    if (this.#length > inputLength) return this.#parts.overflow();
    if (this.#isPaused || this.size < inputFrames) return;
    this.#isPaused = true;
    this.#parts.pause();
  }

  /** @param now false when this turn has no time left for the peer */
  #run(now: boolean): void {
    const { slices } = this.#parts;
    this.#isRunning = true;
    const running = now ? slices.run(this.#steps()) : slices.later(this.#steps());
    if (running instanceof Promise) running.catch((error: unknown) => this.#fail(error));
  }

  *#steps(): Generator<void, void> {
    while (!this.#isHeld) {
      const items = this.#next();
      if (items === undefined) break;
      const { done, value } = items.next();
      if (done === true) this.#items = undefined;
      else if (value === undefined) yield;
      else if (this.#take(value)) yield;
      else break;
    }
    this.#isRunning = false;
  }

  /** The frame under way, or the next one. */
  #next(): Iterator<FrameItem | undefined> | undefined {
    if (this.#items !== undefined) return this.#items;
    const text = this.#waiting.shift();
    if (text === undefined) return undefined;
    this.#length -= text.length;
    const { limits } = this.#parts;
    if (this.#isPaused && this.size * RESUME_SHARE <= limits.inputFrames) {
      this.#isPaused = false;
      this.#parts.resume();
    }
    this.#items = isLargeFrame(text) ? decodeLargeFrame(text, limits) : decodeFrame(text, limits).values();
    return this.#items;
  }

  #fail(error: unknown): void {
    this.close();
    this.#isRunning = false;
    this.#parts.fail(error);
  }
}
