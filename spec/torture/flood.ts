/** A peer that says as much as the connection takes, and listens to nothing. */
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** Frames between two turns: those who are measured live in the same process. */
const AT_ONCE = 20;
/** Bytes that may wait to be sent. */
const MOST_WAITING = 256 * 1024;

/** One connection to `/gun` that is flooded, or that is not read. */
export class Flood {
  /** Resolves with the close code. */
  readonly closed: Promise<number>;
  /** Frames sent. */
  sent = 0;
  readonly #socket: WebSocket;
  #isRunning = false;
  #running = Promise.resolve();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = once(socket, 'close').then(([code]) => code as number);
    socket.on('error', () => undefined);
  }

  /** Connects to a relay's address. */
  static async open(url: string): Promise<Flood> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false });
    const flood = new Flood(socket);
    await once(socket, 'open');
    return flood;
  }

  /** Sends frame after frame until it is stopped; each gets its number. */
  start(make: (number: number) => string): void {
    this.#isRunning = true;
    this.#running = this.#pump(make);
  }

  /** Stops sending. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#running;
  }

  /** Sends frames, as fast as they are taken. */
  async send(frames: Iterable<string>): Promise<void> {
    for (const frame of frames) {
      this.#socket.send(frame);
      this.sent += 1;
      if (this.sent % AT_ONCE === 0) await this.#room();
    }
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#socket.pause();
  }

  /** Reads on. */
  resume(): void {
    this.#socket.resume();
  }

  /** Drops the connection. */
  async end(): Promise<void> {
    await this.stop();
    this.#socket.terminate();
    await this.closed;
  }

  async #pump(make: (number: number) => string): Promise<void> {
    while (this.#isRunning && this.#isOpen) {
      for (let at = 0; at < AT_ONCE; at += 1) {
        this.#socket.send(make(this.sent));
        this.sent += 1;
      }
      await this.#room();
    }
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  async #room(): Promise<void> {
    do await setImmediate();
    while (this.#isOpen && this.#socket.bufferedAmount > MOST_WAITING);
  }
}
