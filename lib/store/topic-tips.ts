import { fromHex, toHex } from '../base/byte-texts.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { logIdOf } from '../log/hash.ts';
import type { LogName, Tip } from '../log/heights.ts';
import { OneLog } from '../log/one-log.ts';
import { PartedTips } from '../log/parted-tips.ts';
import { decodeHead, type LogHead } from './log-head.ts';
import { headRange, parseHeadKey } from './log-keys.ts';
import type { Storage } from './storage.ts';

/** Heads read in one step. */
const STEP_HEADS = 512;
/** Logs of a state vector that is kept; a larger one is read anew for each session. */
const MOST_KEPT = 100_000;

/** A state vector while it is read or kept. */
interface Vector {
  readonly log: string;
  readonly tips: PartedTips;
  /** Heads that were published since it was last asked for. */
  unread: number;
}

/**
 * The state vector of the topic that was asked for last. Once it was read it goes with what is published, so that nodes
 * that meet again do not make this one read all heads; it is forgotten when more is published than it would take to read
 * it, and nobody asks.
 */
export class TopicTips {
  readonly #storage: Storage;
  readonly #most: number;
  #kept: Vector | undefined;
  /** Those being read, with what was published meanwhile: a cursor may not see it. */
  readonly #reading = new Map<
    string,
    { readonly late: Map<string, LogHead>; readonly tips: Promise<PartedTips> }
  >();

  /** @param most logs of a vector that is kept */
  constructor(storage: Storage, most: number = MOST_KEPT) {
    this.#storage = storage;
    this.#most = most;
  }

  /** Logs of the vector that is kept. */
  get size(): number {
    return this.#kept?.tips.size ?? 0;
  }

  /** The state vector of a topic; it may change while it is used. */
  read(topic: string): MaybePromise<PartedTips> {
    const log = toHex(logIdOf(fromHex(topic)!));
    if (this.#kept?.log === log) {
      this.#kept.unread = 0;
      return this.#kept.tips;
    }
    const known = this.#reading.get(log);
    if (known !== undefined) return known.tips;
    const late = new Map<string, LogHead>();
    const tips = this.#read(log, late);
    this.#reading.set(log, { late, tips });
    return tips;
  }

  /** Told where a log ends, once that is durable. */
  published({ author, log }: LogName, head: LogHead): void {
    this.#reading.get(log)?.late.set(author, head);
    const kept = this.#kept;
    if (kept?.log !== log) return;
    kept.tips.set(author, new OneLog(log, tipOf(head)));
    kept.unread += 1;
    if (kept.unread > kept.tips.size || kept.tips.size > this.#most) this.#kept = undefined;
  }

  async #read(log: string, late: ReadonlyMap<string, LogHead>): Promise<PartedTips> {
    try {
      const tips = await this.#readHeads(log);
      for (const [author, head] of late) tips.set(author, new OneLog(log, tipOf(head)));
      if (tips.size <= this.#most) this.#kept = { log, tips, unread: 0 };
      return tips;
    } finally {
      this.#reading.delete(log);
    }
  }

  /** Heads stand beside each other: to ask for that of each log of a topic would take several times as long. */
  async #readHeads(wanted: string): Promise<PartedTips> {
    const tips = PartedTips.empty();
    const cursor = this.#storage.range(headRange());
    try {
      for (;;) {
        const entries = await cursor.next(STEP_HEADS);
        if (entries.length === 0) return tips;
        for (const [key, record] of entries) {
          const { author, log } = parseHeadKey(key);
          if (log === wanted) tips.set(author, new OneLog(wanted, tipOf(decodeHead(record))));
        }
      }
    } finally {
      await cursor.close();
    }
  }
}

function tipOf({ height, tip, side }: LogHead): Tip {
  return { height, id: fromHex(tip)!, side: side === undefined ? undefined : fromHex(side.tip) };
}
