/** A client of a simulated network that does on the wire what a Gun app in a browser does. */
import { randomId } from '../../lib/base/random.ts';
import { nodeJsonOf } from '../../lib/graph/node.ts';
import type { Value } from '../../lib/graph/value.ts';
import { writeOf, type Entry, type FieldWrite } from '../../lib/graph/write.ts';
import { resolveDue } from '../../lib/ham/resolve.ts';
import type { Link } from '../../lib/mesh/link.ts';
import { joinNodes } from '../../lib/wire/codec.ts';
import { contentHash } from '../../lib/wire/content-hash.ts';
import { lineOfField } from '../support/naive-graph.ts';
import type { RawMessage, RawNode } from '../support/raw-peer.ts';
import { messagesIn } from '../support/recording-link.ts';

/** Characters of the process ids that Gun makes. */
const PID_LENGTH = 9;

/** A node, or one property of it. */
export interface Place {
  readonly soul: string;
  readonly key: string | undefined;
}

/** How a client behaves where Gun's own clients differ. */
export interface Habits {
  /** Sends the hash of what it has with its reads. */
  readonly sendsHash: boolean;
  /** Acknowledges what it is told. */
  readonly acks: boolean;
  /** Says who it is as Node peers do, not as browsers do. */
  readonly isNode: boolean;
}

/**
 * Holds what it wrote and heard, answers reads from it, asks again for everything when a link comes up, and
 * does not send again what it wrote while it was away.
 */
export class ScriptedClient {
  readonly name: string;
  /** Reads and writes of its own that it sent. */
  said = 0;
  readonly #habits: Habits;
  readonly #interests = new Map<string, Place>();
  readonly #nodes = new Map<string, Map<string, Entry>>();
  readonly #lineIds = new Set<string>();
  #link: Link | undefined;

  constructor(name: string, habits: Habits) {
    this.name = name;
    this.#habits = habits;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  get interests(): readonly Place[] {
    return [...this.#interests.values()];
  }

  /** Takes a link in and asks for everything it ever listened to. */
  connect(link: Link): void {
    this.#link = link;
    link.listen({
      frame: (text) => {
        for (const message of messagesIn([text])) this.#hear(link, message);
      },
      close: () => {
        if (this.#link === link) this.#link = undefined;
      },
    });
    for (const place of this.#interests.values()) this.#ask(place);
  }

  disconnect(): void {
    const link = this.#link;
    this.#link = undefined;
    link?.close(1000, 'bye');
  }

  /** Listens to a node or property from now on. */
  subscribe(place: Place): void {
    const name = JSON.stringify([place.soul, place.key]);
    if (this.#interests.has(name)) return;
    this.#interests.set(name, place);
    this.#ask(place);
  }

  /** Writes properties of one node at one state; sends them if it is connected. */
  write(soul: string, fields: Readonly<Record<string, Value>>, state: number): FieldWrite[] {
    const writes = Object.entries(fields).map(([key, value]) => writeOf(soul, key, state, value));
    for (const write of writes) this.#merge(write);
    if (this.isConnected) this.said += 1;
    const node = nodeJsonOf(
      soul,
      writes.map((write) => [write.key, write]),
    );
    this.#sendText(`{"#":"${randomId()}","put":${joinNodes([node])}}`);
    return writes;
  }

  /** What it holds of a place, as lines in one order. */
  lines({ soul, key }: Place): string[] {
    const entries = [...(this.#nodes.get(soul) ?? [])].filter(([name]) => key === undefined || name === key);
    return entries.map(([name, { state, json }]) => lineOfField(soul, name, state, json)).toSorted();
  }

  #hear(link: Link, message: RawMessage): void {
    // A message that comes a second time is dropped, as Gun's clients do.
    const id = message['#'] ?? '';
    if (this.#lineIds.has(id)) return;
    this.#lineIds.add(id);
    if (message.dam === '?') this.#greet(message);
    else if (message.put !== undefined) this.#take(message, message.put);
    else if (message.get !== undefined && this.#link === link) this.#answer(message);
  }

  #greet(message: RawMessage): void {
    if (message['@'] === undefined) {
      const [id, replyTo, pid] = [randomId(), message['#'] ?? '', this.name.padEnd(PID_LENGTH, '0')];
      if (this.#habits.isNode) this.#send({ '#': id, '@': replyTo, dam: '?', pid });
      else this.#send({ dam: '?', pid, '@': replyTo, '#': id });
    }
  }

  #take(message: RawMessage, graph: Readonly<Record<string, RawNode>>): void {
    for (const [soul, node] of Object.entries(graph)) {
      for (const [key, state] of Object.entries(node._['>'])) {
        this.#merge(writeOf(soul, key, state, node[key] as Value));
      }
    }
    const isAnswer = message['@'] !== undefined;
    if (this.#habits.acks && !isAnswer) this.#send({ '#': randomId(), '@': message['#'] ?? '', ok: true });
  }

  #answer(message: RawMessage): void {
    const { '#': soul, '.': key } = message.get as { readonly '#': string; readonly '.'?: string };
    const json = this.#graphJson({ soul, key });
    if (json === undefined) return this.#send({ '#': randomId(), '@': message['#'] ?? '' });
    const hash = contentHash(json);
    if (message['##'] === hash) return;
    const replyTo = JSON.stringify(message['#']);
    this.#sendText(`{"#":"${randomId()}","##":${hash},"@":${replyTo},"put":${json}}`);
  }

  #ask(place: Place): void {
    if (this.isConnected) this.said += 1;
    const json = this.#habits.sendsHash ? this.#graphJson(place) : undefined;
    const get = place.key === undefined ? { '#': place.soul } : { '#': place.soul, '.': place.key };
    this.#send({ '#': randomId(), get, ...(json === undefined ? {} : { '##': contentHash(json) }) });
  }

  #graphJson({ soul, key }: Place): string | undefined {
    const fields = this.#nodes.get(soul);
    const entries = [...(fields ?? [])].filter(([name]) => key === undefined || name === key);
    return entries.length === 0 ? undefined : joinNodes([nodeJsonOf(soul, entries)]);
  }

  #merge(write: FieldWrite): void {
    const fields = this.#nodes.get(write.soul) ?? new Map<string, Entry>();
    this.#nodes.set(write.soul, fields);
    if (resolveDue(write, fields.get(write.key)) === 'accept') fields.set(write.key, write);
  }

  #send(message: RawMessage): void {
    this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string): void {
    this.#link?.send({ text });
  }
}
