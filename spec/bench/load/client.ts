/**
 * One raw websocket client: sends frames, hands received texts to whoever measures, and answers nothing by itself.
 */
import type { Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { deferred } from '../deferred.ts';

const CLIENT_OPTIONS: ClientOptions = { perMessageDeflate: false, skipUTF8Validation: true };
/** Frames that hold no data and no request: heartbeats and control messages. */
const QUIET = /^(\[\]|\{[^{}]*"dam":[^{}]*\}|\[\{[^{}]*"dam":[^{}]*\}\])$/;

/** A connection to a relay. */
export class Client {
  /** Takes each received frame; counts strays when nobody measures. */
  onText: (text: string) => void;
  /** Frames received that carry messages, while nobody measures. */
  strays = 0;
  /** Whether the relay or the network has closed the connection. */
  closed = false;
  readonly #socket: WebSocket;
  #pipe: Socket | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.onText = this.countStray;
    // All data of the bench is ASCII; latin1 is the cheapest way to text.
    socket.on('message', (data: Buffer) => this.onText(data.toString('latin1')));
    socket.once('upgrade', (response) => {
      this.#pipe = response.socket;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  /** Connects. */
  static open(url: string): Promise<Client> {
    const { promise, resolve, reject } = deferred<Client>();
    const socket = new WebSocket(url, CLIENT_OPTIONS);
    const client = new Client(socket);
    socket.once('open', () => resolve(client));
    socket.on('error', reject);
    return promise;
  }

  /** What a client does with frames that nobody waits for. */
  readonly countStray = (text: string): void => {
    if (!QUIET.test(text)) this.strays += 1;
  };

  /** Sends one frame. */
  send(text: string): void {
    this.#socket.send(text);
  }

  /** Sends frames in one write. */
  sendAll(texts: readonly string[]): void {
    this.#pipe?.cork();
    for (const text of texts) this.#socket.send(text);
    this.#pipe?.uncork();
  }

  /** Drops the connection. */
  close(): void {
    this.#socket.terminate();
  }
}
