/** One timer that gives each of many members a beat at the same interval, counted from its joining. */

/** Who wants to be beaten. */
export interface HeartbeatMember {
  /** Called once every period; must not throw. */
  beat(): void;
}

/** Calls `task` every `ms` milliseconds until the returned function is called. */
export type Repeat = (ms: number, task: () => void) => () => void;

const BUCKETS = 20;

/** The clock of the machine; it does not keep a process alive that has nothing else to do. */
export const repeat: Repeat = (ms, task) => {
  const timer = setInterval(task, ms).unref();
  return () => {
    clearInterval(timer);
  };
};

/**
 * Members in a ring of buckets, one bucket per tick: a member's first beat comes one period after it joined,
 * early by at most one twentieth.
 */
export class Heartbeat {
  readonly #buckets: readonly Set<HeartbeatMember>[] = Array.from({ length: BUCKETS }, () => new Set());
  readonly #periodMs: number;
  readonly #every: Repeat;
  #stop: (() => void) | undefined;
  #at = 0;

  /** @param periodMs milliseconds between two beats of one member */
  constructor(periodMs: number, every: Repeat = repeat) {
    this.#periodMs = periodMs;
    this.#every = every;
  }

  /** Starts the timer, unless it runs. */
  start(): void {
    this.#stop ??= this.#every(this.#periodMs / BUCKETS, () => this.#tick());
  }

  /** Beats `member` from one period on; the returned function ends it. */
  join(member: HeartbeatMember): () => void {
    const bucket = this.#buckets[this.#at]!;
    bucket.add(member);
    return () => {
      bucket.delete(member);
    };
  }

  /** Ends all beats. */
  close(): void {
    this.#stop?.();
    this.#stop = undefined;
    for (const bucket of this.#buckets) bucket.clear();
  }

  #tick(): void {
    this.#at = (this.#at + 1) % BUCKETS;
    for (const member of this.#buckets[this.#at]!) member.beat();
  }
}
