/**
 * A peer that speaks the wire protocol message by message, for specs about exact messages.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { valueOf, type FieldWrite } from '../../lib/graph/write.ts';
import { Inbox } from './inbox.ts';

/** A node as it travels: properties, and in `_` its soul and the states. */
export interface RawNode {
  readonly _: { readonly '#': string; readonly '>': Readonly<Record<string, number>> };
  readonly [key: string]: unknown;
}

/** A message as it travels. */
export interface RawMessage {
  readonly '#'?: string;
  readonly '@'?: string;
  readonly '##'?: number;
  readonly '%'?: unknown;
  readonly put?: Readonly<Record<string, RawNode>>;
  readonly get?: unknown;
  readonly ok?: unknown;
  readonly err?: string;
  readonly dam?: string;
  readonly pid?: string;
  readonly [field: string]: unknown;
}

/** An id that nobody else uses. */
export function freshId(): string {
  return `id${randomBytes(6).toString('hex')}`;
}

/** A name that nobody else uses, for souls and keys of one spec. */
export function freshName(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** A graph of one node whose properties share a state; give pairs where a key may be `__proto__`. */
export function graphOf(
  soul: string,
  fields: Readonly<Record<string, unknown>> | readonly (readonly [key: string, value: unknown])[],
  state: number = Date.now(),
): Record<string, RawNode> {
  const pairs = Array.isArray(fields) ? (fields as [string, unknown][]) : Object.entries(fields);
  const states = Object.fromEntries(pairs.map(([key]) => [key, state]));
  const node = Object.fromEntries([['_', { '#': soul, '>': states }], ...pairs]);
  return Object.fromEntries([[soul, node as RawNode]]);
}

/** Writes as they travel, those of one soul in one node. */
export function graphOfWrites(...writes: readonly FieldWrite[]): Readonly<Record<string, RawNode>> {
  const nodes = new Map<string, { states: [string, number][]; fields: [string, unknown][] }>();
  for (const write of writes) {
    const node = nodes.get(write.soul) ?? { states: [], fields: [] };
    nodes.set(write.soul, node);
    node.states.push([write.key, write.state]);
    node.fields.push([write.key, valueOf(write)]);
  }
  return Object.fromEntries(
    [...nodes].map(([soul, { states, fields }]) => {
      const meta = { '#': soul, '>': Object.fromEntries(states) };
      return [soul, Object.fromEntries([['_', meta], ...fields]) as RawNode];
    }),
  );
}

/** One connection to `/gun`. */
export class RawPeer {
  /** Every message that came, unpacked from arrays. */
  readonly messages: Inbox<RawMessage>;
  /** The texts of all frames that came. */
  readonly frames: Inbox<string>;
  /** Resolves with the close code once the connection is gone. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, name: string) {
    this.#socket = socket;
    this.messages = new Inbox(`${name} messages`);
    this.frames = new Inbox(`${name} frames`);
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('message', (data: Buffer) => this.#hear(data.toString()));
    socket.once('close', (code) => {
      this.messages.close(`closed with ${code}`);
      this.frames.close(`closed with ${code}`);
    });
  }

  /** Connects to a relay's address. */
  static async open(
    url: string,
    name = 'raw peer',
    headers: Readonly<Record<string, string>> = {},
  ): Promise<RawPeer> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false, headers });
    const peer = new RawPeer(socket, name);
    await once(socket, 'open');
    return peer;
  }

  /** Sends a message, or an array of them as one frame. */
  send(message: RawMessage | readonly unknown[]): void {
    this.sendText(JSON.stringify(message));
  }

  /** Sends a text frame as it is. */
  sendText(text: string): void {
    this.#socket.send(text);
  }

  /** Sends a binary frame. */
  sendBinary(bytes: Uint8Array): void {
    this.#socket.send(bytes, { binary: true });
  }

  /** The next message that matches and that no earlier wait returned. */
  next(matches: (message: RawMessage) => boolean, what?: string): Promise<RawMessage> {
    return this.messages.next(matches, what);
  }

  /** The next message that answers this id. */
  reply(id: string): Promise<RawMessage> {
    return this.next((message) => message['@'] === id, `a message with @ ${id}`);
  }

  /** The next write that is pushed to this peer: a put that answers nothing and touches the soul. */
  pushed(soul: string): Promise<RawMessage> {
    return this.next(
      (message) => message['@'] === undefined && Object.hasOwn(message.put ?? {}, soul),
      `a push of ${soul}`,
    );
  }

  /** Puts a graph and resolves with the first answer. */
  put(graph: Readonly<Record<string, RawNode>>, id: string = freshId()): Promise<RawMessage> {
    this.send({ '#': id, put: graph });
    return this.reply(id);
  }

  /** Gets and resolves with the first answer. */
  get(query: unknown, id: string = freshId()): Promise<RawMessage> {
    this.send({ '#': id, get: query });
    return this.reply(id);
  }

  /** Reads one value, undefined when the relay has none. */
  async value(soul: string, key: string): Promise<unknown> {
    const { put } = await this.get({ '#': soul, '.': key });
    return put?.[soul]?.[key];
  }

  /** All messages so far that carry a put of this soul. */
  putsOf(soul: string): RawMessage[] {
    return this.messages.all.filter((message) => Object.hasOwn(message.put ?? {}, soul));
  }

  /** All messages so far that answer this id. */
  repliesTo(id: string): RawMessage[] {
    return this.messages.all.filter((message) => message['@'] === id);
  }

  /**
   * Waits until everything the relay had to send before now has arrived: a read of something that does not
   * exist, answered after it.
   */
  async caughtUp(): Promise<void> {
    await this.get({ '#': freshName('nothing') });
  }

  /** Closes the connection; resolves when it is gone. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  #hear(text: string): void {
    this.frames.push(text);
    const parsed = JSON.parse(text) as RawMessage | (RawMessage | string)[];
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
      this.messages.push(typeof message === 'string' ? (JSON.parse(message) as RawMessage) : message);
    }
  }
}
