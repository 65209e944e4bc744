/** The nodes that a relay synchronises its logs with, and what that has to do with the graph's peers. */
import { toHex } from '../lib/base/byte-texts.ts';
import { utf8 } from '../lib/base/bytes.ts';
import type { Limits } from '../lib/base/limits.ts';
import { randomId } from '../lib/base/random.ts';
import { failure } from '../lib/base/result.ts';
import type { Slices, Steps } from '../lib/base/slices.ts';
import type { FieldWrite } from '../lib/graph/write.ts';
import { hashBytes } from '../lib/log/hash.ts';
import type { LogName } from '../lib/log/heights.ts';
import type { Signer } from '../lib/log/key-pair.ts';
import type { VerifySignature } from '../lib/log/strict-ed25519.ts';
import type { MeshLogs } from '../lib/mesh/context.ts';
import { CLOSE, type Link } from '../lib/mesh/link.ts';
import {
  BODIES_FEATURE,
  DIGEST_FEATURE,
  DIGEST_PARTS_FEATURE,
  LOG_FEATURE,
  LogPeer,
  type LogLine,
  type LogPeerEvent,
  type LogPeerOptions,
} from '../lib/mesh/log-peer.ts';
import type { Peer } from '../lib/mesh/peer.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { LogShare } from '../lib/store/log-room.ts';
import type { AppendedOperation, LogStore } from '../lib/store/log-store.ts';
import { isWitnessable } from '../lib/store/witness.ts';
import { takenOperation } from '../lib/sync/taken-operation.ts';
import { decodeFrame, frameFromJson, frameToJson, type LogFrame } from '../lib/sync/log-frames.ts';
import { LogHandshake } from '../lib/sync/log-handshake.ts';
import type { SessionEnd } from '../lib/sync/session-actions.ts';
import type { SessionProgress } from '../lib/sync/session-host.ts';
import type { SyncStore } from '../lib/sync/sync-store.ts';
import { encodeLogFrame } from '../lib/wire/codec.ts';
import { giveWay, strangerOf } from './line-share.ts';
import type { LogWire } from './log-socket.ts';
import { OwnNonces } from './own-nonces.ts';
import { TextLine, type TextLineWorld } from './text-line.ts';

/** Operations that wait to be passed on; beyond, they are read from the store again by those who lack them. */
const MOST_WAITING = 4096;
/** What this relay can do. */
const FEATURES = new Map([
  [LOG_FEATURE, 1],
  [BODIES_FEATURE, 1],
  [DIGEST_FEATURE, 1],
  [DIGEST_PARTS_FEATURE, 1],
]);
const TOO_MANY = 'too many relays';
const TEXT = failure('a text on a line of binary frames');
/** What an operator does about two relays with one key. */
const TWIN_TODO =
  'stop the copy, delete its log-key and log-key.lock, and start it again: it makes a key of its own';

/** State vectors of lines that came in hold together at most so many times the logs that one may. */
const STRANGERS_VECTORS = 10;

/** What the network tells its operator; `line` is an address or URL, `node` the key of who is there. */
export type LogNetworkEvent = { readonly line: string; readonly node: string | undefined } & (
  | { readonly kind: 'log-peer-known' }
  /** Another relay signs with the same key; of the two the one that dialled, here or there, is to stop that. */
  | { readonly kind: 'log-key-shared'; readonly dialled: boolean; readonly todo: string }
  | ({ readonly kind: 'log-synced' } & SessionProgress)
  | { readonly kind: 'log-session-ended'; readonly end: SessionEnd }
);

/** What the network needs. */
export interface LogNetworkParts {
  readonly limits: Limits;
  readonly store: LogStore;
  /** Reads and takes operations. */
  readonly sync: SyncStore;
  /** What is synchronised. */
  readonly topic: Uint8Array;
  /** Name of the network. */
  readonly network: string;
  readonly verify: VerifySignature;
  readonly slices: Slices;
  readonly startTimer: StartTimer;
  readonly report: (event: LogNetworkEvent) => void;
}

/** What of the graph it needs. */
export interface LogNetworkWorld extends TextLineWorld {
  readonly relays: Iterable<Peer>;
  /** A relay that this side dialled says that it has logs. */
  hasLogs(link: Link): void;
}

/** What a line is called on a link of texts. */
const TEXTS = ' (texts)';

/** A line and who is at its other end. */
interface Line {
  readonly peer: LogPeer;
  readonly dialled: boolean;
  readonly stranger: string;
  isSynced: boolean;
}

