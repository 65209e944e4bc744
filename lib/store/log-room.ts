import type { LogReason } from '../log/reasons.ts';
import { headRange } from './log-keys.ts';
import type { Storage } from './storage.ts';

/** Keys read in one step. */
const STEP_KEYS = 1024;
/** Forks whose evidence is kept beyond the logs that are held: each is told to everybody who does not know it. */
const MOST_UNHELD_FORKS = 1000;

/** Part of the room that may be taken at the full pace; then the fewer logs are opened the less is left. */
const FULL_PACE_SHARE = 2;

/** What some strangers may still have of something, as all those at one address. */
export interface Share {
  /** What one of it takes at most. */
  readonly most: number;
  /** True when so much is there. */
  has(cost: number): boolean;
  /** Takes what was used. */
  take(cost: number): void;
}

/** How many logs some strangers may still open. */
export interface LogShare extends Share {
  /** The same of evidence about logs that are not held; as much as there is room for when absent. */
  readonly evidence?: Share | undefined;
}

/** Who brings an operation, as far as that matters to its log. */
export interface LogOpener {
  /** True when it may open a log beyond the room that strangers have. */
  readonly isInvited?: boolean | undefined;
  /** What may be opened with others; undefined for whoever may fill all of the room. */
  readonly share?: LogShare | undefined;
}

/** How many logs are held, and whether a stranger may open one more; each author has one. */
export class LogRoom {
  readonly #storage: Storage;
  readonly #most: number;
  #size = 0;

  /** @param most logs beyond which only those of invited authors are opened */
  constructor(storage: Storage, most: number) {
    this.#storage = storage;
    this.#most = most;
  }

  /** Logs that are held. */
  get size(): number {
    return this.#size;
  }

  /** Counts what an earlier run left. */
  async load(): Promise<void> {
    const cursor = this.#storage.range(headRange());
    this.#size = 0;
    try {
      for (;;) {
        const found = await cursor.next(STEP_KEYS);
        if (found.length === 0) return;
        this.#size += found.length;
      }
    } finally {
      await cursor.close();
    }
  }

  /** True when a stranger may open a log beside so many that a commit under way opens. */
  hasRoom(opened: number): boolean {
    return this.#size + opened < this.#most;
  }

  /**
   * What one more log takes of the share of whoever opens it: one, and more once half of the room is taken, so that what is
   * left is never soon taken by a few.
   */
  costOf(opened: number): number {
    const free = this.#most - this.#size - opened;
    return Math.max(1, this.#most / FULL_PACE_SHARE / free);
  }

  /** Of how many forks more of logs that are not held evidence may be kept beside so many. */
  evidenceRoom(kept: number): number {
    return Math.max(0, Math.min(this.#most, this.#size + MOST_UNHELD_FORKS) - kept);
  }

  /** What one more of these takes of the share of whoever brings it, likewise. */
  evidenceCostOf(kept: number): number {
    return Math.max(1, MOST_UNHELD_FORKS / FULL_PACE_SHARE / this.evidenceRoom(kept));
  }

  /** Counts logs that were opened, durably. */
  add(opened: number): void {
    this.#size += opened;
  }
}

/** The logs that one commit opens, and the evidence about others that it keeps. */
export class OpenedLogs {
  readonly #room: LogRoom | undefined;
  #size = 0;
  /** What is to be taken of shares once that is durable. */
  readonly #costs = new Map<Share, number>();

  /** @param room there is always some when absent */
  constructor(room: LogRoom | undefined) {
    this.#room = room;
  }

  /** Why a log may not be opened beside these. */
  refuses({ isInvited, share }: LogOpener): LogReason | undefined {
    if (this.#room === undefined || isInvited === true) return undefined;
    if (!this.#room.hasRoom(this.#size)) return 'authors';
    if (share === undefined) return undefined;
    return share.has(this.#logCostWith(share)) ? undefined : 'newcomers';
  }

  /** Counts one that is opened. */
  add({ isInvited, share }: LogOpener): void {
    if (isInvited !== true && share !== undefined) this.#costs.set(share, this.#logCostWith(share));
    this.#size += 1;
  }

  /** Why evidence about a log that is not held may not be kept beside so many pieces. */
  refusesEvidence(opener: LogOpener, kept: number): LogReason | undefined {
    if (this.#room === undefined) return undefined;
    if (this.#room.evidenceRoom(kept) === 0) return 'authors';
    const share = evidenceShareOf(opener);
    if (share === undefined) return undefined;
    return share.has(this.#costWith(share, this.#room.evidenceCostOf(kept))) ? undefined : 'newcomers';
  }

  /** Counts a piece that is kept beside so many. */
  addEvidence(opener: LogOpener, kept: number): void {
    const share = evidenceShareOf(opener);
    if (share === undefined || this.#room === undefined) return;
    this.#costs.set(share, this.#costWith(share, this.#room.evidenceCostOf(kept)));
  }

  #logCostWith(share: Share): number {
    return this.#costWith(share, this.#room?.costOf(this.#size) ?? 0);
  }

  /** What these take of a share with one more of such a cost. */
  #costWith(share: Share, cost: number): number {
    return (this.#costs.get(share) ?? 0) + Math.min(cost, share.most);
  }

  /** They are durable. */
  publish(): void {
    this.#room?.add(this.#size);
    for (const [share, cost] of this.#costs) share.take(cost);
  }
}

function evidenceShareOf({ isInvited, share }: LogOpener): Share | undefined {
  return isInvited === true ? undefined : share?.evidence;
}
