import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Slices, Steps } from '../base/slices.ts';

/** Reads of one peer that run at once. */
const WIDTH = 8;
/** Weight of the reads that may wait. */
const MOST_WAITING = 10_000;

/** How a peer takes its answers. */
export interface Drain {
  /** True when enough waits for the peer. */
  isBehind(): boolean;
  /** Resolves when it no longer does; false when the peer is gone. */
  drained(): Promise<boolean>;
}

/** A read; it rejects never. */
export type Read = () => MaybePromise<void>;

interface Waiting {
  readonly read: Read;
  readonly weight: number;
}

/**
 * The reads of one peer, in the order they came: a few at once, none while the peer does not read its
 * answers, those that had to wait in slices, and those that wait are bounded.
 *
 * A frame of a few kilobytes can ask for gigabytes, and a peer on a slow line for more than may wait for it.
 */
export class ReadQueue {
  readonly #drain: Drain;
  readonly #slices: Slices;
  #waiting: Waiting[] = [];
  #head = 0;
  #weight = 0;
  #running = 0;
  #isPumping = false;
  #isDraining = false;

  constructor(drain: Drain, slices: Slices) {
    this.#drain = drain;
    this.#slices = slices;
  }

  /** True when a read may be begun at once. */
  get isFree(): boolean {
    return this.#weight === 0 && this.#running < WIDTH && !this.#drain.isBehind();
  }

  /** True when another read of that weight may wait here. */
  hasRoom(weight: number): boolean {
    return this.#weight + weight <= MOST_WAITING;
  }

  /** Takes a read in that was begun. */
  run(done: MaybePromise<void>): void {
    if (done === undefined) return;
    this.#running += 1;
    void this.#end(done);
  }

  /** Begins a read in a later turn, when those before it allow. */
  add(read: Read, weight: number): void {
    this.#waiting.push({ read, weight });
    this.#weight += weight;
    this.#pump();
  }

  async #end(done: Promise<void>): Promise<void> {
    await done;
    this.#running -= 1;
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping || this.#weight === 0 || this.#running === WIDTH) return;
    this.#isPumping = true;
    void this.#slices.later(this.#steps());
  }

  *#steps(): Steps<void> {
    while (this.#weight > 0 && this.#running < WIDTH && !this.#drain.isBehind()) {
      this.run(this.#next()());
      yield;
    }
    this.#isPumping = false;
    if (this.#weight > 0 && this.#drain.isBehind()) void this.#pumpWhenDrained();
  }

  #next(): Read {
    const { read, weight } = this.#waiting[this.#head]!;
    this.#head += 1;
    this.#weight -= weight;
    // Cutting the front off at each step would copy the whole line each time.
    if (this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    return read;
  }

  async #pumpWhenDrained(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    const goesOn = await this.#drain.drained();
    this.#isDraining = false;
    if (goesOn) return this.#pump();
    this.#waiting = [];
    this.#head = 0;
    this.#weight = 0;
  }
}
