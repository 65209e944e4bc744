import { systemClock, type Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { randomId } from '../base/random.ts';
import type { GraphStore } from '../store/graph-store.ts';
import type { Writer } from '../store/writer.ts';
import { decodeFrame, encodeFrameError, encodeHello, encodeNotFound, encodeRefusal } from '../wire/codec.ts';
import type { Fault, Message } from '../wire/message.ts';
import { AnswerPaths } from './answer-paths.ts';
import { Asks } from './asks.ts';
import type { Context, MeshEvent } from './context.ts';
import { Dedupe } from './dedupe.ts';
import { handleAck } from './handlers/ack.ts';
import { handleControl } from './handlers/control.ts';
import { answerAfterAsking, handleGet } from './handlers/get.ts';
import { handlePut } from './handlers/put.ts';
import { Interest } from './interest.ts';
import { CLOSE, type Link } from './link.ts';
import type { SharedMessage } from './outbox.ts';
import { Peer, type PeerRole } from './peer.ts';
import { pushChanges } from './push.ts';
import { Recall } from './recall.ts';
import { catchUp } from './relays.ts';

/** Ways back for answers that are kept at once. */
const ANSWER_PATHS = 20_000;
/** Share of the output limit above which long answers pause. */
const PAUSE_SHARE = 8;
/** How often a paused answer looks again, in milliseconds. */
const PAUSE_MS = 5;
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
  readonly report?: (event: MeshEvent) => void;
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
  readonly asks: Asks;
  readonly questions: Dedupe;
  readonly paths: AnswerPaths = new AnswerPaths(ANSWER_PATHS);
  readonly recall: Recall;
  readonly relays: Set<Peer> = new Set();
  readonly schedule: (task: () => void) => void;
  readonly report: (event: MeshEvent) => void;
  readonly #dedupe: Dedupe;
  readonly #peers = new Set<Peer>();
  #toFlush: Peer[] = [];
  #closing = false;

  constructor(options: MeshOptions) {
    const { graph, writer, limits, schedule } = options;
    const clock = options.clock ?? systemClock;
    this.pid = options.pid ?? randomId();
    this.graph = graph;
    this.writer = writer;
    this.limits = limits;
    this.schedule = schedule;
    this.report = options.report ?? (() => undefined);
    this.interest = new Interest(limits.subscriptionsPerPeer);
    this.asks = new Asks(limits, clock, (ask) => answerAfterAsking(this, ask.asker, ask.get));
    this.questions = new Dedupe(limits, clock);
    this.recall = new Recall(limits);
    this.#dedupe = new Dedupe(limits, clock);
    writer.onMatured((changed) => pushChanges(this, changed, undefined, undefined));
  }

  /** Open peers. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** Takes a link in: `relay` for one that this side dialled, `client` for one that came in. */
  accept(link: Link, role: PeerRole): Peer {
    const peer = new Peer(link, role, this.limits);
    this.#peers.add(peer);
    this.report({ kind: 'peer-open', peer: peer.name, link: link.name });
    if (role === 'client') this.send(peer, encodeHello(randomId(), this.pid));
    link.listen({ frame: (text) => this.#hear(peer, text), close: () => this.#forget(peer) });
    if (role === 'relay') {
      this.foundRelay(peer);
      catchUp(this, peer);
    }
    if (this.#closing) link.close(CLOSE.goingAway, 'closing');
    return peer;
  }

  /** Stops listening, lets what is in flight finish, sends the last answers and closes every link. */
  async close(code: number = CLOSE.goingAway, reason = 'closing'): Promise<void> {
    this.#closing = true;
    await this.writer.idle();
    this.asks.close();
    this.#flush();
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
    while (!peer.closed && peer.link.queuedBytes > this.limits.outputBytes / PAUSE_SHARE) {
      await new Promise<void>((resolve) => setTimeout(resolve, PAUSE_MS));
    }
    return !peer.closed;
  }

  foundRelay(peer: Peer): void {
    const wasKnown = this.relays.has(peer);
    this.relays.add(peer);
    const twin = [...this.relays].find((other) => other !== peer && !other.standby && isTwin(peer, other));
    peer.standby = peer.pid === this.pid || twin !== undefined;
    if (!wasKnown && !peer.dialled && peer.role === 'relay') catchUp(this, peer);
  }

  #hear(peer: Peer, text: string): void {
    if (this.#closing || peer.closed || text === EMPTY_BATCH) return;
    for (const item of decodeFrame(text, this.limits)) {
      if (item.ok) this.#dispatch(peer, item.value);
      else this.#refuse(peer, item.reason);
    }
  }

  #dispatch(peer: Peer, message: Message): void {
    if (message.listsPeers && !peer.saidHi && !peer.relaysForOthers) {
      peer.relaysForOthers = true;
      this.foundRelay(peer);
    }
    switch (message.kind) {
      case 'put':
        if (!this.#dedupe.seen(message.id)) handlePut(this, peer, message);
        return;
      case 'get':
        if (!this.#dedupe.seen(message.id)) handleGet(this, peer, message);
        // Another path of a ring: whoever waits for this one must not wait in vain.
        else if (this.relays.has(peer)) this.send(peer, encodeNotFound(randomId(), message.idJson));
        return;
      case 'ack':
        return handleAck(this, peer, message);
      case 'control':
        return handleControl(this, peer, message);
    }
  }

  #refuse(peer: Peer, { idJson, reason }: Fault): void {
    const id = randomId();
    this.report({ kind: 'refused', peer: peer.name, what: idJson === undefined ? 'frame' : 'put', reason });
    this.send(peer, idJson === undefined ? encodeFrameError(id, reason) : encodeRefusal(id, idJson, reason));
  }

  #forget(peer: Peer): void {
    if (peer.closed) return;
    peer.closed = true;
    this.#peers.delete(peer);
    this.relays.delete(peer);
    this.interest.removePeer(peer);
    this.asks.removePeer(peer);
    if (peer.pid !== undefined && peer.role === 'client') this.recall.left(peer.pid, peer.written);
    this.#promoteTwin(peer);
    this.report({ kind: 'peer-close', peer: peer.name, link: peer.link.name });
  }

  /** When one of two links to a relay goes, the other takes over. */
  #promoteTwin(peer: Peer): void {
    if (peer.standby) return;
    const twin = [...this.relays].find((other) => other.standby && isTwin(peer, other));
    if (twin === undefined) return;
    twin.standby = false;
    catchUp(this, twin);
  }

  #scheduleFlush(peer: Peer): void {
    if (peer.flushing) return;
    peer.flushing = true;
    if (this.#toFlush.push(peer) === 1) this.schedule(() => this.#flush());
  }

  #flush(): void {
    const peers = this.#toFlush;
    this.#toFlush = [];
    for (const peer of peers) {
      peer.flushing = false;
      if (!peer.closed) this.#flushPeer(peer);
    }
  }

  #flushPeer(peer: Peer): void {
    if (peer.link.queuedBytes > this.limits.outputBytes) {
      this.report({ kind: 'peer-cut', peer: peer.name, link: peer.link.name, reason: 'does not read' });
      peer.link.close(CLOSE.overloaded, 'output limit');
      this.#forget(peer);
      return;
    }
    for (const frame of peer.outbox.take()) peer.link.send(frame);
  }
}

function isTwin(peer: Peer, other: Peer): boolean {
  return peer.pid !== undefined && peer.pid === other.pid;
}