/** Who this relay synchronises logs with. Without {@link LogNetwork.open} it does so with nobody. */
export class LogNetwork implements MeshLogs {
  readonly #parts: LogNetworkParts;
  readonly #network: Uint8Array;
  readonly #lines = new Set<Line>();
  /** Lines on links of texts. */
  readonly #twins = new Map<Peer, LogPeer>();
  readonly #nonces = new OwnNonces();
  #signer: Signer | undefined;
  #world: LogNetworkWorld | undefined;
  #toTell: AppendedOperation[] = [];
  #isTelling = false;
  /** Whether another relay with the same key was dialled, or came in. */
  readonly #twinsMet = new Set<boolean>();

  constructor(parts: LogNetworkParts) {
    this.#parts = parts;
    this.#network = hashBytes(utf8(parts.network));
  }

  /** Lines whose other side has proven who it is. */
  get lineCount(): number {
    return Array.from(this.#lines).filter(({ peer }) => peer.state === 'proven').length;
  }

  /** Begins: everything appended from now on is passed on. */
  open(signer: Signer, world: LogNetworkWorld): void {
    this.#signer = signer;
    this.#world = world;
    this.#parts.store.onAppended((appended) => this.#onAppended(appended));
  }

  /** Says goodbye to all of them, and takes part no more. */
  close(code: number, reason: string): void {
    this.#signer = undefined;
    for (const { peer } of Array.from(this.#lines)) peer.close(code, reason);
  }

  /**
   * Takes a line in.
   *
   * @param share the new authors that it may bring when it was not dialled; any while there is room when absent
   */
  accept(wire: LogWire, dialled: boolean, share?: LogShare): void {
    const handshake = this.#handshake();
    if (handshake === undefined) return wire.close(CLOSE.goingAway, 'no logs here now');
    if (!dialled && !this.#makeRoom(wire.name)) return wire.close(CLOSE.overloaded, TOO_MANY);
    const line = this.#join(wire, wire.name, { handshake, dialled, share });
    const { peer } = line;
    wire.listen({
      frame: (bytes) => peer.receive(bytes === undefined ? TEXT : decodeFrame(bytes)),
      close: () => {
        peer.gone();
        this.#forget(line);
      },
    });
    peer.start();
  }

  #join(
    wire: LogLine,
    name: string,
    { dialled, ...given }: Pick<LogPeerOptions, 'handshake' | 'dialled' | 'share'>,
  ): Line {
    const { limits, sync, topic, startTimer } = this.#parts;
    const peer = new LogPeer({
      ...given,
      line: wire,
      store: sync,
      topics: [topic],
      dialled,
      limits,
      mayHold: dialled ? undefined : (logs) => this.#mayHold(line, logs),
      startTimer,
      report: (event) => this.#onEvent(line, name, event),
    });
    const line: Line = { peer, dialled, stranger: strangerOf(name), isSynced: false };
    this.#lines.add(line);
    return line;
  }

  /** What a line that came in may make this side remember, beside the others that did. */
  #mayHold(line: Line, logs: number): boolean {
    let sum = logs;
    for (const other of this.#lines) if (other !== line && !other.dialled) sum += other.peer.logCount;
    return sum <= STRANGERS_VECTORS * this.#parts.limits.sessionLogs;
  }

  /** Tells the peer of a link to another relay that this one has logs, which others ignore. */
  greet(peer: Peer): void {
    const handshake = this.#handshake();
    if (handshake !== undefined) this.#say(peer, new LogHandshake({ ...handshake, dialled: true }).start());
  }

  hasOperation(write: FieldWrite): boolean {
    return isWitnessable(write);
  }

  /**
   * The first greeting on a link of texts says whose it is, and that it has logs. Whom this side dialled has them on a
   * path of their own; everybody else may go on here.
   */
  hear(peer: Peer, json: unknown): void {
    const frame = frameFromJson(json);
    const twin = this.#twins.get(peer);
    if (twin !== undefined) return twin.receive(frame);
    if (!frame.ok || frame.value.type !== 'hello' || peer.nodeKey !== undefined) return;
    peer.nodeKey = toHex(frame.value.nodeKey);
    peer.isSynced = this.#isSynced(peer.nodeKey);
    if (peer.dialled) this.#world?.hasLogs(peer.link);
    else this.#openTwin(peer)?.receive(frame);
  }

  gone(peer: Peer): void {
    this.#twins.get(peer)?.gone();
    this.#endTwin(peer);
  }

  #openTwin(peer: Peer): LogPeer | undefined {
    const handshake = this.#handshake();
    if (handshake === undefined || !peer.mayWrite || !this.#makeRoom(peer.link.name)) return undefined;
    const wire = new TextLine(peer, this.#world!, () => this.#endTwin(peer));
    const { share } = peer;
    const line = this.#join(wire, peer.link.name + TEXTS, { handshake, dialled: false, share });
    this.#twins.set(peer, line.peer);
    line.peer.start();
    return line.peer;
  }

  #endTwin(peer: Peer): void {
    const twin = this.#twins.get(peer);
    this.#twins.delete(peer);
    for (const line of Array.from(this.#lines)) if (line.peer === twin) this.#forget(line);
  }

  #handshake(): LogPeerOptions['handshake'] | undefined {
    const signer = this.#signer;
    if (signer === undefined) return undefined;
    const { verify } = this.#parts;
    return {
      signer,
      network: this.#network,
      nonce: this.#nonces.next(),
      isOwnNonce: (nonce) => this.#nonces.has(nonce),
      verify,
      features: FEATURES,
    };
  }

  /** True when one more may come in, for which another line may have to go. */
  #makeRoom(name: string): boolean {
    const inbound = Array.from(this.#lines).filter(({ dialled }) => !dialled);
    if (inbound.length < this.#parts.limits.inboundRelays) return true;
    const line = giveWay(inbound, strangerOf(name));
    line?.peer.close(CLOSE.overloaded, TOO_MANY);
    return line !== undefined;
  }

  #say(peer: Peer, frame: LogFrame): void {
    this.#world?.send(peer, encodeLogFrame(randomId(), frameToJson(frame)));
  }

  #onEvent(line: Line, name: string, event: LogPeerEvent): void {
    if (event.kind === 'log-twin') return this.#metTwin(line, name);
    this.#report(line, name, event);
    if (event.kind === 'log-peer-known') return this.#chooseLine(line);
    line.isSynced = event.kind === 'log-synced';
    this.#tellPeers(line);
  }

  /** Tells once of each direction that another relay has the same key. */
  #metTwin({ dialled }: Line, name: string): void {
    if (this.#twinsMet.has(dialled)) return;
    this.#twinsMet.add(dialled);
    const node = this.#signer && toHex(this.#signer.publicKey);
    this.#parts.report({ line: name, node, kind: 'log-key-shared', dialled, todo: TWIN_TODO });
  }

  #report(line: Line, name: string, event: Exclude<LogPeerEvent, { kind: 'log-twin' }>): void {
    const { report } = this.#parts;
    const common = { line: name, node: keyOf(line) };
    if (event.kind === 'log-peer-known') report({ ...common, kind: event.kind });
    else if (event.kind === 'log-synced') report({ ...common, kind: event.kind, ...event.progress });
    else report({ ...common, kind: event.kind, end: event.end });
  }

  /**
   * Of several lines to one node one is used: both sides keep the one that the node with the smaller key dialled, and
   * of those the latest, as an older one may be dead without anybody having missed it.
   */
  #chooseLine(line: Line): void {
    const key = keyOf(line);
    for (const other of Array.from(this.#lines)) {
      if (other === line || keyOf(other) !== key || other.peer.state !== 'proven') continue;
      const isWorse = other.dialled === line.dialled ? false : this.#isSecondChoice(line);
      (isWorse ? line : other).peer.close(CLOSE.goingAway, 'another line to this node');
    }
  }

  #isSecondChoice(line: Line): boolean {
    const isOwnSmaller = toHex(this.#signer!.publicKey) < keyOf(line)!;
    return line.dialled !== isOwnSmaller;
  }

  #forget(line: Line): void {
    this.#lines.delete(line);
    line.isSynced = false;
    this.#tellPeers(line);
  }

  #isSynced(nodeKey: string): boolean {
    return Array.from(this.#lines).some((line) => line.isSynced && keyOf(line) === nodeKey);
  }

  /** Links to the same node are told by puts, or are not any more. */
  #tellPeers(line: Line): void {
    const key = keyOf(line);
    if (key === undefined || this.#world === undefined) return;
    const isSynced = this.#isSynced(key);
    for (const peer of this.#world.relays) if (peer.nodeKey === key) peer.isSynced = isSynced;
  }

  /** Tells all nodes that a log turned out to be forked, those that do not know it yet. */
  forked(log: LogName): void {
    for (const { peer } of this.#lines) peer.forked(log);
  }

  #onAppended(appended: readonly AppendedOperation[]): void {
    if (this.#lines.size === 0) return;
    for (const one of appended) {
      if (this.#toTell.length < MOST_WAITING) this.#toTell.push(one);
      else for (const { peer } of this.#lines) peer.missed(takenOperation(one.operation, one.placement));
    }
    if (this.#isTelling) return;
    this.#isTelling = true;
    void this.#parts.slices.later(this.#telling());
  }

  *#telling(): Steps<void> {
    while (this.#toTell.length > 0) {
      const toTell = this.#toTell;
      this.#toTell = [];
      for (const { operation, placement } of toTell) {
        const taken = takenOperation(operation, placement);
        for (const { peer } of this.#lines) peer.appended(taken);
        yield;
      }
    }
    this.#isTelling = false;
  }
}

function keyOf({ peer }: Line): string | undefined {
  return peer.peer === undefined ? undefined : toHex(peer.peer.nodeKey);
}
