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
  const make = (writes: readonly FieldWrite[]): SharedMessage => messageOf(context, writes, source, message);
  const relays = context.relays.size === 0 ? [] : relaysToTell(context, source);
  let all: SharedMessage | undefined;
  if (relays.length > 0) {
    all = make(changed);
    for (const relay of relays) context.share(relay, all);
  }
  let start = 0;
  while (start < changed.length && !context.interest.isEmpty) {
    const soul = changed[start]!.soul;
    let end = start + 1;
    while (changed[end]?.soul === soul) end += 1;
    const interest = context.interest.of(soul);
    if (interest !== undefined) {
      const isAll = end - start === changed.length;
      const writes = isAll ? changed : changed.slice(start, end);
      new NodePush({ context, interest, writes, source, make }, isAll ? all : undefined).send();
    }
    start = end;
  }
}

/** What a push of one node needs. */
interface NodePushParts {
  readonly context: Context;
  readonly interest: SoulInterest;
  readonly writes: readonly FieldWrite[];
  readonly source: Peer | undefined;
  readonly make: (writes: readonly FieldWrite[]) => SharedMessage;
}

/** What is said to whom about one node that changed. */
class NodePush {
  readonly #parts: NodePushParts;
  #whole: SharedMessage | undefined;

  /** @param whole the message about the whole change, when there is one already */
  constructor(parts: NodePushParts, whole: SharedMessage | undefined) {
    this.#parts = parts;
    this.#whole = whole;
  }

  /** Tells those who asked for the node, then those who asked for properties that changed. */
  send(): void {
    const { context, interest } = this.#parts;
    for (const peer of interest.whole) {
      if (!this.#isTold(peer)) context.share(peer, this.#wholeMessage());
    }
    if (interest.byKey.size > 0) this.#sendByKey();
  }

  /** Relays are told of every change, on one of their links; the writer knows it. */
  #isTold(peer: Peer): boolean {
    return peer === this.#parts.source || peer.role === 'relay' || peer.standby;
  }

  #sendByKey(): void {
    const { context, writes, make } = this.#parts;
    const messagesByKeys = new Map<string, SharedMessage>();
    for (const [peer, wanted] of this.#writesByPeer()) {
      const keys = JSON.stringify(wanted.map((write) => write.key));
      let message = messagesByKeys.get(keys);
      if (message === undefined) {
        message = wanted.length === writes.length ? this.#wholeMessage() : make(wanted);
        messagesByKeys.set(keys, message);
      }
      context.share(peer, message);
    }
  }

  #writesByPeer(): Map<Peer, FieldWrite[]> {
    const { interest, writes } = this.#parts;
    const writesByPeer = new Map<Peer, FieldWrite[]>();
    for (const write of writes) {
      for (const peer of interest.byKey.get(write.key) ?? []) {
        if (this.#isTold(peer) || interest.whole.has(peer)) continue;
        const wanted = writesByPeer.get(peer);
        if (wanted === undefined) writesByPeer.set(peer, [write]);
        else wanted.push(write);
      }
    }
    return writesByPeer;
  }

  #wholeMessage(): SharedMessage {
    this.#whole ??= this.#parts.make(this.#parts.writes);
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
  if (source !== undefined && message !== undefined && mayWantAnswers(source, message)) {
    context.paths.note(id, source, message.idJson);
  }
  return { text: encodePush(id, graphJson(writes)) };
}

/** A change that comes from another relay does not say whether its writer listens for answers. */
function mayWantAnswers(source: Peer, message: PutMessage): boolean {
  return message.wantsAnswers || source.role === 'relay';
}

/** JSON of a put that holds the writes, souls in order. */
function graphJson(writes: readonly FieldWrite[]): string {
  const first = writes[0]!.soul;
  // Nearly every change is one of a single node.
  if (writes.every(({ soul }) => soul === first)) return joinNodes([nodeJsonOf(first, entriesOf(writes))]);
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

function entriesOf(writes: readonly FieldWrite[]): [string, FieldWrite][] {
  return writes.map((write) => [write.key, write]);
}
