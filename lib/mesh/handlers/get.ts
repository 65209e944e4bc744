import { Gate } from '../../base/gate.ts';
import { randomId } from '../../base/random.ts';
import { nodeJsonOf } from '../../graph/node.ts';
import type { Names } from '../../graph/selector.ts';
import type { Entry } from '../../graph/write.ts';
import type { CachedNode } from '../../store/node-cache.ts';
import type { MaybePromise } from '../../base/maybe-promise.ts';
import { encodeGet, encodeNotFound, encodeRefusal, encodeReply, joinNodes } from '../../wire/codec.ts';
import { parseLogQuestion } from '../../wire/log-question.ts';
import type { GetMessage } from '../../wire/message.ts';
import { answerLater, answerOf, answerOfNodes, answerWith, isLong, type Answer } from '../answer.ts';
import type { Context } from '../context.ts';
import { weightOf } from '../name-weight.ts';
import type { Peer } from '../peer.ts';
import { ReadQueue } from '../read-queue.ts';
import { ask, peersToAsk } from '../relays.ts';

/** A read on its way: who asked, and what its subscription was new to. */
interface Reading {
  readonly context: Context;
  readonly peer: Peer;
  readonly get: GetMessage;
  /** True when the peer had not asked for this before. */
  readonly newToPeer: boolean;
  /** True when nobody had. */
  readonly newHere: boolean;
  /** True when others have been asked already. */
  readonly last: boolean;
}

/** A read: subscribes its sender, answers from the store, asks others for what is not here (D19, D22, D24). */
export function handleGet(context: Context, peer: Peer, get: GetMessage): void {
  const queue = queueOf(context, peer);
  if (queue.isFree) return queue.run(read(subscribe(context, peer, get)));
  const weight = weightOf(get.idJson.length + lengthOf(get.selector.soul) + lengthOf(get.selector.key));
  if (!queue.hasRoom(weight)) {
    context.counters.refuse('get', 'busy');
    context.send(peer, encodeRefusal(randomId(), get.idJson, 'get: too many reads are waiting'));
    return;
  }
  const reading = subscribe(context, peer, get);
  queue.add(() => read(reading), weight);
}

function subscribe(context: Context, peer: Peer, get: GetMessage): Reading {
  const { soul, key } = get.selector;
  context.counters.get.accepted += 1;
  // Who asks how far a log goes is told once.
  if (typeof soul !== 'string' || parseLogQuestion(get.op) !== undefined)
    return { context, peer, get, newToPeer: false, newHere: false, last: false };
  const property = typeof key === 'string' ? key : undefined;
  const subscribed = context.interest.add(peer, soul, property);
  const newToPeer = subscribed === 'first' || subscribed === 'new';
  const newHere =
    subscribed === 'first' || (subscribed === 'full' && !context.interest.covers(soul, property));
  return { context, peer, get, newToPeer, newHere, last: false };
}

/** Answers a read after others were asked; what they knew is in the store now. */
export function answerAfterAsking(context: Context, peer: Peer, get: GetMessage): void {
  const reading = { context, peer, get, newToPeer: false, newHere: false, last: true };
  queueOf(context, peer).add(() => read(reading), 1);
}

function queueOf(context: Context, peer: Peer): ReadQueue {
  peer.reads ??= new ReadQueue(
    { isBehind: () => peer.isBehind, drained: () => context.drained(peer) },
    context.slices,
  );
  return peer.reads;
}

/** Characters of names; what a LEX has. */
function lengthOf(names: Names | undefined): number {
  if (names === undefined || typeof names === 'string') return names?.length ?? 0;
  return (names.prefix?.length ?? 0) + (names.from?.length ?? 0) + (names.to?.length ?? 0);
}

/** Never rejects: what fails is told to the asker. */
function read(reading: Reading): MaybePromise<void> {
  if (reading.peer.closed) return;
  try {
    const { context, peer, get } = reading;
    const question = parseLogQuestion(get.op);
    if (question !== undefined && context.inBand !== undefined)
      return context.inBand
        .tellLog(context, peer, get, question)
        .catch((error: unknown) => fail(reading, error));
    const telling = get.op === true ? context.inBand?.tell(context, peer, get) : undefined;
    const answering = telling === undefined ? readAny(reading) : telling.then(() => readAny(reading));
    return answering?.catch((error: unknown) => fail(reading, error));
  } catch (error) {
    fail(reading, error);
  }
}

function readAny(reading: Reading): MaybePromise<void> {
  const { soul, key, byteLimit } = reading.get.selector;
  const isLex = typeof soul !== 'string' || (key !== undefined && typeof key !== 'string');
  if (isLex && askOthers(reading)) return askBack(reading, undefined);
  if (isLex || byteLimit !== undefined) return stream(reading);
  return key === undefined ? readNode(reading, soul) : readField(reading, soul, key);
}

function readField(reading: Reading, soul: string, key: string): MaybePromise<void> {
  const entry = reading.context.graph.readField(soul, key);
  if (!(entry instanceof Promise)) return answerField(reading, soul, key, entry);
  return entry.then((found) => answerField(reading, soul, key, found));
}

