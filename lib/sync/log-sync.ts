import { fromHex, toHex } from '../base/byte-texts.ts';
import type { LogName } from '../log/heights.ts';
import type { PartedTips } from '../log/parted-tips.ts';
import type { LogReason } from '../log/reasons.ts';
import type { TipsHashes } from '../log/tips-digest.ts';
import type { LogFrame } from './log-frames.ts';
import { forkedLog, PeerHeights, type BehindLog } from './peer-heights.ts';
import type { AppendVerdict, SessionAction, SessionOptions, SessionState } from './session-actions.ts';
import { faultOf, type SessionFault } from './session-faults.ts';
import type { LackingBodies, OutgoingOperation } from './sync-store.ts';
import { TipsExchange } from './tips-exchange.ts';

/**
 * One synchronisation of one topic between two nodes, as a state machine over values (node-api section 5): frames and
 * answers go in, actions come out. It does no input or output, keeps no operation, and remembers of the other side how
 * far it is in each log.
 */
export class LogSession {
  readonly #session: number;
  #state: SessionState = 'topic';
  /** Who opened the session, and how far the agreement on the topic is. */
  #step: 'new' | 'opened' | 'asked' | 'agreed' = 'new';
  #doneSent = false;
  #doneReceived = false;
  /** True while bodies are asked for. */
  #isAsking = false;
  readonly #peer = new PeerHeights();
  readonly #exchange: TipsExchange;

  constructor(options: SessionOptions) {
    this.#session = options.session;
    const fail = (fault: SessionFault): SessionAction[] => this.fail(fault);
    this.#exchange = new TipsExchange({ ...options, peer: this.#peer, fail });
  }

  /** Where the session stands. */
  get state(): SessionState {
    return this.#state;
  }

  /** Logs of the other side that are remembered. */
  get logCount(): number {
    return this.#peer.size;
  }

