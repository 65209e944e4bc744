import { runWithPauses } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { LogName } from '../log/heights.ts';
import type { PartedTips } from '../log/parted-tips.ts';
import { hashesOf } from '../log/tips-digest.ts';
import type { LogFrame } from './log-frames.ts';
import type { LogSession } from './log-sync.ts';
import type { BehindLog } from './peer-heights.ts';
import { ownFirst } from './plan.ts';
import type { AppendVerdict, SessionAction } from './session-actions.ts';
import type { OutgoingOperation, PlanPart, SyncPlan, SyncStore } from './sync-store.ts';

/** Operations read at once. */
const PAGE = 256;
/** Forked logs that are remembered of a session. */
const MOST_FORKS = 10_000;

/** What everything that runs a session shares: its state machine, the store, and the line. */
export interface SessionParts {
  readonly session: LogSession;
  readonly store: SyncStore;
  /** Sends a frame; the promise, if any, settles when more may be sent. */
  readonly send: (frame: LogFrame) => Promise<void> | void;
  /** Does what the state machine says, in its order. */
  readonly run: (actions: readonly SessionAction[]) => void;
}

/** What a session reads from its store and sends, one after the other, and what it sends as it comes once live. */
export class SessionSending {
  readonly #parts: SessionParts;
  #underWay: Promise<void> = Promise.resolve();
  #plan: SyncPlan = { operations: 0, bytes: 0, parts: [] };
  /** True while the line takes no more: what is new is read again when it does. */
  #isBlocked = false;
  #isCatchingUp = false;
  /** Logs that both sides know to be forked, by evidence that went over this session. */
  readonly #forks = new Set<string>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** What the other side lacked when the logs were compared. */
  get plan(): SyncPlan {
    return this.#plan;
  }

  /** Resolves when what is to be read and sent by now was sent. */
  idle(): Promise<void> {
    return this.#underWay;
  }

  /** Does work after what is being read and sent; a store that fails ends the session. */
  later(work: () => Promise<void>): void {
    this.#underWay = this.#after(this.#underWay, work);
  }

  async #after(before: Promise<void>, work: () => Promise<void>): Promise<void> {
    await before;
    const { session, run } = this.#parts;
    try {
      if (session.state !== 'closed') await work();
    } catch {
      run(session.fail('storage'));
    }
  }

  /** Passes an operation on that was appended here, or has it read later. */
  appended(operation: OutgoingOperation, mayFollow: boolean): void {
    const { session } = this.#parts;
    if (this.#isBlocked) session.missed(operation, mayFollow);
    else this.follow(session.appended(operation, mayFollow));
  }

  /** Has one read that was appended here when there is time. */
  missed(operation: OutgoingOperation, mayFollow: boolean): void {
    const { session } = this.#parts;
    session.missed(operation, mayFollow);
    if (session.state === 'live' && !this.#isBlocked) this.#catchUpSoon();
  }

  /** Does what is to be done with an operation that is new here. */
  follow(verdict: AppendVerdict): void {
    if (verdict.do === 'send') this.#sendLive(verdict.frame);
    else if (verdict.do === 'catch-up') this.catchUp([verdict.log]);
  }

  /** What a line that is full is not sent is sent out of the store later. */
  #sendLive(frame: LogFrame): void {
    const sending = this.#parts.send(frame);
    if (sending === undefined) return;
    this.#isBlocked = true;
    this.later(async () => {
      await sending;
      this.#isBlocked = false;
      this.#catchUpSoon();
    });
  }

  /** Sends, after what is being sent, what the other side lacks of logs by then. */
  catchUp(logs: readonly BehindLog[]): void {
    for (const log of logs) this.#parts.session.fallBehind(log);
    if (logs.length > 0) this.#catchUpSoon();
  }

  #catchUpSoon(): void {
    if (this.#isCatchingUp) return;
    this.#isCatchingUp = true;
    this.later(async () => {
      this.#isCatchingUp = false;
      for (const log of this.#parts.session.takeBehind()) await this.#sendBehind(log);
    });
  }

  async #sendBehind({ author, log, after, forked }: BehindLog): Promise<void> {
    const range = { author, log, after, until: Infinity };
    await this.#sendPart({ ...range, side: false });
    if (forked) await this.#sendPart({ ...range, after: undefined, side: true });
  }

  /**
   * Sends this side's state vector, of which each part takes a while to be written.
   *
   * @param digestsFrom authors from which on a digest goes first
   */
  async sendTips(topic: Uint8Array, digestsFrom: number): Promise<void> {
    const { session, store, run } = this.#parts;
    // What the store keeps goes on while it is compared.
    const local = (await store.tips(topic)).snapshot();
    const hashes = local.size >= digestsFrom ? await runWithPauses(hashesOf(local)) : undefined;
    for (const action of session.tips(local, hashes)) {
      if (action.do === 'show') await this.show(action.frames);
      else run([action]);
    }
  }

  /** Sends the parts of a state vector, one a turn. */
  async show(frames: Iterable<LogFrame>): Promise<void> {
    for (const frame of frames) {
      if (this.#parts.session.state === 'closed') return;
      await this.#parts.send(frame);
      await new Promise<void>((resolve) => inLaterTurn(resolve));
    }
  }

  /** Finds out what the other side lacks, and says how much that is. */
  async compare(topic: Uint8Array, remote: PartedTips): Promise<void> {
    const { session, store, run } = this.#parts;
    this.#plan = await store.plan(topic, remote);
    run(session.plan(this.#plan));
    for (const log of store.forksUnknownTo?.(remote) ?? []) await this.sendEvidence(log);
  }

  /**
   * Sends all of that.
   *
   * @param node key of the other side, as hex, whose own logs go first; undefined when it does not matter
   */
  async stream(node: string | undefined): Promise<void> {
    for (const part of ownFirst(this.#plan.parts, node)) await this.#sendPart(part);
    this.#parts.run(this.#parts.session.sent());
  }

  async #sendPart(part: PlanPart): Promise<void> {
    const { session, store } = this.#parts;
    if (part.side) await this.sendEvidence(part);
    let { after } = part;
    for (;;) {
      const page = await store.read({ ...part, after }, PAGE);
      if (page.length === 0 || session.state === 'closed') return;
      for (const operation of page) {
        const sending = this.send(operation);
        // A wait for each of many operations would cost as much as sending them.
        if (sending !== undefined) await sending;
      }
      after = page.at(-1)!.sequence;
    }
  }

  /** Sends an operation that was read; the promise, if any, settles when more may be sent. */
  send(operation: OutgoingOperation): Promise<void> | void {
    const { session, send } = this.#parts;
    for (const action of session.send(operation)) if (action.do === 'send') return send(action.frame);
  }

  /** Sends evidence of a fork, unless it went over this session before. */
  async sendEvidence({ author, log }: LogName): Promise<void> {
    if (this.#forks.has(author + log)) return;
    const { session, store, run } = this.#parts;
    const evidence = await store.evidence(author, log);
    const actions = evidence === undefined ? [] : session.sendFork(...evidence);
    if (actions.length > 0) this.noteFork({ author, log });
    run(actions);
  }

  /** Notes that evidence of a log's fork went over this session, in either direction. */
  noteFork({ author, log }: LogName): void {
    if (this.#forks.size >= MOST_FORKS) this.#forks.clear();
    this.#forks.add(author + log);
  }
}
