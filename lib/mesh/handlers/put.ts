import { randomId } from '../../base/random.ts';
import { lengthOfWrites, type FieldWrite } from '../../graph/write.ts';
import type { PutOutcome, PutRequest } from '../../store/put-request.ts';
import { encodeAck, encodeAnswer, encodeRefusal } from '../../wire/codec.ts';
import { encodeForked } from '../../wire/log-question.ts';
import type { PutMessage } from '../../wire/message.ts';
import type { Checked, CheckedPut } from '../check-line.ts';
import type { Context } from '../context.ts';
import { codeOfOutcome, NO_WRITES, READ_FAILED } from '../counters.ts';
import { CLOSE } from '../link.ts';
import type { Peer } from '../peer.ts';
import { pushChanges } from '../push.ts';

/** Puts of a peer that the policy may refuse in a minute; with more it is cut off. */
const MOST_REFUSED = 1000;
const MINUTE_MS = 60_000;

/** Characters of names and values that count as one put. */
const PUT_LENGTH = 16_384;

/** Writes, or the data that answers a get: checked, merged, committed, acknowledged, passed on. */
export function handlePut(context: Context, peer: Peer, message: PutMessage): void {
  const put = new ReceivedPut(context, peer, message);
  if (!peer.mayWrite) return put.settle({ ok: false, reason: NO_WRITES });
  const reading = context.inBand?.read(message, put);
  const read = reading === undefined ? undefined : context.slices.run(reading);
  if (typeof read === 'string') put.settle({ ok: false, reason: read });
  else context.checks.run(peer, put, read);
}

/** What a log did with an operation. */
type Placement = Extract<PutOutcome, { ok: true }>['placement'];

/** Operations that make a fork, or follow one, are stored; their author is to know. */
const FORKS: ReadonlySet<Placement> = new Set(['side-start', 'side-append', 'switch'] as const);

function ackOf({ idJson }: PutMessage, placement: Placement): string {
  if (!FORKS.has(placement)) return encodeAck(randomId(), idJson);
  return encodeAnswer(`"${randomId()}"`, idJson, encodeForked());
}

function rememberWritten(peer: Peer, writes: readonly FieldWrite[]): void {
  let last: string | undefined;
  for (const { soul } of writes) {
    if (soul !== last) peer.written.add(soul);
    last = soul;
  }
}

/** A put of many or long values counts for several, or a thousand of them would be gigabytes. */
function weightOfWrites(writes: readonly FieldWrite[]): number {
  return 1 + Math.floor(lengthOfWrites(writes) / PUT_LENGTH);
}

/** What others are told of: the whole of a new operation, whatever of it won, unless it counts for nothing. */
function newsOf(message: PutMessage, outcome: Extract<PutOutcome, { ok: true }>): readonly FieldWrite[] {
  const isNew = message.opJson !== undefined && outcome.placement !== 'known' && outcome.isHidden !== true;
  return isNew ? message.writes : outcome.changed;
}

/** One put on its way through policy and writer. */
class ReceivedPut implements PutRequest, CheckedPut {
  writes: readonly FieldWrite[];
  operation: PutRequest['operation'];
  readonly owner: string;
  /** Whoever this side dialled may bring new authors. */
  readonly isInvited: boolean;
  readonly share: PutRequest['share'];
  readonly #context: Context;
  readonly #peer: Peer;
  readonly #message: PutMessage;
  readonly #isTimed: boolean;
  readonly #weight: number;

  constructor(context: Context, peer: Peer, message: PutMessage) {
    this.writes = message.writes;
    this.owner = peer.name;
    this.isInvited = peer.dialled;
    this.share = peer.share;
    this.#context = context;
    this.#peer = peer;
    this.#message = message;
    this.#isTimed = context.putWatch.start();
    this.#weight = weightOfWrites(message.writes);
    peer.unsettledPuts += this.#weight;
    context.checks.balance(peer);
  }

  get isPlain(): boolean {
    return this.operation === undefined;
  }

  goOn(checked: Checked): void {
    const context = this.#context;
    const peer = this.#peer;
    if (!checked.ok) {
      this.settle(checked);
      if (checked.reason !== READ_FAILED && !this.#isUnread()) this.#countRefused();
      return;
    }
    this.writes = checked.value;
    if (peer.role === 'client') rememberWritten(peer, this.writes);
    context.writer.submit(this);
  }

  settle(outcome: PutOutcome): void {
    const context = this.#context;
    const peer = this.#peer;
    const message = this.#message;
    if (this.#isTimed) context.putWatch.stop();
    peer.unsettledPuts -= this.#weight;
    context.checks.balance(peer);
    if (!outcome.ok) {
      context.counters.refuse('put', codeOfOutcome(outcome.reason));
      context.report({ kind: 'refused', peer: peer.name, what: 'put', reason: outcome.reason });
      context.send(peer, encodeRefusal(randomId(), message.idJson, outcome.reason));
    } else {
      context.counters.put.accepted += 1;
      if (peer.wantsAcks && !this.#isAnswer()) context.send(peer, ackOf(message, outcome.placement));
      if (!message.failed) pushChanges(context, newsOf(message, outcome), peer, message);
    }
    if (message.replyTo !== undefined && !message.more && context.asks.isWaitingFor(message.replyTo, peer)) {
      if (outcome.ok) context.asks.answered(message.replyTo, peer, this.writes);
      else context.asks.notFound(message.replyTo, peer);
    }
  }

  /** True when its operation was no good: the policy was not asked. */
  #isUnread(): boolean {
    return (
      this.#message.op !== undefined && this.operation === undefined && this.#context.inBand !== undefined
    );
  }

  /** Relays that this side dialled pass on what others say. */
  #countRefused(): void {
    const context = this.#context;
    const peer = this.#peer;
    if (peer.dialled) return;
    const now = context.slices.now();
    if (now - peer.refusedSince >= MINUTE_MS) {
      peer.refusedSince = now;
      peer.refusedPuts = 0;
    }
    peer.refusedPuts += 1;
    if (peer.refusedPuts > MOST_REFUSED) context.cut(peer, CLOSE.refused, 'too many refused puts');
  }

  /** Answers to what this peer asked need no acknowledgement. */
  #isAnswer(): boolean {
    const replyTo = this.#message.replyTo;
    if (replyTo === undefined) return false;
    return this.#context.questions.has(replyTo) || this.#context.asks.isWaitingFor(replyTo, this.#peer);
  }
}
