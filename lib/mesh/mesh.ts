import { systemClock, type Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { randomId } from '../base/random.ts';
import { finish, Slices, type Steps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { GraphStore } from '../store/graph-store.ts';
import type { Writer } from '../store/writer.ts';
import {
  encodeFrameError,
  encodeHello,
  encodeNotFound,
  encodeRefusal,
  type FrameItem,
} from '../wire/codec.ts';
import type { ControlMessage, Fault, GetMessage, Message } from '../wire/message.ts';
import { AnswerPaths } from './answer-paths.ts';
import { Asks } from './asks.ts';
import { Checks, type WritePolicy } from './checks.ts';
import type { Context, MeshEvent, MeshLogs, SignedPuts } from './context.ts';
import { codeOfFault, MeshCounters } from './counters.ts';
import { Dedupe } from './dedupe.ts';
import { handleAck } from './handlers/ack.ts';
import { handleControl } from './handlers/control.ts';
import { answerAfterAsking, handleGet } from './handlers/get.ts';
import { handlePut } from './handlers/put.ts';
import { Inbox } from './inbox.ts';
import { Interest } from './interest.ts';
import { CLOSE, type Link } from './link.ts';
import { OutFrame, type SharedMessage } from './outbox.ts';
import { Peer, type PeerRole } from './peer.ts';
import { pushChanges } from './push.ts';
import { Recall } from './recall.ts';
import { catchUp, relayOf } from './relays.ts';
import { askTwins } from './twins.ts';
import { Sources } from './sources.ts';
import { Stopwatch } from './stopwatch.ts';

/** Ways back for answers that are kept at once. */
const ANSWER_PATHS = 20_000;
/** How soon what waits for a peer to read looks again, in milliseconds: at first, and at most. */
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 80;
/** A peer that is waited for and reads nothing for so long is cut off, in milliseconds. */
const STALL_MS = 30_000;
/** Faults after which a peer is cut off. */
const MOST_FAULTS = 20_000;
/** Subscriptions of a peer that left which are forgotten at once. */
const FORGOTTEN_AT_ONCE = 200;
/** Peers that are sent what waits for them at the end of one turn; more than that in slices, so many in a step. */
const FLUSHED_AT_ONCE = 500;
const FLUSHED_IN_A_STEP = 20;
/** Of the frames of a peer that cannot be read, the first few and then one in so many are answered. */
const FIRST_NOTICES = 10;
const NOTICE_EVERY = 50;
/** A heartbeat. */
const EMPTY_BATCH = '[]';

/** What the mesh needs. */
export interface MeshOptions {
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly limits: Limits;
  readonly clock?: Clock;
  /** Runs a task at the end of the turn, when everything said in it is sent. */
  readonly schedule: (task: () => void) => void;
  /** Cuts long work into slices; own ones over `schedule` when absent. */
  readonly slices?: Slices;
  readonly report?: (event: MeshEvent) => void;
  /** Decides what may be stored; everything when absent. */
  readonly policy?: WritePolicy | undefined;
  /** Verifies and tells the operations of puts; they are ignored when absent. */
  readonly inBand?: SignedPuts | undefined;
  /** Synchronises logs beside the graph. */
  readonly logs?: MeshLogs | undefined;
  /** This process's id among peers; random when absent. */
  readonly pid?: string;
}

/** The peers of this process: takes their frames, dispatches each message, sends what handlers say. */
export class Mesh implements Context {
  readonly pid: string;
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly limits: Limits;
  readonly interest: Interest;
  readonly counters: MeshCounters = new MeshCounters();
  readonly inBand: SignedPuts | undefined;
  readonly checks: Checks;
  readonly putWatch: Stopwatch;
  readonly asks: Asks;
  readonly questions: Dedupe;
  readonly paths: AnswerPaths = new AnswerPaths(ANSWER_PATHS);
  readonly recall: Recall;
  readonly relays: Set<Peer> = new Set();
  readonly sources: Sources = new Sources();
  readonly logs: MeshLogs | undefined;
  readonly schedule: (task: () => void) => void;
  readonly slices: Slices;
  readonly report: (event: MeshEvent) => void;
  readonly #clock: Clock;
  readonly #dedupe: Dedupe;
  readonly #peers = new Set<Peer>();
  #toFlush: Peer[] = [];
  #closing = false;

  constructor(options: MeshOptions) {
    const { graph, writer, limits, schedule } = options;
    const clock = options.clock ?? systemClock;
    this.#clock = clock;
    this.pid = options.pid ?? randomId();
    this.graph = graph;
    this.writer = writer;
    this.limits = limits;
    this.inBand = options.inBand;
    this.logs = options.logs;
    this.schedule = schedule;
    this.slices = options.slices ?? new Slices({ schedule });
    this.report = options.report ?? (() => undefined);
    this.checks = new Checks({
      policy: options.policy,
      limits,
      writer,
      fail: ({ name: peer }, error) => this.report({ kind: 'read-failed', peer, error }),
    });
    this.putWatch = new Stopwatch(() => this.slices.now());
    this.interest = new Interest(limits);
    this.asks = new Asks(limits, clock, ({ asker, get }) => answerAfterAsking(this, asker, get));
    this.questions = new Dedupe(limits, clock);
    this.recall = new Recall(limits);
    this.#dedupe = new Dedupe(limits, clock);
    writer.onMatured((changed) => pushChanges(this, changed, undefined, undefined));
  }

  /** Open peers. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** The open peers. */
  get peers(): Iterable<Peer> {
    return this.#peers;
  }

  /**
   * Takes a link in: `relay` for one that this side dialled, `client` for one that came in.
   *
   * @param mayWrite false to refuse what the peer writes
   */
  accept(link: Link, role: PeerRole, mayWrite = true): Peer {
    const peer = new Peer(link, role, this.limits, this.#clock, mayWrite);
    this.#peers.add(peer);
    this.report({ kind: 'peer-open', peer: peer.name, link: link.name });
    if (role === 'client') link.send(new OutFrame(encodeHello(randomId(), this.pid), 1, true));
    const inbox = this.#inboxOf(peer);
    peer.inbox = inbox;
    link.listen({
      frame: (text) => this.#hear(inbox, text),
      close: () => {
        inbox.close();
        this.#forget(peer);
      },
    });
    // A link may end before anybody listens.
    if (role === 'relay' && !peer.closed) this.foundRelay(peer);
    if (this.#closing) link.close(CLOSE.goingAway, 'closing');
    return peer;
  }

  /** Hears a peer no further, or again, because of something that its puts do not count for. */
  hold(peer: Peer, isHeld: boolean): void {
    peer.unsettledPuts += (isHeld ? 1 : -1) * this.limits.unsettledPuts;
    this.checks.balance(peer);
  }

  /**
   * Passes on what operations changed that others sent.
   *
   * @param node key of the node that sent them, as hex, which knows
   */
  toldByLogs(changed: readonly FieldWrite[], node: string | undefined): void {
    if (!this.#closing) pushChanges(this, changed, relayOf(this, node), undefined);
  }

  /** Stops listening, lets what is in flight finish, sends the last answers and closes every link. */
  async close(code: number = CLOSE.goingAway, reason = 'closing'): Promise<void> {
    this.#closing = true;
    await this.checks.idle();
    await this.writer.idle();
    // What is being passed on or answered over several turns.
    while (this.slices.size > 0) await new Promise<void>((resolve) => this.schedule(resolve));
    this.asks.close();
    finish(this.#flushing(this.#toFlush.splice(0)));
    for (const peer of this.#peers) peer.link.close(code, reason);
  }

  send(peer: Peer, text: string): void {
    if (peer.closed) return;
    peer.outbox.add(text);
    this.#scheduleFlush(peer);
  }

  share(peer: Peer, message: SharedMessage): void {
    if (peer.closed) return;
    peer.outbox.share(message);
    this.#scheduleFlush(peer);
  }

  async drained(peer: Peer): Promise<boolean> {
    await new Promise<void>((resolve) => this.schedule(resolve));
    let pauseMs = FIRST_PAUSE_MS;
    let stalledMs = 0;
    while (!peer.closed && peer.isBehind) {
      const before = peer.link.queuedBytes;
      await new Promise<void>((resolve) => setTimeout(resolve, pauseMs));
      const isReading = peer.link.queuedBytes < before;
      stalledMs = isReading ? 0 : stalledMs + pauseMs;
      pauseMs = isReading ? FIRST_PAUSE_MS : Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      if (stalledMs >= STALL_MS) this.cut(peer, CLOSE.overloaded, 'does not read');
    }
    return !peer.closed;
  }

  foundRelay(peer: Peer): void {
    if (!this.relays.has(peer)) this.asks.peerCame();
    this.relays.add(peer);
    this.#chooseLink(peer.pid);
    if (peer.caughtUp) return;
    peer.caughtUp = true;
    if (peer.pid !== this.pid) void catchUp(this, peer);
  }

  /**
   * Of several links to one relay only the one this side dialled is used. Links that came in silence no
   * other: anybody can claim a process id, and the older of two may be dead without anybody having missed it.
   */
  #chooseLink(pid: string | undefined): void {
    if (pid === undefined) return;
    const links = [...this.relays].filter((peer) => peer.pid === pid);
    const dialled = links.find((peer) => peer.dialled);
    for (const peer of links) peer.standby = pid === this.pid || (dialled ?? peer) !== peer;
    if (dialled !== undefined && pid !== this.pid) askTwins(this, dialled, links);
  }

  #inboxOf(peer: Peer): Inbox {
    return new Inbox({
      limits: this.limits,
      slices: this.slices,
      handle: (item) => this.#handle(peer, item),
      pause: () => peer.link.pause(),
      resume: () => peer.link.resume(),
      overflow: () => this.cut(peer, CLOSE.overloaded, 'input limit'),
      // A stranger's message must not end the process, whatever it stumbled over.
      fail: (error) => {
        this.report({ kind: 'handler-failed', peer: peer.name, error });
        this.cut(peer, CLOSE.failed, 'internal error');
      },
    });
  }

  #hear(inbox: Inbox, text: string): void {
    if (!this.#closing && text !== EMPTY_BATCH) inbox.add(text);
  }

  /** False when the peer is gone and what else it said is of no use. */
  #handle(peer: Peer, item: FrameItem): boolean {
    if (peer.closed || this.#closing) return false;
    peer.messages += 1;
    if (item.ok) this.#dispatch(peer, item.value);
    else this.#refuse(peer, item.reason);
    return !peer.closed;
  }

  /**
   * Takes each message once. A write counts as repeated only by the peer that made it, or anybody could hide the
   * writes of another by taking their ids first; what comes around a ring changes nothing and stops there.
   */
  #dispatch(peer: Peer, message: Message): void {
    if (message.listsPeers && !peer.saidHi && !peer.relaysForOthers) {
      peer.relaysForOthers = true;
      this.foundRelay(peer);
    }
    if (peer.pid === undefined && message.kind !== 'control') peer.spokeFirst = true;
    switch (message.kind) {
      case 'put':
        if (this.#dedupe.seen(message.id, peer.number)) this.counters.put.duplicate += 1;
        else handlePut(this, peer, message);
        return;
      case 'get':
        return this.#dispatchGet(peer, message);
      case 'ack':
        this.counters.ack.accepted += 1;
        return handleAck(this, peer, message);
      case 'control':
        if (this.#dedupe.seen(message.id, peer.number)) this.counters.control.duplicate += 1;
        else this.#control(peer, message);
        return;
    }
  }

  #control(peer: Peer, message: ControlMessage): void {
    this.counters.control.accepted += 1;
    handleControl(this, peer, message);
  }

  /**
   * A read is passed on under its id, so that counts for all. One which comes from another relay again is answered
   * from here alone: it went around a ring, or somebody knew its id and said it first.
   */
  #dispatchGet(peer: Peer, message: GetMessage): void {
    const isRelay = this.relays.has(peer);
    const isRepeated = message.isNameless !== true && this.#dedupe.seen(message.id, peer.number);
    const isOwn = isRelay && this.questions.has(message.id);
    const isKnown = isRepeated || isOwn || this.#dedupe.seen(message.id);
    if (!isKnown) return handleGet(this, peer, message);
    if (isRelay && !isRepeated && !isOwn) return handleGet(this, peer, { ...message, local: true });
    this.counters.get.duplicate += 1;
    // Whoever waits for this one must not wait in vain.
    if (isRelay) this.send(peer, encodeNotFound(randomId(), message.idJson));
  }

  #refuse(peer: Peer, { idJson, what, reason }: Fault): void {
    peer.faults += 1;
    if (peer.faults > MOST_FAULTS) return this.cut(peer, CLOSE.refused, 'too many faults');
    this.counters.refuse(what, codeOfFault(reason));
    this.report({ kind: 'refused', peer: peer.name, what, reason });
    if (idJson !== undefined) return this.send(peer, encodeRefusal(randomId(), idJson, reason));
    const isTold = peer.frameFaults < FIRST_NOTICES || peer.frameFaults % NOTICE_EVERY === 0;
    if (isTold) this.send(peer, encodeFrameError(randomId(), reason));
    peer.frameFaults += 1;
  }

  cut(peer: Peer, code: number, reason: string): void {
    if (peer.closed) return;
    this.report({ kind: 'peer-cut', peer: peer.name, link: peer.link.name, reason });
    peer.link.close(code, reason);
    this.#forget(peer);
  }

  #forget(peer: Peer): void {
    if (peer.closed) return;
    peer.end();
    this.logs?.gone(peer);
    this.#peers.delete(peer);
    this.sources.remove(peer);
    this.#forgetInterest(peer);
    // Reads under way may hold on to the peer for a while; its output need not stay with it.
    peer.outbox.take();
    if (peer.pid !== undefined) this.recall.left(peer.pid, peer.written);
    if (this.relays.delete(peer)) this.#forgetRelay(peer);
    this.report({ kind: 'peer-close', peer: peer.name, link: peer.link.name });
  }

  #forgetInterest(peer: Peer): void {
    const removing = this.interest.removing(peer);
    if (peer.subscriptions.count > FORGOTTEN_AT_ONCE) void this.slices.later(removing);
    else finish(removing);
  }

  /** When the one of several links to a relay goes that was used, another one takes over. */
  #forgetRelay(peer: Peer): void {
    this.asks.removePeer(peer);
    this.#chooseLink(peer.pid);
    if (!peer.dialled || peer.standby || peer.pid === undefined || this.#closing) return;
    const other = [...this.relays].findLast(({ pid, role }) => pid === peer.pid && role === 'relay');
    if (other !== undefined) void catchUp(this, other);
  }

  #scheduleFlush(peer: Peer): void {
    if (peer.flushing) return;
    peer.flushing = true;
    if (this.#toFlush.push(peer) === 1) this.schedule(() => this.#flush());
  }

  /** Flushes the peers of this turn; when they are very many, the rest in slices. */
  #flush(): void {
    const flushing = this.#flushing(this.#toFlush);
    if (this.#toFlush.length > FLUSHED_AT_ONCE) void this.slices.later(flushing);
    else finish(flushing);
    this.#toFlush = [];
  }

  *#flushing(peers: readonly Peer[]): Steps<void> {
    for (const [at, peer] of peers.entries()) {
      this.#flushPeer(peer);
      if ((at + 1) % FLUSHED_IN_A_STEP === 0) yield;
    }
  }

  #flushPeer(peer: Peer): void {
    peer.flushing = false;
    if (peer.closed) return;
    for (const frame of peer.outbox.take()) {
      if (peer.link.queuedBytes > this.limits.outputBytes) {
        return this.cut(peer, CLOSE.overloaded, 'output limit');
      }
      peer.link.send(frame);
    }
  }
}
