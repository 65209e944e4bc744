import { toHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import type { Limits } from '../base/limits.ts';
import type { Result } from '../base/result.ts';
import type { StartTimer } from '../store/deferred-writes.ts';
import type { LogShare } from '../store/log-room.ts';
import type { LogFrame } from '../sync/log-frames.ts';
import { LogHandshake, type HandshakeOptions, type NodeIdentity } from '../sync/log-handshake.ts';
import type { SessionEnd } from '../sync/session-actions.ts';
import { SessionHost, type SessionProgress } from '../sync/session-host.ts';
import type { SyncStore, TakenOperation } from '../sync/sync-store.ts';
import { CLOSE } from './link.ts';

/** Feature whose absence leaves nothing to talk about. */
export const LOG_FEATURE = 'log';

/** Feature of those who give bodies to who lacks them. */
export const BODIES_FEATURE = 'bodies';

/** Feature of those who compare digests of state vectors. */
export const DIGEST_FEATURE = 'digest';

/** Feature of those who compare, when digests differ, the hashes of parts of state vectors. */
export const DIGEST_PARTS_FEATURE = 'digest-parts';

/** Authors whose logs take more room in a frame than a digest does. */
const DIGESTS_FROM = 3;

/** Authors whose logs take more than one frame, and more than ten times the room of the hashes of their parts. */
const PARTS_FROM = 1000;

/** How long the other side may take to prove who it is, in milliseconds. */
const HANDSHAKE_MS = 10_000;

/** After what time a line is ended over which authors were left out, so that the next one brings some more of them. */
const LEFT_OUT_MS = 3_600_000;

/** A line of frames to one node; ordered while it lasts. */
export interface LogLine {
  /** Takes a frame; the promise, if any, settles when more may be sent, and when the line is gone. */
  send(frame: LogFrame): Promise<void> | void;
  /** Stops reading from the other side. */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** Ends the line with a close code and short reason. */
  close(code: number, reason: string): void;
}

/** What a log peer tells its owner. */
export type LogPeerEvent =
  | { readonly kind: 'log-peer-known'; readonly peer: NodeIdentity }
  /** The other side is another node with the key of this one, and the line ends. */
  | { readonly kind: 'log-twin' }
  /** Both sides have what the other had, and tell each other what is new from now on. */
  | { readonly kind: 'log-synced'; readonly topic: Uint8Array; readonly progress: SessionProgress }
  | { readonly kind: 'log-session-ended'; readonly topic: Uint8Array | undefined; readonly end: SessionEnd };

/** What a log peer is made of. */
export interface LogPeerOptions {
  readonly line: LogLine;
  readonly handshake: Omit<HandshakeOptions, 'dialled'>;
  readonly store: SyncStore;
  /** What is synchronised here. */
  readonly topics: readonly Uint8Array[];
  /** True on the side that dialled, which opens the sessions. */
  readonly dialled: boolean;
  readonly limits: Pick<Limits, 'logSessions' | 'sessionLogs'>;
  /** The new authors that it may bring when it was not dialled; any while there is room when absent. */
  readonly share?: LogShare | undefined;
  /** Whether so many logs of a state vector may be remembered, beside those of other lines; yes when absent. */
  readonly mayHold?: ((logs: number) => boolean) | undefined;
  /** Waits for the handshake. */
  readonly startTimer: StartTimer;
  readonly report?: (event: LogPeerEvent) => void;
}

/** Where a connection between nodes stands. */
export type LogPeerState =
  /** Both have said hello, or are about to; nobody is believed yet. */
  | 'greeting'
  /** The other side has proven its key: sessions run, each in a state of its own. */
  | 'proven'
  | 'closed';

/**
 * One remote that synchronises logs: proves its key first, then runs a session for each topic. Whatever the other side
 * says ends at worst the line.
 */
export class LogPeer {
  readonly #options: LogPeerOptions;
  readonly #handshake: LogHandshake;
  readonly #sessions = new Map<number, SessionHost>();
  #stopLeavingOut: (() => void) | undefined;
  #peer: NodeIdentity | undefined;
  #isOpen = true;
  /** Sessions so far: each begins with the state vectors of both sides, which take long to read and to send. */
  #opened = 0;
  #stopTimer: () => void = () => undefined;
  /** Sessions that take in more than they should at once. */
  #held = 0;

  constructor(options: LogPeerOptions) {
    this.#options = options;
    this.#handshake = new LogHandshake({ ...options.handshake, dialled: options.dialled });
  }

  /** Who it is, once that is proven. */
  get peer(): NodeIdentity | undefined {
    return this.#peer;
  }

  /** Where the connection stands. */
  get state(): LogPeerState {
    if (!this.#isOpen) return 'closed';
    return this.#peer === undefined ? 'greeting' : 'proven';
  }

  /** Sessions that run. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Logs of the other side that are remembered. */
  get logCount(): number {
    return Array.from(this.#sessions.values()).reduce((sum, { logCount }) => sum + logCount, 0);
  }

  /** Says hello. */
  start(): void {
    this.#stopTimer = this.#options.startTimer(
      () => this.#end(CLOSE.refused, 'handshake: too late'),
      HANDSHAKE_MS,
    );
    void this.#send(this.#handshake.start());
  }

  /** Takes a frame, or why what came is none. */
  receive(frame: Result<LogFrame>): void {
    if (!this.#isOpen) return;
    if (!frame.ok) return this.#end(CLOSE.malformed, frame.reason);
    if (this.#peer === undefined) this.#shakeHands(frame.value);
    else this.#dispatch(frame.value);
  }

  /** Passes an operation on that was appended here. */
  appended(operation: TakenOperation): void {
    for (const session of this.#sessions.values()) session.appended(operation);
  }

  /** An operation was appended here that the other side is sent out of the store, as there are too many to tell of. */
  missed(operation: TakenOperation): void {
    for (const session of this.#sessions.values()) session.missed(operation);
  }

  /** Passes on that a log turned out to be forked. */
  forked(log: Parameters<SessionHost['forked']>[0]): void {
    for (const session of this.#sessions.values()) session.forked(log);
  }

  /** Ends all sessions and the line. */
  close(code: number, reason: string): void {
    for (const session of Array.from(this.#sessions.values())) session.close();
    this.#end(code, reason);
  }

  /** Told that the line is gone. */
  gone(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopTimer();
    this.#endSessions();
  }

  #shakeHands(frame: LogFrame): void {
    const step = this.#handshake.receive(frame);
    if (!step.ok && step.reason === 'twin') this.#tell({ kind: 'log-twin' });
    if (!step.ok) return this.#end(CLOSE.refused, `handshake: ${step.reason}`);
    for (const answer of step.value.send) void this.#send(answer);
    const { peer } = step.value;
    if (peer === undefined) return;
    if (!peer.features.has(LOG_FEATURE)) return this.#end(CLOSE.refused, 'nothing in common');
    this.#peer = peer;
    this.#stopTimer();
    this.#tell({ kind: 'log-peer-known', peer });
    if (!this.#options.dialled || !this.#isOpen) return;
    for (const [at, topic] of this.#options.topics.entries()) this.#open(at * 2, topic)?.start();
  }

  #dispatch(frame: LogFrame): void {
    if (frame.type === 'hello' || frame.type === 'proof') return this.#end(CLOSE.malformed, 'hello twice');
    const known = this.#sessions.get(frame.session);
    // What is said of a session that just ended crossed its end on the way.
    const isNew = known === undefined && frame.type === 'topic';
    if (isNew && this.#hasTopic(frame.topic)) return this.#end(CLOSE.refused, 'a session of this topic runs');
    (isNew ? this.#open(frame.session, undefined) : known)?.receive(frame);
  }

  #hasTopic(topic: Uint8Array): boolean {
    return Array.from(this.#sessions.values()).some(
      (session) => session.topic !== undefined && equalBytes(session.topic, topic),
    );
  }

  #open(session: number, topic: Uint8Array | undefined): SessionHost | undefined {
    const { limits, mayHold, share, store, topics } = this.#options;
    this.#opened += 1;
    if (this.#opened > limits.logSessions) {
      this.#end(CLOSE.overloaded, 'too many sessions');
      return undefined;
    }
    const host: SessionHost = new SessionHost({
      session,
      topic,
      node: this.#peer && toHex(this.#peer.nodeKey),
      store,
      asksBodies: this.#peer?.features.has(BODIES_FEATURE),
      digestsFrom: this.#peer?.features.has(DIGEST_FEATURE) === true ? DIGESTS_FROM : undefined,
      partsFrom: this.#peer?.features.has(DIGEST_PARTS_FEATURE) === true ? PARTS_FROM : undefined,
      isInvited: this.#options.dialled,
      share,
      mostLogs: limits.sessionLogs,
      mayHold,
      send: (frame) => this.#send(frame),
      wants: (wanted) => topics.some((own) => equalBytes(own, wanted)),
      hold: (isHeld) => this.#hold(isHeld),
      onLive: (progress) => this.#tell({ kind: 'log-synced', topic: host.topic!, progress }),
      onEnd: (end) => this.#onEnd(session, host, end),
      onLeftOut: () => this.#endLater(),
    });
    this.#sessions.set(session, host);
    return host;
  }

  #endLater(): void {
    this.#stopLeavingOut ??= this.#options.startTimer(
      () => this.close(CLOSE.overloaded, 'more authors next time'),
      LEFT_OUT_MS,
    );
  }

  #onEnd(session: number, host: SessionHost, end: SessionEnd): void {
    if (this.#sessions.get(session) === host) this.#sessions.delete(session);
    this.#tell({ kind: 'log-session-ended', topic: host.topic, end });
    // A new line begins with new state vectors, whatever went wrong with the old ones.
    if (end.by === 'fault') this.#end(CLOSE.refused, end.reason);
  }

  #hold(isHeld: boolean): void {
    this.#held += isHeld ? 1 : -1;
    if (this.#held === 0) this.#options.line.resume();
    else if (isHeld && this.#held === 1) this.#options.line.pause();
  }

  #send(frame: LogFrame): Promise<void> | void {
    return this.#isOpen ? this.#options.line.send(frame) : undefined;
  }

  #end(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#stopTimer();
    this.#endSessions();
    this.#options.line.close(code, reason);
  }

  /** The line is gone, and with it whatever ran over it. */
  #endSessions(): void {
    this.#stopLeavingOut?.();
    const sessions = Array.from(this.#sessions.values());
    this.#sessions.clear();
    for (const session of sessions) session.abandon();
  }

  #tell(event: LogPeerEvent): void {
    this.#options.report?.(event);
  }
}