  /** Opens the session from this side. */
  start(topic: Uint8Array): SessionAction[] {
    this.#step = 'opened';
    return [this.#send({ type: 'topic', session: this.#session, topic })];
  }

  /** Agrees to the topic that the other side wants. */
  agree(): SessionAction[] {
    if (this.#step !== 'asked') return [];
    this.#step = 'agreed';
    return [this.#send({ type: 'agreed', session: this.#session })];
  }

  /**
   * Gives this side's state vector.
   *
   * @param local must not change any more
   * @param hashes said first where there are any: then that vector goes only to a side that has another
   */
  tips(local: PartedTips, hashes?: TipsHashes): SessionAction[] {
    return this.#state === 'comparing' ? this.#exchange.show(local, hashes) : [];
  }

  /** Says how much the other side lacks. */
  plan({ operations, bytes }: { readonly operations: number; readonly bytes: number }): SessionAction[] {
    const { isShown, hasRemote } = this.#exchange;
    if (this.#state !== 'comparing' || !isShown || !hasRemote) return [];
    this.#state = 'syncing';
    if (operations === 0) return this.sent();
    return [this.#send({ type: 'preSync', session: this.#session, operations, bytes }), { do: 'stream' }];
  }

  /** Sends an operation that the other side lacks. */
  send(operation: OutgoingOperation): SessionAction[] {
    if (this.#state !== 'syncing' && this.#state !== 'live') return [];
    this.#peer.passed(operation, operation.body !== undefined);
    return [this.#send(this.#frameOf(operation))];
  }

  /** Sends evidence of a fork. */
  sendFork(first: Uint8Array, second: Uint8Array): SessionAction[] {
    if (this.#state !== 'syncing' && this.#state !== 'live') return [];
    return [this.#send({ type: 'fork', session: this.#session, first, second })];
  }

  /** Asks for operations with their bodies; once at a time. */
  ask({ author, log, places }: LackingBodies): SessionAction[] {
    if (this.#state !== 'live' || this.#isAsking) return [];
    this.#isAsking = true;
    const [authorBytes, logBytes] = [fromHex(author)!, fromHex(log)!];
    return [
      this.#send({ type: 'bodies', session: this.#session, author: authorBytes, log: logBytes, places }),
    ];
  }

  /** Says that everything was sent that the other side asked for. */
  gave(): SessionAction[] {
    return this.#state === 'live' ? [this.#send({ type: 'given', session: this.#session })] : [];
  }

  /** Says that everything was sent. */
  sent(): SessionAction[] {
    if (this.#state !== 'syncing' || this.#doneSent) return [];
    this.#doneSent = true;
    return [this.#send({ type: 'done', session: this.#session }), ...this.#goLive()];
  }

  /**
   * What to do with an operation that was appended here, from whomever it came.
   *
   * @param mayFollow true when it need not follow what the other side has: a prune point, or part of a side branch
   */
  appended(operation: OutgoingOperation, mayFollow: boolean): AppendVerdict {
    if (this.#peer.knows(operation)) return { do: 'nothing' };
    if (this.#state !== 'live') {
      this.#peer.fallBehind(operation);
      return { do: 'nothing' };
    }
    const { author, log, sequence } = operation;
    const after = this.#peer.heightOf(operation);
    if (!mayFollow && sequence <= (after ?? -1)) {
      // It may be of the branch that the other side lacks, and what is being read for it may have ended before.
      return this.#peer.isForked(operation)
        ? { do: 'catch-up', log: forkedLog({ author, log }, sequence) }
        : { do: 'nothing' };
    }
    if (!mayFollow && sequence > (after ?? -1) + 1) {
      return { do: 'catch-up', log: { author, log, after, forked: false } };
    }
    this.#peer.passed(operation, operation.body !== undefined);
    return { do: 'send', frame: this.#frameOf(operation) };
  }

  /** What to do with an operation whose body came now: the other side may know it without, unless it brought that itself. */
  filled(operation: OutgoingOperation): AppendVerdict {
    if (this.#state !== 'live' || this.#peer.knowsBody(operation)) return { do: 'nothing' };
    this.#peer.passed(operation, operation.body !== undefined);
    return { do: 'send', frame: this.#frameOf(operation) };
  }

  /** What to do when a log turns out to be forked at a place: the other side may lack a branch. */
  forked(log: LogName, sequence: number): AppendVerdict {
    if (this.#state === 'live') return { do: 'catch-up', log: forkedLog(log, sequence) };
    this.#peer.fallBehind(log, sequence);
    return { do: 'nothing' };
  }

  /** Notes that the other side was not sent an operation that is new. */
  missed(operation: OutgoingOperation, mayFollow: boolean): void {
    if (this.#peer.knows(operation)) return;
    this.#peer.fallBehind(operation, mayFollow ? operation.sequence : undefined);
  }

  /** Notes that the other side lacks operations of a log, or a branch. */
  fallBehind(log: BehindLog): void {
    this.#peer.fallBehind(log, log.forked ? (log.after ?? -1) + 1 : undefined);
  }

  /** The logs that the other side lacks something of, and from where on by now; each once. */
  takeBehind(): BehindLog[] {
    return this.#peer.takeBehind();
  }

  /** Says that the other side has an operation, with its body or not, as it sent it. */
  has(operation: LogName & { readonly id: string; readonly sequence: number }, hasBody: boolean): void {
    this.#peer.came(operation, hasBody);
  }

  /** Says that an operation of a log was taken that the other side sent. */
  took(log: LogName): void {
    this.#peer.keep(log);
  }

  /** Says that an operation of a log was left out that the other side sent. */
  leftOut(log: LogName): void {
    this.#peer.leaveOut(log);
  }

  /** Ends the session because of a fault of the other side, or of this one. */
  fail(reason: SessionFault | LogReason): SessionAction[] {
    if (this.#state === 'closed') return [];
    this.#state = 'closed';
    const { code, text } = faultOf(reason);
    const frame: LogFrame = { type: 'error', session: this.#session, code, text };
    return [this.#send(frame), { do: 'end', end: { by: 'fault', reason } }];
  }

  /** Ends the session. */
  close(): SessionAction[] {
    if (this.#state === 'closed') return [];
    this.#state = 'closed';
    return [this.#send({ type: 'close', session: this.#session }), { do: 'end', end: { by: 'close' } }];
  }

  /** Ends the session without a word. */
  abandon(): void {
    this.#state = 'closed';
  }

  /** Takes a frame of the other side. */
  receive(frame: LogFrame): SessionAction[] {
    if (this.#state === 'closed') return [];
    switch (frame.type) {
      case 'topic':
      case 'agreed':
        return this.#receiveAgreement(frame);
      case 'have':
      case 'digest':
      case 'digestParts':
        return this.#receiveTips(frame);
      case 'operation':
      case 'live':
        return this.#receiveOperation(frame);
      case 'close':
        this.#state = 'closed';
        return [{ do: 'end', end: { by: 'close' } }];
      case 'error':
        this.#state = 'closed';
        return [{ do: 'end', end: { by: 'peer', code: frame.code, text: frame.text } }];
      default:
        return this.#receiveOther(frame);
    }
  }

  #receiveOther(frame: LogFrame): SessionAction[] {
    if (frame.type === 'bodies' && this.#state === 'live') {
      const { author, log, places } = frame;
      return [{ do: 'give', bodies: { author: toHex(author), log: toHex(log), places } }];
    }
    if (frame.type === 'given' && this.#isAsking) {
      this.#isAsking = false;
      return [{ do: 'given' }];
    }
    if (frame.type === 'fork' && this.#exchange.hasRemote) {
      return [{ do: 'evidence', first: frame.first, second: frame.second }];
    }
    if (frame.type === 'preSync' && this.#isReceiving()) {
      return [{ do: 'expect', operations: frame.operations, bytes: frame.bytes }];
    }
    if (frame.type !== 'done' || !this.#isReceiving()) return this.fail('order');
    this.#doneReceived = true;
    return this.#goLive();
  }

  #receiveAgreement(frame: Extract<LogFrame, { type: 'topic' | 'agreed' }>): SessionAction[] {
    if (this.#state !== 'topic') return this.fail('order');
    if (frame.type === 'topic') {
      if (this.#step !== 'new') return this.fail('order');
      this.#step = 'asked';
      return [{ do: 'decide', topic: frame.topic }];
    }
    if (this.#step !== 'opened' && this.#step !== 'agreed') return this.fail('order');
    this.#state = 'comparing';
    const isInitiator = this.#step === 'opened';
    const answer = isInitiator ? [this.#send({ type: 'agreed', session: this.#session })] : [];
    return [...answer, { do: 'read-tips' }];
  }

  #receiveTips(frame: Extract<LogFrame, { type: 'have' | 'digest' | 'digestParts' }>): SessionAction[] {
    if (this.#state !== 'comparing') return this.fail('order');
    if (frame.type === 'digest') return this.#exchange.receiveDigest(frame.digest);
    return frame.type === 'have'
      ? this.#exchange.receiveTips(frame.tips, frame.more)
      : this.#exchange.receiveParts(frame.hashes);
  }

  #receiveOperation(frame: Extract<LogFrame, { type: 'operation' | 'live' }>): SessionAction[] {
    const live = frame.type === 'live';
    if (live ? this.#state !== 'live' : !this.#isReceiving()) return this.fail('order');
    return [{ do: 'take', header: frame.header, body: frame.body, live }];
  }

  /** True while the other side sends what this one lacks. */
  #isReceiving(): boolean {
    return this.#exchange.hasRemote && !this.#doneReceived;
  }

  #goLive(): SessionAction[] {
    if (!this.#doneSent || !this.#doneReceived) return [];
    this.#state = 'live';
    return [{ do: 'go-live', behind: this.#peer.takeBehind() }];
  }

  #frameOf({ header, body }: OutgoingOperation): LogFrame {
    const type = this.#state === 'live' ? 'live' : 'operation';
    return { type, session: this.#session, header, body };
  }

  #send(frame: LogFrame): SessionAction {
    return { do: 'send', frame };
  }
}
