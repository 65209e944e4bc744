import type { LogName } from '../log/heights.ts';
import type { LogFrame } from './log-frames.ts';
import { LogSession } from './log-sync.ts';
import type { SessionAction, SessionEnd, SessionOptions } from './session-actions.ts';
import { SessionBodies } from './session-bodies.ts';
import { SessionSending } from './session-sending.ts';
import { SessionTaking, type SessionTakingOptions } from './session-taking.ts';
import type { SyncStore, TakenOperation } from './sync-store.ts';
import { TakingLoad } from './taking-load.ts';

/** What came of a session, for those who watch. */
export interface SessionProgress {
  /** What this side sends, and what the other said that it sends. */
  readonly outgoing: { readonly operations: number; readonly bytes: number };
  readonly incoming: { readonly operations: number; readonly bytes: number };
  /** Operations that were new here. */
  readonly taken: number;
}

/** What a session is run with. */
export interface SessionHostOptions
  extends SessionOptions, Omit<SessionTakingOptions, 'onNew' | 'onEvidence'> {
  readonly topic: Uint8Array | undefined;
  readonly store: SyncStore;
  /** True when the other side can be asked for bodies that this one lacks. */
  readonly asksBodies?: boolean | undefined;
  /** Authors from which on a digest goes before the state vector, which equal sides then spare; never when absent. */
  readonly digestsFrom?: number | undefined;
  /** Sends a frame; the promise, if any, settles when more may be sent. */
  readonly send: (frame: LogFrame) => Promise<void> | void;
  /** Whether a topic that the other side wants is synchronised here. */
  readonly wants: (topic: Uint8Array) => boolean;
  /** Told to read the other side no further, or again. */
  readonly hold?: (isHeld: boolean) => void;
  /** Told when both sides have what the other had. */
  readonly onLive?: (progress: SessionProgress) => void;
  readonly onEnd?: (end: SessionEnd) => void;
}

/** Runs one session over a store and a line: does what the state machine says, in its order. */
export class SessionHost {
  readonly #options: SessionHostOptions;
  readonly #session: LogSession;
  readonly #load: TakingLoad;
  readonly #sending: SessionSending;
  readonly #taking: SessionTaking;
  readonly #bodies: SessionBodies;
  #topic: Uint8Array | undefined;
  #incoming = { operations: 0, bytes: 0 };
  /** Tells the store that the other side has sent what it has, or is gone. */
  #isHeard: (hasAll: boolean) => unknown = () => undefined;

  constructor(options: SessionHostOptions) {
    this.#options = options;
    this.#topic = options.topic;
    this.#session = new LogSession(options);
    this.#load = new TakingLoad((isHeld) => options.hold?.(isHeld));
    const { store, send } = options;
    const run = (actions: readonly SessionAction[]): void => this.#run(actions);
    const parts = { session: this.#session, store, send, run };
    this.#sending = new SessionSending(parts);
    this.#bodies = new SessionBodies(parts, this.#sending, this.#load);
    this.#taking = new SessionTaking(parts, this.#load, {
      ...options,
      onNew: (operation) => this.#onNew(operation),
      onEvidence: (log) => this.#sending.noteFork(log),
    });
  }

  /** The topic, once it is known. */
  get topic(): Uint8Array | undefined {
    return this.#topic;
  }

  /** Logs of the other side that are remembered. */
  get logCount(): number {
    return this.#session.logCount;
  }

  /** True while new operations are sent as they come. */
  get isLive(): boolean {
    return this.#session.state === 'live';
  }

  /** Opens the session from this side. */
  start(): void {
    this.#run(this.#session.start(this.#topic!));
  }

  /** Takes a frame of the other side. */
  receive(frame: LogFrame): void {
    this.#run(this.#session.receive(frame));
  }

  /** Ends the session. */
  close(): void {
    this.#run(this.#session.close());
  }

  /** Told that the line is gone: nothing more is read, sent or told. */
  abandon(): void {
    this.#session.abandon();
    this.#tellHeard(false);
  }

  /** Resolves when everything that was received is taken in, or was refused. */
  async settled(): Promise<void> {
    await this.#sending.idle();
    await this.#load.idle();
  }

  /** Passes an operation on that was appended here, from whomever it came. */
  appended(operation: TakenOperation): void {
    if (operation.forkedAt !== undefined) {
      this.#sending.follow(this.#session.forked(operation, operation.forkedAt));
    } else if (operation.filled === true || this.#bodies.settle(operation))
      this.#sending.follow(this.#session.filled(operation));
    else this.#sending.appended(operation, operation.mayFollow);
  }

  /** The same for one that is to be read from the store when there is time. */
  missed(operation: TakenOperation): void {
    this.#sending.missed(operation, operation.mayFollow);
  }

  /** Tells of a log that turned out to be forked. */
  forked(log: LogName): void {
    this.#sending.later(() => this.#sending.sendEvidence(log));
  }

  #onNew(operation: TakenOperation): void {
    if (operation.filled === true) this.#bodies.came();
    else this.#options.store.brought?.(operation);
    if (operation.forkedAt !== undefined)
      this.#sending.follow(this.#session.forked(operation, operation.forkedAt));
  }

  #run(actions: readonly SessionAction[]): void {
    for (const action of actions) this.#do(action);
  }

  #do(action: SessionAction): void {
    switch (action.do) {
      case 'send':
        void this.#options.send(action.frame);
        return;
      case 'decide':
        this.#topic = action.topic;
        return this.#run(
          this.#options.wants(action.topic) ? this.#session.agree() : this.#session.fail('topic'),
        );
      case 'take':
        return this.#taking.take(this.#topic!, action.header, action.body, action.live);
      case 'evidence':
        void this.#taking.takeEvidence(action.first, action.second);
        return;
      case 'expect':
        this.#incoming = { operations: action.operations, bytes: action.bytes };
        return;
      case 'give':
        return this.#bodies.give(this.#topic!, action.bodies);
      case 'given':
        void this.#bodies.askOn();
        return;
      case 'end':
        this.#tellHeard(false);
        this.#options.onEnd?.(action.end);
        return;
      default:
        this.#doLater(action);
    }
  }

  #doLater(
    action: Extract<SessionAction, { do: 'read-tips' | 'show' | 'compare' | 'stream' | 'go-live' }>,
  ): void {
    const sending = this.#sending;
    switch (action.do) {
      case 'show':
        return sending.later(() => sending.show(action.frames));
      case 'read-tips':
        return sending.later(() => sending.sendTips(this.#topic!, this.#options.digestsFrom ?? Infinity));
      case 'compare':
        this.#isHeard = this.#options.store.heard?.(action.remote) ?? this.#isHeard;
        return sending.later(() => sending.compare(this.#topic!, action.remote));
      case 'stream':
        return sending.later(() => sending.stream(this.#options.node));
      default:
        sending.catchUp(action.behind);
        void this.#tellLive();
        if (this.#options.asksBodies === true) this.#bodies.ask();
    }
  }

  async #tellLive(): Promise<void> {
    await this.settled();
    this.#tellHeard(true);
    if (!this.isLive) return;
    const { operations, bytes } = this.#sending.plan;
    const outgoing = { operations, bytes };
    this.#options.onLive?.({ outgoing, incoming: this.#incoming, taken: this.#taking.count });
  }

  #tellHeard(hasAll: boolean): void {
    const isHeard = this.#isHeard;
    this.#isHeard = () => undefined;
    void isHeard(hasAll);
  }
}
