import { inLaterTurn } from '../base/turns.ts';
import type { LogName } from '../log/heights.ts';
import type { LogReason } from '../log/reasons.ts';
import type { LogFrame } from './log-frames.ts';
import {
  LogSession,
  type AppendVerdict,
  type LackingBodies,
  type SessionAction,
  type SessionEnd,
  type SessionFault,
} from './log-sync.ts';
import type { LogShare } from '../store/log-room.ts';
import type { BehindLog } from './peer-heights.ts';
import { MOST_PLACES } from './frame-fields.ts';
import type {
  PlanPart,
  SeenOperation,
  SyncPlan,
  SyncStore,
  Taker,
  TakenOperation,
  TakeResult,
} from './sync-store.ts';

/** Operations read at once. */
const PAGE = 256;
/**
 * Operations taken in at once, and bytes of them; beyond, the other side is not read. More of them share no larger commits,
 * as a read brings as many anyhow, and outlive the young generation: that costs a relay 50 MiB.
 */
const MOST_TAKING = 192;
const MOST_TAKING_BYTES = 4 * 1024 * 1024;
/** Part of that at which it is read again. */
const RELEASE_SHARE = 0.5;
/** Questions for bodies in a row that may bring none. */
const MOST_FRUITLESS = 3;
/** Bodies that are owed to the other side at once. */
const MOST_OWED = 1024;
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

/** What a session has to do with the operations that it takes in. */
interface TakingSession {
  readonly node: string | undefined;
  readonly isInvited: boolean;
  readonly share: LogShare | undefined;
  seen(operation: SeenOperation): void;
  /** Told of so many bytes what became of them; undefined when that cannot be decided. */
  taken(bytes: number, live: boolean, result: TakeResult | undefined): void;
}

/** One of these operations. */
class SessionTaker implements Taker {
  readonly #session: TakingSession;
  readonly #bytes: number;
  readonly #live: boolean;

  constructor(session: TakingSession, bytes: number, live: boolean) {
    this.#session = session;
    this.#bytes = bytes;
    this.#live = live;
  }

  get node(): string | undefined {
    return this.#session.node;
  }

  get isInvited(): boolean {
    return this.#session.isInvited;
  }

  get share(): LogShare | undefined {
    return this.#session.share;
  }

  seen(operation: SeenOperation): void {
    this.#session.seen(operation);
  }

  settle(result: TakeResult): void {
    this.#session.taken(this.#bytes, this.#live, result);
  }

  fail(): void {
    this.#session.taken(this.#bytes, this.#live, undefined);
  }
}

/** Runs one session over a store and a line: does what the state machine says, in its order. */
export class SessionHost {
  readonly #options: SessionHostOptions;
  readonly #session: LogSession;
  readonly #takes: TakingSession;
  #topic: Uint8Array | undefined;
  /** What is read and sent goes one after the other; what is taken in goes beside it. */
  #outgoing: Promise<void> = Promise.resolve();
  #taking = 0;
  #takingBytes = 0;
  #taken = 0;
  /** Bodies that came later, those before the last question among them, and questions in a row that brought none. */
  #filled = 0;
  #filledBefore = 0;
  #fruitless = 0;
  #plan: SyncPlan = { operations: 0, bytes: 0, parts: [] };
  #incoming = { operations: 0, bytes: 0 };
  #idle: (() => void)[] = [];
  #isHeld = false;
  /** True when logs of new authors were left out: what follows in these has nothing to follow. */
  #hasLeftOut = false;
  /** True while the line takes no more: what is new is read again when it does. */
  #isBlocked = false;
  #isCatchingUp = false;
  /** Logs that both sides know to be forked, by evidence that went over this session. */
  readonly #forks = new Set<string>();
  /** Operations whose bodies the other side asked for when they were not here, by log and place. */
  readonly #owed = new Set<string>();
  /** Tells the store that the other side has sent what it has, or is gone. */
  #isHeard: () => unknown = () => undefined;

  constructor(options: SessionHostOptions) {
    this.#options = options;
    this.#topic = options.topic;
    this.#session = new LogSession(options);
    this.#takes = {
      node: options.node,
      isInvited: options.isInvited ?? true,
      share: options.share,
      seen: (operation) => this.#session.has(operation),
      taken: (bytes, live, result) => this.#endTaking(bytes, this.#faultOf(result, live)),
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
    this.#tellHeard();
  }

