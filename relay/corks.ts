/** Holds the output of streams back until the turn ends, so that several writes of one turn cost one of the system. */

/** How long writing may hold the event loop in one turn, in milliseconds. */
const WRITING_MS = 3;
/** Streams that are written to between two looks at the clock. */
const STREAMS_AT_ONCE = 16;

/** What can hold its output back. */
export interface Corkable {
  cork(): void;
  uncork(): void;
}

/** What corks need of the host. */
export interface CorksHost {
  /** Runs a task when the turn ends. */
  readonly atEnd: (task: () => void) => void;
  /** Runs a task in the next turn. */
  readonly next: (task: () => void) => void;
  /** Milliseconds of a clock that only rises. */
  readonly now: () => number;
}

const NODE: CorksHost = {
  atEnd: (task) => process.nextTick(task),
  next: setImmediate,
  now: () => performance.now(),
};

/**
 * Streams that are corked until the turn ends. When too many are for one turn, as with a message for thousands, the
 * rest waits for later turns, in which what is new still goes first.
 */
export class Corks {
  readonly #host: CorksHost;
  /** Those of this turn. */
  #fresh = new Set<Corkable>();
  /** Those that earlier turns had no time for. */
  readonly #late = new Set<Corkable>();

  constructor(host: CorksHost = NODE) {
    this.#host = host;
  }

  /** Corks a stream until the turn ends. */
  add(stream: Corkable): void {
    if (this.#fresh.has(stream)) return;
    if (this.#fresh.size === 0) this.#host.atEnd(() => this.#endTurn());
    this.#fresh.add(stream);
    // One that is late is corked already.
    if (!this.#late.delete(stream)) stream.cork();
  }

  #endTurn(): void {
    const fresh = this.#fresh;
    this.#fresh = new Set();
    const isFirst = this.#late.size === 0;
    this.#uncork(fresh);
    for (const stream of fresh) this.#late.add(stream);
    if (isFirst && this.#late.size > 0) this.#host.next(() => this.#goOn());
  }

  #goOn(): void {
    this.#uncork(this.#late);
    if (this.#late.size > 0) this.#host.next(() => this.#goOn());
  }

  /** Uncorks streams as long as there is time; those that are left stay in the set. */
  #uncork(streams: Set<Corkable>): void {
    const until = this.#host.now() + WRITING_MS;
    let count = 0;
    for (const stream of streams) {
      streams.delete(stream);
      stream.uncork();
      count += 1;
      if (count % STREAMS_AT_ONCE === 0 && this.#host.now() >= until) return;
    }
  }
}
