import type { LogName, Tips } from '../log/heights.ts';

/** The last ids of operations that are remembered of a session at least (log-mapping section 5), and half of the most. */
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
  /** Logs that are only remembered for operations of which it is not known whether they are taken. */
  readonly #undecided = new Set<string>();
  readonly #behind = new Map<string, LogName & { readonly forkedAt: number | undefined }>();
  /** Logs that turned out to be forked: how high the other side is does not tell which branch it has. */
  readonly #forked = new Set<string>();
  /** The last ids in both directions, and those before them: to forget many at once costs less than one by one. */
  #ids = new Set<string>();
  #olderIds = new Set<string>();
  /** Those of them that went there, or came from there, without a body. */
  readonly #bare = new Set<string>();

  /** Author, log and name of the last: operations come in the order of their logs, and a name costs to be made. */
  #last: readonly [author: string, log: string, name: string] = ['', '', ''];

  /** What is the same in the state vectors of both sides. */
  #both: Tips | undefined;

  /** Takes the heights from what the other side has as well of a state vector, which stays as it is. */
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
    return this.#ids.has(id) || this.#olderIds.has(id);
  }

  /** True when it did so with its body; nobody has to tell the other side of that. */
  knowsBody(operation: KnownOperation): boolean {
    return this.knows(operation) && !this.#bare.has(operation.id);
  }

  /** True for a log of which the other side may lack what is no higher than it is itself. */
  isForked(log: LogName): boolean {
    return this.#forked.size > 0 && this.#forked.has(this.#nameOf(log));
  }

  /** Counts an operation that came from the other side and may yet be refused, see {@link leaveOut}. */
  came(operation: KnownOperation, hasBody: boolean): void {
    if (this.heightOf(operation) === undefined) this.#undecided.add(this.#nameOf(operation));
    this.passed(operation, hasBody);
  }

  /** Keeps what is remembered of a log of which an operation was taken. */
  keep(log: LogName): void {
    if (this.#undecided.size > 0) this.#undecided.delete(this.#nameOf(log));
  }

  /** Forgets a log of which nothing was taken and the other side showed nothing: of such it may have any number. */
  leaveOut(log: LogName): void {
    const name = this.#nameOf(log);
    if (this.#undecided.delete(name)) this.#heights.delete(name);
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
    this.#ids.add(id);
    if (this.#ids.size < REMEMBERED_IDS) return;
    const forgotten = this.#olderIds;
    this.#olderIds = this.#ids;
    this.#ids = new Set();
    for (const bare of this.#bare)
      if (forgotten.has(bare) && !this.#olderIds.has(bare)) this.#bare.delete(bare);
  }
}

/** A log of which everything from a place on is to be sent, whatever the other side has. */
export function forkedLog({ author, log }: LogName, forkedAt: number): BehindLog {
  return { author, log, after: forkedAt === 0 ? undefined : forkedAt - 1, forked: true };
}
