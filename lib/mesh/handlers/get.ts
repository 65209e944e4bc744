import { randomId } from '../../base/random.ts';
import { nodeJson, nodeJsonOf } from '../../graph/node.ts';
import type { Entry } from '../../graph/write.ts';
import type { NodePart } from '../../store/graph-store.ts';
import type { CachedNode } from '../../store/node-cache.ts';
import { encodeGet, encodeNotFound, encodeRefusal, encodeReply, joinNodes } from '../../wire/codec.ts';
import { contentHash } from '../../wire/content-hash.ts';
import type { GetMessage } from '../../wire/message.ts';
import type { Context } from '../context.ts';
import type { Peer } from '../peer.ts';
import { ask, peersToAsk } from '../relays.ts';

/** Long answers one peer may have waiting; more are refused. */
const WAITING_STREAMS = 1000;

/** The JSON of an answer's graph and its hash, kept beside a cached node. */
interface Answer {
  readonly putJson: string;
  readonly hash: number;
}

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
  const { soul, key } = get.selector;
  if (typeof soul !== 'string') {
    read({ context, peer, get, newToPeer: false, newHere: false, last: false });
    return;
  }
  const newHere = !context.interest.has(soul);
  const subscribed = context.interest.add(peer, soul, typeof key === 'string' ? key : undefined);
  read({ context, peer, get, newToPeer: subscribed === 'new', newHere, last: false });
}

/** Answers a read after others were asked; what they knew is in the store now. */
export function answerAfterAsking(context: Context, peer: Peer, get: GetMessage): void {
  if (!peer.closed) read({ context, peer, get, newToPeer: false, newHere: false, last: true });
}

function read(reading: Reading): void {
  const { soul, key, byteLimit } = reading.get.selector;
  const isLex = typeof soul !== 'string' || (key !== undefined && typeof key !== 'string');
  if (isLex && askOthers(reading)) return;
  if (isLex || byteLimit !== undefined) return stream(reading);
  if (key !== undefined) return readField(reading, soul, key);
  readNode(reading, soul);
}

function readField(reading: Reading, soul: string, key: string): void {
  const entry = reading.context.graph.readField(soul, key);
  if (!(entry instanceof Promise)) return answerField(reading, soul, key, entry);
  entry
    .then((found) => answerField(reading, soul, key, found))
    .catch((error: unknown) => fail(reading, error));
}

function answerField(reading: Reading, soul: string, key: string, entry: Entry | undefined): void {
  if (entry === undefined) return answerNothing(reading);
  const putJson = joinNodes([nodeJsonOf(soul, [[key, entry]])]);
  answerWhole(reading, { putJson, hash: contentHash(putJson) });
}

function readNode(reading: Reading, soul: string): void {
  const node = reading.context.graph.readNode(soul);
  if (!(node instanceof Promise)) return answerNode(reading, node);
  node.then((found) => answerNode(reading, found)).catch((error: unknown) => fail(reading, error));
}

function answerNode(reading: Reading, node: CachedNode | undefined): void {
  if (node === undefined) return stream(reading);
  if (node.fields.size === 0) return answerNothing(reading);
  answerWhole(reading, answerOf(node));
}

/** The answer that holds a whole node; made once per state of the node. */
function answerOf(node: CachedNode): Answer {
  const known = node.memo as Answer | undefined;
  if (known !== undefined) return known;
  const putJson = joinNodes([nodeJson(node.soul, node.fields)]);
  const answer = { putJson, hash: contentHash(putJson) };
  node.memo = answer;
  return answer;
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
  if (!newHere || context.relays.size === 0) return;
  for (const relay of peersToAsk(context, get, peer)) ask(context, relay, get.selector, hash);
}

function answerNothing(reading: Reading): void {
  const { context, peer, get } = reading;
  if (!askOthers(reading)) context.send(peer, encodeNotFound(randomId(), get.idJson));
  askBack(reading, undefined);
}

/** Passes a read on to relays; true when the answer has to wait for them. */
function askOthers({ context, peer, get, last }: Reading): boolean {
  if (last || context.relays.size === 0) return false;
  const others = peersToAsk(context, get, peer);
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
  ask(context, peer, get.selector, hash);
}

/** Answers in parts, one long answer of a peer after the other. */
function stream(reading: Reading): void {
  const { context, peer, get } = reading;
  if (peer.waitingStreams >= WAITING_STREAMS) {
    context.send(peer, encodeRefusal(randomId(), get.idJson, 'get: too many reads are waiting'));
    return;
  }
  peer.waitingStreams += 1;
  peer.streams = peer.streams
    .then(() => streamParts(reading))
    .catch((error: unknown) => fail(reading, error))
    .finally(() => {
      peer.waitingStreams -= 1;
    });
}

async function streamParts(reading: Reading): Promise<void> {
  const { context, peer, get } = reading;
  if (peer.closed) return;
  let id = randomId();
  let parts = 0;
  for await (const { nodes, more } of context.graph.parts(get.selector)) {
    if (nodes.length === 0) continue;
    const putJson = joinNodes(sortedNodes(nodes));
    const hash = contentHash(putJson);
    const nextId = more ? randomId() : undefined;
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

function sortedNodes(nodes: readonly NodePart[]): string[] {
  const sorted = nodes.toSorted((a, b) => (a.soul < b.soul ? -1 : 1));
  return sorted.map(({ soul, entries }) => nodeJsonOf(soul, entries));
}

function fail({ context, peer, get }: Reading, error: unknown): void {
  context.report({ kind: 'read-failed', peer: peer.name, error });
  context.send(peer, encodeRefusal(randomId(), get.idJson, 'storage failed'));
}
