import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { Selector } from '../graph/selector.ts';
import type { GetMessage } from '../wire/message.ts';
import { Dedupe } from './dedupe.ts';
import type { Peer } from './peer.ts';

/** How often open reads are looked through for those whose time is over, in milliseconds. */
const TICK_MS = 50;
/** Part of `askMs` that peers which came in get: any stranger can come in as a relay and stay silent. */
const STRANGERS_SHARE = 8;
/** Part of all waiting reads that one asker may have. */
const ASKER_SHARE = 4;

/** A read that waits for what others know. */
export interface WaitingRead {
  readonly asker: Peer;
  readonly get: GetMessage;
}

/** What other peers were asked. */
interface Ask {
  /** Those who read the same; the first one's id is the one that was asked under. */
  reads: WaitingRead[];
  /** Those who have not answered yet. */
  readonly waitingFor: Set<Peer>;
  readonly openedAt: number;
}

/**
 * Reads under way at other peers, by message id: bounded in number, each ends with the first whole answer,
 * when all have said "not found", or at its deadline. A LEX read of souls ends when all have answered: each relay may have
 * other nodes, and nothing tells its asker of those that come later.
 *
 * What was asked lately is not asked again: those who were asked tell of every change since, and peers that
 * say each read again under a new id cannot keep a mesh busy.
 */
export class Asks {
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #end: (read: WaitingRead) => void;
  readonly #asksById = new Map<string, Ask>();
  readonly #asksByName = new Map<string, Ask>();
  #lately: Dedupe;
  #waiting = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param end called for each read of an ask that is over, to answer its asker from the store */
  constructor(limits: Limits, clock: Clock, end: (read: WaitingRead) => void) {
    this.#limits = limits;
    this.#clock = clock;
    this.#end = end;
    this.#lately = this.#nothing();
  }

  /** Reads that wait. */
  get size(): number {
    return this.#waiting;
  }

  /** There is another peer to ask: nothing counts as asked lately. */
  peerCame(): void {
    this.#lately = this.#nothing();
  }

  /** Notes that peers are asked for what is selected; false when they were lately. */
  mayAsk(selector: Selector): boolean {
    const name = nameOf(selector);
    if (this.#lately.has(name)) return false;
    this.#lately.seen(name);
    return true;
  }

  /** Lets a read of a client wait for an answer to the same that others were asked already; false when there is none. */
  join(asker: Peer, get: GetMessage): boolean {
    const ask = this.#asksByName.get(nameOf(get.selector));
    // Relays that waited for each other would do so until the deadline.
    if (ask === undefined || asker.role === 'relay' || !this.#hasRoom(asker)) return false;
    this.#add(ask, { asker, get });
    return true;
  }

  /** Waits for `peers`; false when too many reads wait, in all or of this asker, or this was asked lately. */
  open(asker: Peer, get: GetMessage, peers: readonly Peer[]): boolean {
    if (this.#asksById.has(get.id) || !this.#hasRoom(asker) || !this.mayAsk(get.selector)) return false;
    const ask: Ask = { reads: [], waitingFor: new Set(peers), openedAt: this.#clock() };
    this.#add(ask, { asker, get });
    this.#asksById.set(get.id, ask);
    this.#asksByName.set(nameOf(get.selector), ask);
    this.#timer ??= setTimeout(() => this.#sweep(), TICK_MS);
    return true;
  }

  /** True when `id` is a read under way that `peer` was asked. */
  isWaitingFor(id: string, peer: Peer): boolean {
    return this.#asksById.get(id)?.waitingFor.has(peer) === true;
  }

  /**
   * A peer has given its whole answer. One that says nothing about what was asked counts as "not found", or any
   * stranger that says it is a relay could end the reads of others before the relays that know have answered.
   */
  answered(id: string, peer: Peer, writes: readonly { readonly soul: string }[]): void {
    const ask = this.#asksById.get(id);
    if (ask === undefined) return;
    const { soul: asked } = ask.reads[0]!.get.selector;
    if (typeof asked === 'string' && writes.some(({ soul }) => soul === asked)) this.#finish(id, ask);
    else this.notFound(id, peer);
  }

  /** The peer has nothing. */
  notFound(id: string, peer: Peer): void {
    const ask = this.#asksById.get(id);
    if (ask === undefined || !ask.waitingFor.delete(peer)) return;
    if (ask.waitingFor.size === 0) this.#finish(id, ask);
  }

  /** The peer is gone and answers no more. */
  removePeer(peer: Peer): void {
    for (const id of this.#asksById.keys()) this.notFound(id, peer);
  }

  /** Forgets all asks without answering, and takes no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#asksById.clear();
    this.#asksByName.clear();
    this.#waiting = 0;
  }

  #nothing(): Dedupe {
    return new Dedupe({ ...this.#limits, dedupeLifeMs: this.#limits.askMs }, this.#clock);
  }

  #hasRoom(asker: Peer): boolean {
    const { openAsks } = this.#limits;
    return !this.#closed && this.#waiting < openAsks && asker.openAsks < openAsks / ASKER_SHARE;
  }

  #add(ask: Ask, read: WaitingRead): void {
    ask.reads.push(read);
    read.asker.openAsks += 1;
    this.#waiting += 1;
  }

  #finish(id: string, ask: Ask): void {
    this.#asksById.delete(id);
    this.#asksByName.delete(nameOf(ask.reads[0]!.get.selector));
    this.#waiting -= ask.reads.length;
    for (const read of ask.reads) {
      read.asker.openAsks -= 1;
      this.#end(read);
    }
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = this.#clock();
    for (const [id, ask] of this.#asksById) {
      const age = now - ask.openedAt;
      // The clock may have been set back.
      if (age >= this.#limits.askMs || age < 0) this.#finish(id, ask);
      else if (age >= this.#limits.askMs / STRANGERS_SHARE) this.#dropStrangers(id, ask);
      else break;
    }
    if (this.#asksById.size > 0) this.#timer ??= setTimeout(() => this.#sweep(), TICK_MS);
  }

  #dropStrangers(id: string, ask: Ask): void {
    for (const peer of ask.waitingFor) if (!peer.dialled) ask.waitingFor.delete(peer);
    if (ask.waitingFor.size === 0) this.#finish(id, ask);
  }
}

/** What tells reads apart. */
function nameOf({ soul, key, reverse, byteLimit }: Selector): string {
  return JSON.stringify([soul, key, reverse, byteLimit]);
}
