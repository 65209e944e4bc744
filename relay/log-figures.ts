/** The numbers of a relay's logs. */
import type { LogName } from '../lib/log/heights.ts';
import type { LogStore } from '../lib/store/log-store.ts';
import type { OperationCounts } from '../lib/store/logged-commits.ts';

/** For how long logs that were counted are not counted again, in milliseconds. */
const FRESH_MS = 10_000;
/** Heads read in one step. */
const STEP_HEADS = 512;

/** Logs that are held; each author has one. */
export interface LogCensus {
  readonly authors: number;
  readonly forked: number;
}

/** Where the numbers come from. */
export interface LogFiguresParts {
  readonly store: LogStore;
  /** Operations by what their logs said to them. */
  readonly counts: OperationCounts;
  /** Marks of what is to be witnessed. */
  readonly marks: { readonly size: number };
  /** The relay's own log; undefined when it has none. */
  readonly own: () => LogName | undefined;
  /** Operations of it that another node shows and this one lacks. */
  readonly ownLag?: () => number | undefined;
  /** Milliseconds that never go back. */
  readonly now: () => number;
}

/** Reads the numbers when they are asked for. */
export class LogFigures {
  readonly #parts: LogFiguresParts;
  #counted: { readonly at: number; readonly census: Promise<LogCensus> } | undefined;

  constructor(parts: LogFiguresParts) {
    this.#parts = parts;
  }

  /** Operations by what their logs said to them. */
  get counts(): OperationCounts {
    return this.#parts.counts;
  }

  /** Marks of what is to be witnessed. */
  get backlog(): number {
    return this.#parts.marks.size;
  }

  /** Authors whose logs are held, and how many of these are forked; at most ten seconds old. */
  census(): Promise<LogCensus> {
    const at = this.#parts.now();
    if (this.#counted === undefined || at - this.#counted.at >= FRESH_MS) {
      this.#counted = { at, census: this.#count() };
    }
    return this.#counted.census;
  }

  /** Operations that the relay has signed, undefined when it signs none. */
  async ownHeight(): Promise<number | undefined> {
    const own = this.#parts.own();
    if (own === undefined) return undefined;
    const head = await this.#parts.store.head(own);
    return head === undefined ? 0 : head.height + 1;
  }

  /** Operations of the relay's own log that another node shows and that are not here. */
  get ownLag(): number {
    return this.#parts.ownLag?.() ?? 0;
  }

  async #count(): Promise<LogCensus> {
    let [authors, forked] = [0, 0];
    let after: LogName | undefined;
    for (;;) {
      const page = await this.#parts.store.headPage(undefined, after, STEP_HEADS);
      if (page.length === 0) return { authors, forked };
      authors += page.length;
      forked += page.filter(({ head }) => head.side !== undefined).length;
      after = page.at(-1)!;
    }
  }
}
