import { randomId } from '../base/random.ts';
import { nodeJsonOf } from '../graph/node.ts';
import type { FieldWrite } from '../graph/write.ts';
import { encodePush, joinNodes } from '../wire/codec.ts';
import type { PutMessage } from '../wire/message.ts';
import type { Context } from './context.ts';
import type { SoulInterest } from './interest.ts';
import type { SharedMessage } from './outbox.ts';
import type { Peer } from './peer.ts';
import { relaysToTell } from './relays.ts';

/**
 * Passes accepted changes on: to peered relays, and to those who asked for them; never back to the writer
 * (D22). Each message is serialised once for all its receivers.
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
  const relays = context.relays.size === 0 ? [] : relaysToTell(context, source);
  if (relays.length > 0) {
    const shared = messageOf(context, changed, source, message);
    for (const relay of relays) context.share(relay, shared);
  }
  if (context.interest.isEmpty) return;
  const told = new Set<Peer | undefined>([source, ...relays]);
  const make = (writes: readonly FieldWrite[]): SharedMessage => messageOf(context, writes, source, message);
  let start = 0;
  while (start < changed.length) {
    const soul = changed[start]!.soul;
    let end = start + 1;
    while (changed[end]?.soul === soul) end += 1;
    const interest = context.interest.of(soul);
    if (interest !== undefined) new NodePush(context, interest, changed.slice(start, end), told, make).send();
    start = end;
  }
}

/** What is said to whom about one node that changed. */
class NodePush {
  readonly #context: Context;
  readonly #interest: SoulInterest;
  readonly #writes: readonly FieldWrite[];
  readonly #told: ReadonlySet<Peer | undefined>;
  readonly #make: (writes: readonly FieldWrite[]) => SharedMessage;
  #whole: SharedMessage | undefined;

  constructor(
    context: Context,
    interest: SoulInterest,
    writes: readonly FieldWrite[],
    told: ReadonlySet<Peer | undefined>,
    make: (writes: readonly FieldWrite[]) => SharedMessage,
  ) {
    this.#context = context;
    this.#interest = interest;
    this.#writes = writes;
    this.#told = told;
    this.#make = make;
  }

  /** Tells those who asked for the node, then those who asked for properties that changed. */
  send(): void {
    for (const peer of this.#interest.whole) {
      if (!this.#told.has(peer)) this.#context.share(peer, this.#wholeMessage());
    }
    if (this.#interest.byKey.size > 0) this.#sendByKey();
  }

  #sendByKey(): void {
    const messagesByKeys = new Map<string, SharedMessage>();
    for (const [peer, wanted] of this.#writesByPeer()) {
      const keys = JSON.stringify(wanted.map((write) => write.key));
      let message = messagesByKeys.get(keys);
      if (message === undefined) {
        message = wanted.length === this.#writes.length ? this.#wholeMessage() : this.#make(wanted);
        messagesByKeys.set(keys, message);
      }
      this.#context.share(peer, message);
    }
  }

  #writesByPeer(): Map<Peer, FieldWrite[]> {
    const writesByPeer = new Map<Peer, FieldWrite[]>();
    for (const write of this.#writes) {
      for (const peer of this.#interest.byKey.get(write.key) ?? []) {
        if (this.#told.has(peer) || this.#interest.whole.has(peer)) continue;
        const wanted = writesByPeer.get(peer);
        if (wanted === undefined) writesByPeer.set(peer, [write]);
        else wanted.push(write);
      }
    }
    return writesByPeer;
  }

  #wholeMessage(): SharedMessage {
    this.#whole ??= this.#make(this.#writes);
    return this.#whole;
  }
}

/** A push under a new id; answers to it find the way back when the writer wants them. */
function messageOf(
  context: Context,
  writes: readonly FieldWrite[],
  source: Peer | undefined,
  message: PutMessage | undefined,
): SharedMessage {
  const id = randomId();
  if (source !== undefined && message?.wantsAnswers === true) context.paths.note(id, source, message.idJson);
  return { text: encodePush(id, graphJson(writes)) };
}

/** JSON of a put that holds the writes, souls in order. */
function graphJson(writes: readonly FieldWrite[]): string {
  const bySoul = new Map<string, [string, FieldWrite][]>();
  for (const write of writes) {
    const entries = bySoul.get(write.soul);
    if (entries === undefined) bySoul.set(write.soul, [[write.key, write]]);
    else entries.push([write.key, write]);
  }
  const nodes = [...bySoul];
  if (nodes.length > 1) nodes.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return joinNodes(nodes.map(([soul, entries]) => nodeJsonOf(soul, entries)));
}
