import type { LogName, Tips } from '../log/heights.ts';

/** Ids of operations that are remembered of a session (log-mapping section 5). */
const REMEMBERED_IDS = 1024;
/** Forked logs that are remembered of a session. */
const MOST_FORKS = 10_000;

/** A log that went on while nothing could be sent. */
export interface BehindLog extends LogName {
  /** Last sequence number that the other side has, undefined when it has none. */
  readonly after: number | undefined;
  /** True when the other side may lack a branch: both are to be sent. */
  readonly forked: boolean;
}

/** An operation as the other side knows it. */
interface KnownOperation extends LogName {
  readonly id: string;
  readonly sequence: number;
}

/** How far the other side of a session is in each log, and which operations just went over it. */
export class PeerHeights {
  readonly #heights = new Map<string, number>();
  readonly #behind = new Map<string, LogName & { readonly forkedAt: number | undefined }>();
  /** Logs that turned out to be forked: how high the other side is does not tell which branch it has. */
  readonly #forked = new Set<string>();
  /** The last ids in both directions; the oldest is overwritten. */
  readonly #ring: string[] = [];
  readonly #ids = new Set<string>();
  /** Those of them that went there, or came from there, without a body. */
  readonly #bare = new Set<string>();
  #at = 0;

  /** Author, log and name of the last: operations come in the order of their logs, and a name costs to be made. */
  #last: readonly [author: string, log: string, name: string] = ['', '', ''];

  /** The state vector of both sides, when it is the same. */
  #both: Tips | undefined;

  /** Takes all heights from a state vector that the other side has as well, which stays as it is. */
  beginWith(tips: Tips): void {
    this.#both = tips;
  }

  /** Takes a height from the other side's state vector. */
  begin(log: LogName, height: number): void {
    this.#heights.set(this.#nameOf(log), height);
  }

  /** Logs that are remembered. */
  get size(): number {
    return this.#heights.size + (this.#both?.size ?? 0);
  }

  /** The last sequence number the other side has of a log, undefined when it has none. */
  heightOf(log: LogName): number | undefined {
    return this.#heights.get(this.#nameOf(log)) ?? this.#bothHeightOf(log);
  }

  #bothHeightOf({ author, log }: LogName): number | undefined {
    return this.#both?.get(author)?.get(log)?.height;
  }

  /** True when an operation just came from the other side, or went there. */
  knows({ id }: KnownOperation): boolean {
    return this.#ids.has(id);
  }

  /** True when it did so with its body; nobody has to tell the other side of that. */
  knowsBody({ id }: KnownOperation): boolean {
    return this.#ids.has(id) && !this.#bare.has(id);
  }

  /** True for a log of which the other side may lack what is no higher than it is itself. */
  isForked(log: LogName): boolean {
    return this.#forked.size > 0 && this.#forked.has(this.#nameOf(log));
  }

  /** Counts an operation that goes to the other side, or that came from it. */
  passed(operation: KnownOperation, hasBody: boolean): void {
    const name = this.#nameOf(operation);
    const height = this.#heights.get(name) ?? this.#bothHeightOf(operation);
    if (height === undefined || operation.sequence > height) this.#heights.set(name, operation.sequence);
    this.#remember(operation.id);
    if (!hasBody) this.#bare.add(operation.id);
    else if (this.#bare.size > 0) this.#bare.delete(operation.id);
  }

  /**
   * Remembers that a log went on while nothing could be sent.
   *
   * @param forkedAt where the other side may lack a branch; the lowest such place stays
   */
  fallBehind({ author, log }: LogName, forkedAt?: number): void {
    const name = this.#nameOf({ author, log });
    const before = this.#behind.get(name)?.forkedAt ?? Infinity;
    const lowest = Math.min(before, forkedAt ?? Infinity);
    this.#behind.set(name, { author, log, forkedAt: lowest === Infinity ? undefined : lowest });
    if (forkedAt === undefined) return;
    if (this.#forked.size >= MOST_FORKS) this.#forked.clear();
    this.#forked.add(name);
  }

  /** The logs of {@link fallBehind}, once. */
  takeBehind(): BehindLog[] {
    const behind = Array.from(this.#behind.values(), (log) => this.#behindOf(log));
    this.#behind.clear();
    return behind;
  }

  #behindOf({ author, log, forkedAt }: LogName & { readonly forkedAt: number | undefined }): BehindLog {
    const after = this.heightOf({ author, log });
    if (forkedAt === undefined) return { author, log, after, forked: false };
    // What it lacks before the fork goes first.
    const isBefore = after === undefined || after < forkedAt - 1;
    return isBefore ? { author, log, after, forked: true } : forkedLog({ author, log }, forkedAt);
  }

  #nameOf({ author, log }: LogName): string {
    if (this.#last[0] !== author || this.#last[1] !== log) this.#last = [author, log, author + log];
    return this.#last[2];
  }

  #remember(id: string): void {
    if (this.#ids.has(id)) return;
    const oldest = this.#ring[this.#at];
    if (oldest !== undefined) {
      this.#ids.delete(oldest);
      if (this.#bare.size > 0) this.#bare.delete(oldest);
    }
    this.#ring[this.#at] = id;
    this.#ids.add(id);
    this.#at = (this.#at + 1) % REMEMBERED_IDS;
  }
}

/** A log of which everything from a place on is to be sent, whatever the other side has. */
export function forkedLog({ author, log }: LogName, forkedAt: number): BehindLog {
  return { author, log, after: forkedAt === 0 ? undefined : forkedAt - 1, forked: true };
}
