/** A raw connection for many requests at once: it keeps nothing but the requests that wait. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { freshId, type RawMessage, type RawNode } from './raw-peer.ts';

/** One connection to `/gun`. */
export class QuickPeer {
  /** Resolves with the close code once the connection is gone. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (reply: RawMessage | undefined) => void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#hear(data.toString()));
    this.closed = once(socket, 'close').then(([code]) => {
      for (const resolve of this.#waiting.values()) resolve(undefined);
      return code as number;
    });
  }

  /** Connects to a relay's address. */
  static async open(url: string): Promise<QuickPeer> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false });
    const peer = new QuickPeer(socket);
    await once(socket, 'open');
    return peer;
  }

  /** Puts a graph; resolves with the first answer, undefined when the connection ends before. */
  put(graph: Readonly<Record<string, RawNode>>): Promise<RawMessage | undefined> {
    return this.#ask({ put: graph });
  }

  /** Gets; resolves with the first answer, undefined when the connection ends before. */
  get(query: unknown): Promise<RawMessage | undefined> {
    return this.#ask({ get: query });
  }

  /** Closes the connection; resolves when it is gone. */
  async close(): Promise<void> {
    this.#socket.close();
    await this.closed;
  }

  #ask(message: RawMessage): Promise<RawMessage | undefined> {
    if (this.#socket.readyState !== WebSocket.OPEN) return Promise.resolve(undefined);
    const id = freshId();
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ '#': id, ...message }));
    });
  }

  #hear(text: string): void {
    const parsed = JSON.parse(text) as RawMessage | (RawMessage | string)[];
    for (const message of Array.isArray(parsed) ? parsed : [parsed]) {
      const reply = typeof message === 'string' ? (JSON.parse(message) as RawMessage) : message;
      const id = reply['@'];
      if (id === undefined) continue;
      this.#waiting.get(id)?.(reply);
      this.#waiting.delete(id);
    }
  }
}
