import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { GetMessage } from '../wire/message.ts';
import type { Peer } from './peer.ts';

/** A read that other peers were asked to answer. */
export interface Ask {
  readonly asker: Peer;
  readonly get: GetMessage;
  /** Those who have not answered yet. */
  readonly waitingFor: Set<Peer>;
  readonly deadline: number;
}

/**
 * Reads under way at other peers, by message id: bounded in number, each ends with the first whole answer,
 * when all have said "not found", or at its deadline.
 */
export class Asks {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #end: (ask: Ask) => void;
  /** In order of deadlines, because all wait equally long. */
  readonly #asksById = new Map<string, Ask>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param end called when an ask is over, to answer its asker from the store */
  constructor(limits: Limits, clock: Clock, end: (ask: Ask) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#end = end;
  }

  get size(): number {
    return this.#asksById.size;
  }

  /** Waits for `peers`; false when too many reads are under way or this one is. */
  open(asker: Peer, get: GetMessage, peers: readonly Peer[]): boolean {
    if (this.#asksById.size >= this.#limits.openAsks || this.#asksById.has(get.id)) return false;
    const deadline = this.#clock() + this.#limits.askMs;
    this.#asksById.set(get.id, { asker, get, waitingFor: new Set(peers), deadline });
    this.#timer ??= setTimeout(() => this.#sweep(), this.#limits.askMs);
    return true;
  }

  /** True when `id` is a read under way that `peer` was asked. */
  isWaitingFor(id: string, peer: Peer): boolean {
    return this.#asksById.get(id)?.waitingFor.has(peer) === true;
  }

  /** The peer has given its whole answer. */
  answered(id: string): void {
    const ask = this.#asksById.get(id);
    if (ask !== undefined) this.#finish(id, ask);
  }

  /** The peer has nothing. */
  notFound(id: string, peer: Peer): void {
    const ask = this.#asksById.get(id);
    if (ask === undefined || !ask.waitingFor.delete(peer)) return;
    if (ask.waitingFor.size === 0) this.#finish(id, ask);
  }

  /** The peer is gone: it neither answers nor needs an answer. */
  removePeer(peer: Peer): void {
    for (const [id, ask] of this.#asksById) {
      if (ask.asker === peer) this.#asksById.delete(id);
      else this.notFound(id, peer);
    }
  }

  /** Forgets all asks without answering. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asksById.clear();
  }

  #finish(id: string, ask: Ask): void {
    this.#asksById.delete(id);
    this.#end(ask);
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock();
    for (const [id, ask] of this.#asksById) {
      if (ask.deadline > now) {
        this.#timer = setTimeout(() => this.#sweep(), ask.deadline - now);
        return;
      }
      this.#finish(id, ask);
    }
  }
}
