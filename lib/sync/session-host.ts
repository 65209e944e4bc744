import { runWithPauses } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { digestOf } from '../log/tips-digest.ts';
import type { LogName } from '../log/heights.ts';
import type { LogReason } from '../log/reasons.ts';
import { BodySearch } from './body-search.ts';
import type { LogFrame } from './log-frames.ts';
import {
  LogSession,
  type AppendVerdict,
  type LackingBodies,
  type SessionAction,
  type SessionEnd,
} from './log-sync.ts';
import type { LogShare } from '../store/log-room.ts';
import type { BehindLog } from './peer-heights.ts';
import { OwedBodies } from './owed-bodies.ts';
import { ownFirst } from './plan.ts';
import type { SessionFault } from './session-faults.ts';
import { SessionTaker, type TakingSession } from './session-taker.ts';
import type {
  PlanPart,
  SeenOperation,
  SyncPlan,
  SyncStore,
  TakenOperation,
  TakeResult,
} from './sync-store.ts';
import { TakingLoad } from './taking-load.ts';

/** Operations read at once. */
const PAGE = 256;
/** Forked logs that are remembered of a session. */
const MOST_FORKS = 10_000;
/** Reasons to leave an operation out that are nobody's fault: forks, what was given up, and authors without room. */
const HARMLESS: ReadonlySet<string> = new Set(['fork', 'pruned', 'frozen', 'full', 'authors', 'newcomers']);

/**
 * A branch that parts too far back for a side branch has no place here. Once live it may only be that the fork is not
 * known yet, which another session finds out.
 */
function isHarmless(reason: LogReason | SessionFault, live: boolean): boolean {
  return HARMLESS.has(reason) || (reason === 'backlink' && !live);
}

/** What came of a session, for those who watch. */
export interface SessionProgress {
  /** What this side sends, and what the other said that it sends. */
  readonly outgoing: { readonly operations: number; readonly bytes: number };
  readonly incoming: { readonly operations: number; readonly bytes: number };
  /** Operations that were new here. */
  readonly taken: number;
}

/** What a session is run with. */
export interface SessionHostOptions {
  readonly session: number;
  readonly topic: Uint8Array | undefined;
  /** Key of the node at the other side, as hex; undefined when it does not matter. */
  readonly node?: string | undefined;
  readonly mostLogs: number;
  /** Whether so many logs may be remembered of the other side; yes when absent. */
  readonly mayHold?: ((logs: number) => boolean) | undefined;
  readonly store: SyncStore;
  /** True when the other side can be asked for bodies that this one lacks. */
  readonly asksBodies?: boolean | undefined;
  /** Authors from which on a digest goes before the state vector, which equal sides then spare; never when absent. */
  readonly digestsFrom?: number | undefined;
  /** False for a side whose new authors are taken while there is room for strangers; true when absent. */
  readonly isInvited?: boolean | undefined;
  /** What such a side may open; as much as there is room for when absent. */
  readonly share?: LogShare | undefined;
  /** Sends a frame; the promise, if any, settles when more may be sent. */
  readonly send: (frame: LogFrame) => Promise<void> | void;
  /** Whether a topic that the other side wants is synchronised here. */
  readonly wants: (topic: Uint8Array) => boolean;
  /** Told to read the other side no further, or again. */
  readonly hold?: (isHeld: boolean) => void;
  /** Told when both sides have what the other had. */
  readonly onLive?: (progress: SessionProgress) => void;
  readonly onEnd?: (end: SessionEnd) => void;
  /** Told once when authors of the other side are left out whom a later session may bring. */
  readonly onLeftOut?: () => void;
}