  /** Resolves when everything that was received is taken in, or was refused. */
  async settled(): Promise<void> {
    await this.#outgoing;
    if (this.#taking > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** Passes an operation on that was appended here, from whomever it came. */
  appended(operation: TakenOperation): void {
    if (operation.forkedAt !== undefined) {
      this.#follow(this.#session.forked(operation, operation.forkedAt));
    } else if (operation.filled === true || this.#isOwed(operation))
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
        this.#tellHeard();
        this.#options.onEnd?.(action.end);
        return;
      default:
        this.#doLater(action);
    }
  }

  #doLater(action: Extract<SessionAction, { do: 'read-tips' | 'compare' | 'stream' | 'go-live' }>): void {
    const { store } = this.#options;
    switch (action.do) {
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
    for (const action of this.#session.tips(await this.#options.store.tips(this.#topic!))) {
      if (this.#session.state === 'closed') return;
      if (action.do === 'send') await this.#options.send(action.frame);
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
    for (const part of this.#plan.parts) await this.#sendPart(part);
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
      const lacking = await this.#options.store.lacking?.(MOST_PLACES);
      this.#filledBefore = this.#filled;
      if (lacking !== undefined) this.#do(this.#session.ask(lacking));
    });
  }

  /** Asks for more as long as the other side has some: bodies that everybody has pruned are never to be had. */
  async #askOn(): Promise<void> {
    if (this.#taking > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#fruitless = this.#filled > this.#filledBefore ? 0 : this.#fruitless + 1;
    if (this.#fruitless < MOST_FRUITLESS) this.#ask();
  }

  /** Sends what is held of some bodies, after what is being sent; who asks for much meanwhile is not read. */
  #giveLater(bodies: LackingBodies): void {
    this.#countTaking(1, 0);
    this.#later(async () => {
      for (const place of bodies.places) await this.#giveAt(bodies, place);
      this.#do(this.#session.gave());
    });
    void this.#outgoing.then(() => this.#countTaking(-1, 0));
  }

  async #giveAt({ author, log }: LogName, place: number): Promise<void> {
    const held = (await this.#options.store.at?.(this.#topic!, { author, log }, place)) ?? [];
    const whole = held.filter(({ body }) => body !== undefined);
    if (whole.length === 0 && this.#owed.size < MOST_OWED) this.#owed.add(`${author}${log}${place}`);
    for (const operation of whole) {
      for (const action of this.#session.send(operation))
        if (action.do === 'send') await this.#options.send(action.frame);
    }
  }

  /** True for an operation whose body the other side asked for when it was not here. */
  #isOwed({ author, log, sequence, body }: TakenOperation): boolean {
    return this.#owed.size > 0 && body !== undefined && this.#owed.delete(`${author}${log}${sequence}`);
  }

  #take({ header, body, live }: Extract<SessionAction, { do: 'take' }>): void {
    const bytes = header.length + (body?.length ?? 0);
    this.#countTaking(1, bytes);
    this.#options.store.take(this.#topic!, header, body, new SessionTaker(this.#takes, bytes, live));
  }

  #faultOf(taken: TakeResult | undefined, live: boolean): LogReason | SessionFault | undefined {
    if (taken === undefined) return 'storage';
    if (!taken.ok) return this.#isHarmless(taken.reason, live) ? undefined : taken.reason;
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
    this.#countTaking(-1, -bytes);
    if (fault !== undefined) this.#do(this.#session.fail(fault));
  }

  /** Reads the other side no further beyond what may be taken in at once, until half of it is done. */
  #countTaking(operations: number, bytes: number): void {
    this.#taking += operations;
    this.#takingBytes += bytes;
    const share = Math.max(this.#taking / MOST_TAKING, this.#takingBytes / MOST_TAKING_BYTES);
    this.#holdIf(share >= 1 || (this.#isHeld && share > RELEASE_SHARE));
    if (this.#taking === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #onTaken(operation: TakenOperation): void {
    if (operation.known) return;
    if (operation.filled === true) this.#filled += 1;
    this.#taken += 1;
    if (operation.forkedAt !== undefined) this.#follow(this.#session.forked(operation, operation.forkedAt));
  }

  async #takeEvidence(first: Uint8Array, second: Uint8Array): Promise<void> {
    const bytes = first.length + second.length;
    this.#countTaking(1, bytes);
    let fault: LogReason | SessionFault | undefined;
    try {
      fault = await this.#options.store.takeEvidence(first, second, (log) => this.#noteFork(log));
    } catch {
      fault = 'storage';
    }
    this.#endTaking(bytes, fault);
  }

  async #tellLive(): Promise<void> {
    await this.settled();
    this.#tellHeard();
    if (!this.isLive) return;
    const { operations, bytes } = this.#plan;
    this.#options.onLive?.({ outgoing: { operations, bytes }, incoming: this.#incoming, taken: this.#taken });
  }

  #tellHeard(): void {
    const isHeard = this.#isHeard;
    this.#isHeard = () => undefined;
    void isHeard();
  }

  #holdIf(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#options.hold?.(isHeld);
  }
}