function answerField(
  reading: Reading,
  soul: string,
  key: string,
  entry: Entry | undefined,
): MaybePromise<void> {
  if (entry === undefined) return answerNothing(reading);
  const putJson = joinNodes([nodeJsonOf(soul, [[key, entry]])]);
  if (isLong(putJson)) return answerLong(reading, () => answerLater(reading.context.slices, putJson));
  answerWhole(reading, answerWith(putJson));
}

function readNode(reading: Reading, soul: string): MaybePromise<void> {
  const node = reading.context.graph.readNode(soul);
  if (!(node instanceof Promise)) return answerNode(reading, node);
  return node.then((found) => answerNode(reading, found));
}

function answerNode(reading: Reading, node: CachedNode | undefined): MaybePromise<void> {
  if (node === undefined) return stream(reading);
  if (node.fields.size === 0) return answerNothing(reading);
  const answer = answerOf(reading.context.slices, node);
  if (answer instanceof Promise) return answerLong(reading, () => answer);
  answerWhole(reading, answer);
}

/** Answers that take long to make: of each peer one at a time, and only when it has read those before. */
async function answerLong(reading: Reading, make: () => Promise<Answer>): Promise<void> {
  const { peer } = reading;
  peer.longAnswers ??= new Gate(1);
  await peer.longAnswers.run(async () => {
    if (await isReady(reading)) answerWhole(reading, await make());
  });
}

/** Waits while the peer is behind; false when it is gone. */
async function isReady({ context, peer }: Reading): Promise<boolean> {
  while (peer.isBehind) if (!(await context.drained(peer))) return false;
  return !peer.closed;
}

function answerWhole(reading: Reading, { putJson, hash }: Answer): void {
  const { context, peer, get } = reading;
  if (get.contentHash !== hash) {
    const part = { id: randomId(), replyToJson: get.idJson, putJson, contentHash: hash, nextId: undefined };
    context.send(peer, encodeReply(part));
  }
  answered(reading, hash);
}

/** The peer has its answer; now learn what it, and the relays, know better. */
function answered(reading: Reading, hash: number | undefined): void {
  askBack(reading, hash);
  const { context, peer, get, newHere } = reading;
  askSources(reading, hash);
  if (!newHere || get.local || context.relays.size === 0) return;
  if (context.asks.mayAsk(get.selector)) ask(context, peersToAsk(context, peer), get.selector, hash);
}

function answerNothing(reading: Reading): void {
  const { context, peer, get } = reading;
  if (!askOthers(reading)) context.send(peer, encodeNotFound(randomId(), get.idJson));
  askBack(reading, undefined);
  askSources(reading, undefined);
}

/** Asks the few clients that may know better, once per name; what they know reaches the asker as a change. */
function askSources({ context, peer, get, newHere }: Reading, hash: number | undefined): void {
  if (!newHere || get.local || context.sources.size === 0) return;
  ask(context, context.sources.without(peer), get.selector, hash);
}

/** Passes a read on to relays; true when the answer has to wait for them. */
function askOthers({ context, peer, get, last }: Reading): boolean {
  if (last || get.local || peer.closed || context.relays.size === 0) return false;
  if (context.asks.join(peer, get)) return true;
  const others = peersToAsk(context, peer);
  if (others.length === 0 || !context.asks.open(peer, get, others)) return false;
  for (const other of others) context.send(other, encodeGet(get.idJson, get.selector, get.contentHash));
  return true;
}

/**
 * A Gun client does not send again what it wrote while it was away, but it answers gets from memory; so it is
 * asked the same, once per subscription (D24). Relays are asked back only when they say they know otherwise.
 */
function askBack({ context, peer, get, newToPeer }: Reading, hash: number | undefined): void {
  if (!newToPeer || (hash !== undefined && get.contentHash === hash)) return;
  if (peer.role === 'relay' && get.contentHash === undefined) return;
  ask(context, [peer], get.selector, hash);
}

/** Answers in bounded parts, as fast as the peer takes them. */
async function stream(reading: Reading): Promise<void> {
  const { context, peer, get } = reading;
  let id = randomId();
  let parts = 0;
  for await (const { nodes, more } of context.graph.parts(get.selector)) {
    if (nodes.length === 0) continue;
    const { putJson, hash } = await answerOfNodes(context.slices, nodes);
    const nextId = more ? randomId() : undefined;
    if (!(await isReady(reading))) return;
    const isKnown = parts === 0 && !more && get.contentHash === hash;
    if (!isKnown)
      context.send(peer, encodeReply({ id, replyToJson: get.idJson, putJson, contentHash: hash, nextId }));
    parts += 1;
    if (nextId === undefined) break;
    id = nextId;
    if (!(await context.drained(peer))) return;
  }
  if (parts === 0) answerNothing({ ...reading, last: reading.last || typeof get.selector.soul !== 'string' });
  else answered(reading, undefined);
}

function fail({ context, peer, get }: Reading, error: unknown): void {
  context.report({ kind: 'read-failed', peer: peer.name, error });
  context.send(peer, encodeRefusal(randomId(), get.idJson, 'storage failed'));
}
