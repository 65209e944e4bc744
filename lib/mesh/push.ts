import { randomId } from '../base/random.ts';
import type { Steps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodePush } from '../wire/codec.ts';
import type { PutMessage } from '../wire/message.ts';
import { putJsonOf } from '../wire/put-json.ts';
import type { Context } from './context.ts';
import { byKeyOf, each, isAmong, wholeOf, type Peers, type SoulInterest } from './interest.ts';
import type { SharedMessage } from './outbox.ts';
import type { Peer } from './peer.ts';
import { portionEnd } from './portions.ts';
import { relaysToTell } from './relays.ts';

/** Receivers told of one change at once; the nodes that are left by then are told of in later turns. */
const TOLD_AT_ONCE = 5000;

/**
 * Passes accepted changes on: to peered relays, and to those who asked for them; never back to the writer
 * (D22). Each message is serialised once for all its receivers. Large changes go out in portions, over turns.
 *
 * @param source whom the changes came from, undefined for changes whose time came
 */
export function pushChanges(
  context: Context,
  changed: readonly FieldWrite[],
  source: Peer | undefined,
  message: PutMessage | undefined,
): void {
  if (changed.length === 0) return;
  const push = new Push(context, source, message);
  if (portionEnd(changed, 0) < changed.length) return goOnLater(context, push.portions(changed));
  const whole = push.tellRelays(changed);
  let start = 0;
  while (start < changed.length && !context.interest.isEmpty) {
    if (push.told >= TOLD_AT_ONCE) return goOnLater(context, push.nodes(changed, start, whole));
    start = push.tellOfNode(changed, start, whole);
  }
}

function goOnLater(context: Context, steps: Steps<void>): void {
  context.slices.later(steps).catch((error: unknown) => context.report({ kind: 'listener-failed', error }));
}

/** One change on its way to those who want it. */
class Push {
  /** Receivers told so far, once for each message. */
  told = 0;
  readonly #context: Context;
  readonly #source: Peer | undefined;
  readonly #message: PutMessage | undefined;

  constructor(context: Context, source: Peer | undefined, message: PutMessage | undefined) {
    this.#context = context;
    this.#source = source;
    this.#message = message;
  }

  /** Tells everybody of a large change. */
  *portions(changed: readonly FieldWrite[]): Generator<void, void> {
    let end: number;
    for (let start = 0; start < changed.length; start = end) {
      end = portionEnd(changed, start);
      const portion = changed.slice(start, end);
      const whole = this.tellRelays(portion);
      yield;
      yield* this.nodes(portion, 0, whole);
    }
  }

  /** Tells those who asked, node by node. */
  *nodes(
    changed: readonly FieldWrite[],
    from: number,
    whole: SharedMessage | undefined,
  ): Generator<void, void> {
    for (let start = from; start < changed.length; yield) start = this.tellOfNode(changed, start, whole);
  }

  /** Tells relays of everything; gives the message, if any was made. */
  tellRelays(changed: readonly FieldWrite[]): SharedMessage | undefined {
    const context = this.#context;
    const relays = context.relays.size === 0 ? [] : relaysToTell(context, this.#source);
    const others = relays.filter((relay) => !relay.isSynced);
    if (others.length < relays.length) this.#tellSynced(relays, changed);
    if (others.length === 0) return undefined;
    const message = this.make(changed);
    for (const relay of others) this.share(relay, message);
    return message;
  }

  /** Who is sent operations is told of what is in none. */
  #tellSynced(relays: readonly Peer[], changed: readonly FieldWrite[]): void {
    const { logs } = this.#context;
    const unsaid = changed.filter((write) => logs?.hasOperation(write) !== true);
    if (unsaid.length === 0) return;
    const message = this.make(unsaid);
    for (const relay of relays) if (relay.isSynced) this.share(relay, message);
  }

  /**
   * Tells those who asked for the node whose changes begin at `start`.
   *
   * @param whole the message about the whole change, when there is one already
   * @returns where the changes of the next node begin
   */
  tellOfNode(changed: readonly FieldWrite[], start: number, whole: SharedMessage | undefined): number {
    const { soul } = changed[start]!;
    let end = start + 1;
    while (changed[end]?.soul === soul) end += 1;
    const interest = this.#context.interest.of(soul);
    if (interest !== undefined) {
      const isAll = end - start === changed.length;
      const writes = isAll ? changed : changed.slice(start, end);
      new NodePush(this, interest, writes, isAll ? whole : undefined).send();
    }
    return end;
  }

  /** A message under a new id; answers to it find the way back when the writer wants them. */
  make(writes: readonly FieldWrite[]): SharedMessage {
    const id = randomId();
    const source = this.#source;
    const message = this.#message;
    if (source !== undefined && message !== undefined && mayWantAnswers(source, message)) {
      this.#context.paths.note(id, source, message.idJson);
    }
    return { text: encodePush(id, putJsonOf(writes)) };
  }

  share(peer: Peer, message: SharedMessage): void {
    this.told += 1;
    this.#context.share(peer, message);
  }

  /** Relays are told of every change, on one of their links; the writer knows it. */
  isTold(peer: Peer): boolean {
    return peer === this.#source || peer.role === 'relay' || peer.standby;
  }
}

/** What is said to whom about one node that changed. */
class NodePush {
  readonly #push: Push;
  readonly #interest: SoulInterest;
  readonly #writes: readonly FieldWrite[];
  #whole: SharedMessage | undefined;

  constructor(
    push: Push,
    interest: SoulInterest,
    writes: readonly FieldWrite[],
    whole: SharedMessage | undefined,
  ) {
    this.#push = push;
    this.#interest = interest;
    this.#writes = writes;
    this.#whole = whole;
  }

  /** Tells those who asked for the node, then those who asked for properties that changed. */
  send(): void {
    for (const peer of each(wholeOf(this.#interest))) {
      if (!this.#push.isTold(peer)) this.#push.share(peer, this.#wholeMessage());
    }
    const byKey = byKeyOf(this.#interest);
    if (byKey !== undefined) this.#sendByKey(this.#writesByPeer(byKey));
  }

  #sendByKey(writesByPeer: ReadonlyMap<Peer, FieldWrite[]>): void {
    const messagesByKeys = new Map<string, SharedMessage>();
    for (const [peer, wanted] of writesByPeer) {
      const keys = JSON.stringify(wanted.map((write) => write.key));
      let message = messagesByKeys.get(keys);
      if (message === undefined) {
        message = wanted.length === this.#writes.length ? this.#wholeMessage() : this.#push.make(wanted);
        messagesByKeys.set(keys, message);
      }
      this.#push.share(peer, message);
    }
  }

  #writesByPeer(byKey: ReadonlyMap<string, Peers>): Map<Peer, FieldWrite[]> {
    const whole = wholeOf(this.#interest);
    const writesByPeer = new Map<Peer, FieldWrite[]>();
    for (const write of this.#writes) {
      for (const peer of each(byKey.get(write.key))) {
        if (this.#push.isTold(peer) || isAmong(whole, peer)) continue;
        const wanted = writesByPeer.get(peer);
        if (wanted === undefined) writesByPeer.set(peer, [write]);
        else wanted.push(write);
      }
    }
    return writesByPeer;
  }

  #wholeMessage(): SharedMessage {
    this.#whole ??= this.#push.make(this.#writes);
    return this.#whole;
  }
}

/** A change that comes from another relay does not say whether its writer listens for answers. */
function mayWantAnswers(source: Peer, message: PutMessage): boolean {
  return message.wantsAnswers || source.role === 'relay';
}