/** Runs one session over a store and a line: does what the state machine says, in its order. */
export class SessionHost {
  readonly #options: SessionHostOptions;
  readonly #session: LogSession;
  readonly #takes: TakingSession;
  #topic: Uint8Array | undefined;
  /** What is read and sent goes one after the other; what is taken in goes beside it. */
  #outgoing: Promise<void> = Promise.resolve();
  readonly #load: TakingLoad;
  #taken = 0;
  readonly #search: BodySearch;
  #plan: SyncPlan = { operations: 0, bytes: 0, parts: [] };
  #incoming = { operations: 0, bytes: 0 };
  /** True when logs of new authors were left out: what follows in these has nothing to follow. */
  #hasLeftOut = false;
  /** True while the line takes no more: what is new is read again when it does. */
  #isBlocked = false;
  #isCatchingUp = false;
  /** Logs that both sides know to be forked, by evidence that went over this session. */
  readonly #forks = new Set<string>();
  readonly #owed = new OwedBodies();
  /** Tells the store that the other side has sent what it has, or is gone. */
  #isHeard: (hasAll: boolean) => unknown = () => undefined;

  constructor(options: SessionHostOptions) {
    this.#options = options;
    this.#topic = options.topic;
    this.#session = new LogSession(options);
    this.#search = new BodySearch(options.store);
    this.#load = new TakingLoad((isHeld) => options.hold?.(isHeld));
    this.#takes = {
      node: options.node,
      isInvited: options.isInvited ?? true,
      share: options.share,
      seen: (operation, hasBody) => this.#session.has(operation, hasBody),
      taken: (bytes, live, result, seen) => this.#endTaking(bytes, this.#faultOf(result, live, seen)),
    };
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
    this.#do(this.#session.start(this.#topic!));
  }

  /** Takes a frame of the other side. */
  receive(frame: LogFrame): void {
    this.#do(this.#session.receive(frame));
  }

  /** Ends the session. */
  close(): void {
    this.#do(this.#session.close());
  }

  /** Told that the line is gone: nothing more is read, sent or told. */
  abandon(): void {
    this.#session.abandon();
    this.#tellHeard(false);
  }

  /** Resolves when everything that was received is taken in, or was refused. */
  async settled(): Promise<void> {
    await this.#outgoing;
    await this.#load.idle();
  }

  /** Passes an operation on that was appended here, from whomever it came. */
  appended(operation: TakenOperation): void {
    if (operation.forkedAt !== undefined) {
      this.#follow(this.#session.forked(operation, operation.forkedAt));
    } else if (operation.filled === true || this.#owed.settle(operation))
      this.#follow(this.#session.filled(operation));
    else if (this.#isBlocked) this.#session.missed(operation, operation.mayFollow);
    else this.#follow(this.#session.appended(operation, operation.mayFollow));
  }

  /** The same for one that is to be read from the store when there is time. */
  missed(operation: TakenOperation): void {
    this.#session.missed(operation, operation.mayFollow);
    if (this.isLive && !this.#isBlocked) this.#catchUpSoon();
  }

  /** Tells of a log that turned out to be forked. */
  forked(log: LogName): void {
    this.#later(() => this.#sendEvidence(log));
  }

  #follow(verdict: AppendVerdict): void {
    if (verdict.do === 'send') this.#sendLive(verdict.frame);
    else if (verdict.do === 'catch-up') {
      this.#session.fallBehind(verdict.log);
      this.#catchUpSoon();
    }
  }

  /** What a line that is full is not sent is sent out of the store later. */
  #sendLive(frame: LogFrame): void {
    const sending = this.#options.send(frame);
    if (sending === undefined) return;
    this.#isBlocked = true;
    this.#later(async () => {
      await sending;
      this.#isBlocked = false;
      this.#catchUpSoon();
    });
  }

  /** Sends, after what is being sent, whatever the other side lacks by then. */
  #catchUpSoon(): void {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    this.#later(async () => {
      this.#isCatchingUp = false;
      for (const log of this.#session.takeBehind()) await this.#catchUp(log);
    });
  }

  #do(actions: readonly SessionAction[]): void {
    for (const action of actions) this.#doOne(action);
  }

  #doOne(action: SessionAction): void {
    switch (action.do) {
      case 'send':
        void this.#options.send(action.frame);
        return;
      case 'decide':
        this.#topic = action.topic;
        this.#do(this.#options.wants(action.topic) ? this.#session.agree() : this.#session.fail('topic'));
        return;
      case 'take':
        this.#take(action);
        return;
      case 'evidence':
        void this.#takeEvidence(action.first, action.second);
        return;
      case 'expect':
        this.#incoming = { operations: action.operations, bytes: action.bytes };
        return;
      case 'give':
        return this.#giveLater(action.bodies);
      case 'given':
        void this.#askOn();
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
    const { store } = this.#options;
    switch (action.do) {
      case 'show':
        return this.#later(() => this.#show(action.frames));
      case 'read-tips':
        return this.#later(() => this.#sendTips());
      case 'compare':
        this.#isHeard = store.heard?.(action.remote) ?? this.#isHeard;
        return this.#later(async () => {
          this.#plan = await store.plan(this.#topic!, action.remote);
          this.#do(this.#session.plan(this.#plan));
          for (const log of store.forksUnknownTo?.(action.remote) ?? []) await this.#sendEvidence(log);
        });
      case 'stream':
        return this.#later(() => this.#stream());
      default:
        for (const log of action.behind) this.#session.fallBehind(log);
        if (action.behind.length > 0) this.#catchUpSoon();
        void this.#tellLive();
        if (this.#options.asksBodies === true) this.#ask();
    }
  }

  /** Sends this side's state vector, of which each part takes a while to be written. */
  async #sendTips(): Promise<void> {
    const { store, digestsFrom = Infinity } = this.#options;
    const tips = await store.tips(this.#topic!);
    const isMuch = tips.size >= digestsFrom;
    // What the store keeps goes on while it is compared.
    const local = isMuch ? new Map(tips) : tips;
    const digest = isMuch ? await runWithPauses(digestOf(local)) : undefined;
    for (const action of this.#session.tips(local, digest)) {
      if (action.do === 'show') await this.#show(action.frames);
      else this.#doOne(action);
    }
  }

  /** A part a turn, as each takes a while to write. */
  async #show(frames: readonly LogFrame[]): Promise<void> {
    for (const frame of frames) {
      if (this.#session.state === 'closed') return;
      await this.#options.send(frame);
      await new Promise<void>((resolve) => inLaterTurn(resolve));
    }
  }

  /** Does work after what is being read and sent; a store that fails ends the session. */
  #later(work: () => Promise<void>): void {
    this.#outgoing = this.#after(this.#outgoing, work);
  }

  async #after(before: Promise<void>, work: () => Promise<void>): Promise<void> {
    await before;
    try {
      if (this.#session.state !== 'closed') await work();
    } catch {
      this.#do(this.#session.fail('storage'));
    }
  }

  async #stream(): Promise<void> {
    for (const part of ownFirst(this.#plan.parts, this.#options.node)) await this.#sendPart(part);
    this.#do(this.#session.sent());
  }

  async #sendPart(part: PlanPart): Promise<void> {
    if (part.side) await this.#sendEvidence(part);
    let { after } = part;
    for (;;) {
      const page = await this.#options.store.read({ ...part, after }, PAGE);
      if (page.length === 0 || this.#session.state === 'closed') return;
      for (const operation of page) {
        for (const action of this.#session.send(operation)) {
          const sending = action.do === 'send' ? this.#options.send(action.frame) : undefined;
          // A wait for each of many operations would cost as much as sending them.
          if (sending !== undefined) await sending;
        }
      }
      after = page.at(-1)!.sequence;
    }
  }

  /** Sends evidence of a fork, unless it went over this session before. */
  async #sendEvidence({ author, log }: LogName): Promise<void> {
    if (this.#forks.has(author + log)) return;
    const evidence = await this.#options.store.evidence(author, log);
    const actions = evidence === undefined ? [] : this.#session.sendFork(...evidence);
    if (actions.length > 0) this.#noteFork({ author, log });
    this.#do(actions);
  }

  #noteFork({ author, log }: LogName): void {
    if (this.#forks.size >= MOST_FORKS) this.#forks.clear();
    this.#forks.add(author + log);
  }

  async #catchUp({ author, log, after, forked }: BehindLog): Promise<void> {
    const range = { author, log, after, until: Infinity };
    await this.#sendPart({ ...range, side: false });
    if (forked) await this.#sendPart({ ...range, after: undefined, side: true });
  }

  /** Asks for some of the bodies that are lacking here. */
  #ask(): void {
    this.#later(async () => {
      const lacking = await this.#search.next();
      if (lacking !== undefined) this.#do(this.#session.ask(lacking));
    });
  }

  /** Asks on once what came in answer is taken in. */
  async #askOn(): Promise<void> {
    await this.#load.idle();
    if (this.#search.goesOn()) this.#ask();
  }

  /** Sends what is held of some bodies, after what is being sent; who asks for much meanwhile is not read. */
  #giveLater(bodies: LackingBodies): void {
    this.#load.add(0);
    this.#later(async () => {
      for (const place of bodies.places) await this.#giveAt(bodies, place);
      this.#do(this.#session.gave());
    });
    void this.#outgoing.then(() => this.#load.remove(0));
  }

  async #giveAt({ author, log }: LogName, place: number): Promise<void> {
    const held = (await this.#options.store.at?.(this.#topic!, { author, log }, place)) ?? [];
    const whole = held.filter(({ body }) => body !== undefined);
    if (whole.length === 0) this.#owed.add({ author, log }, place);
    for (const operation of whole) {
      for (const action of this.#session.send(operation))
        if (action.do === 'send') await this.#options.send(action.frame);
    }
  }

  #take({ header, body, live }: Extract<SessionAction, { do: 'take' }>): void {
    const bytes = header.length + (body?.length ?? 0);
    this.#load.add(bytes);
    this.#options.store.take(
      this.#topic!,
      header,
      body,
      new SessionTaker(this.#takes, bytes, body !== undefined, live),
    );
  }

  #faultOf(
    taken: TakeResult | undefined,
    live: boolean,
    seen: SeenOperation | undefined,
  ): LogReason | SessionFault | undefined {
    if (taken === undefined) return 'storage';
    if (!taken.ok) {
      if (seen !== undefined) this.#session.leftOut(seen);
      return this.#isHarmless(taken.reason, live) ? undefined : taken.reason;
    }
    try {
      this.#onTaken(taken.value);
    } catch {
      return 'storage';
    }
    return undefined;
  }

  #isHarmless(reason: LogReason | SessionFault, live: boolean): boolean {
    if (reason === 'newcomers' && !this.#hasLeftOut) {
      this.#hasLeftOut = true;
      this.#options.onLeftOut?.();
    }
    return isHarmless(reason, live) || (reason === 'gap' && this.#hasLeftOut);
  }

  #endTaking(bytes: number, fault: LogReason | SessionFault | undefined): void {
    this.#load.remove(bytes);
    if (fault !== undefined) this.#do(this.#session.fail(fault));
  }

  #onTaken(operation: TakenOperation): void {
    this.#session.took(operation);
    if (operation.known) return;
    if (operation.filled === true) this.#search.came();
    else this.#options.store.brought?.(operation);
    this.#taken += 1;
    if (operation.forkedAt !== undefined) this.#follow(this.#session.forked(operation, operation.forkedAt));
  }

  async #takeEvidence(first: Uint8Array, second: Uint8Array): Promise<void> {
    const bytes = first.length + second.length;
    this.#load.add(bytes);
    let fault: LogReason | SessionFault | undefined;
    try {
      const seen = (log: LogName): void => this.#noteFork(log);
      fault = await this.#options.store.takeEvidence(first, second, seen, this.#takes);
    } catch {
      fault = 'storage';
    }
    this.#endTaking(bytes, fault);
  }

  async #tellLive(): Promise<void> {
    await this.settled();
    this.#tellHeard(true);
    if (!this.isLive) return;
    const { operations, bytes } = this.#plan;
    this.#options.onLive?.({ outgoing: { operations, bytes }, incoming: this.#incoming, taken: this.#taken });
  }

  #tellHeard(hasAll: boolean): void {
    const isHeard = this.#isHeard;
    this.#isHeard = () => undefined;
    void isHeard(hasAll);
  }
}
