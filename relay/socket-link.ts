/** Link over one accepted websocket: its input, its output, its heartbeat and its end. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Slices } from '../lib/base/slices.ts';
import { fitReason, type Frame, type Link, type LinkListener } from '../lib/mesh/link.ts';
import type { Heartbeat, HeartbeatMember } from './heartbeat.ts';
import { SocketInput } from './socket-input.ts';
import { SocketOutput } from './socket-output.ts';
import { encodeTextFrame } from './text-frame.ts';

const OPEN = 1;
/** Pings in a row without any sign of life after which the other side counts as gone. */
const MISSED_PINGS = 2;
/** Output that may wait while pings are answered; who sends pings and reads nothing gets no more pongs. */
const PONG_ROOM = 65_536;

/** What a socket link is made of. */
export interface SocketLinkParts {
  /** A websocket that is open and has not delivered anything yet. */
  readonly socket: WebSocket;
  /** The TCP or TLS socket below it, as the upgrade gave it; never compressed. */
  readonly stream: Socket;
  /** Address of the other side. */
  readonly name: string;
  readonly heartbeat: Heartbeat;
  /** Long texts are taken apart and put together in slices. */
  readonly slices: Slices;
  /** How long what was sent before a close may take to go out, in milliseconds; then the link is cut off. */
  readonly closeTimeoutMs: number;
}

/** Gun's heartbeat, which older peers expect (gun-wire section 2.6). */
const HEARTBEAT = encodeTextFrame('[]');

/** A {@link Link} over a websocket of the relay's server. It reads nothing before `listen`. */
export class SocketLink implements Link, HeartbeatMember {
  readonly name: string;
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #input: SocketInput;
  readonly #output: SocketOutput;
  readonly #closeTimeoutMs: number;
  readonly #leaveHeartbeat: () => void;
  #listener: LinkListener | undefined;
  #missedPings = 0;
  #bytesRead = 0;
  #isPaused = false;
  #isOpen = true;
  #isEnded = false;
  #closeTimer: NodeJS.Timeout | undefined;
  #noise = 0;

  constructor({ socket, stream, name, heartbeat, slices, closeTimeoutMs }: SocketLinkParts) {
    this.name = name;
    this.#socket = socket;
    this.#stream = stream;
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#input = new SocketInput({
      slices,
      deliver: (text) => this.#deliver(text),
      stop: () => socket.pause(),
      goOn: () => this.#readOn(),
    });
    this.#output = new SocketOutput(stream, slices);
    this.#leaveHeartbeat = heartbeat.join(this);
    // Until somebody listens, input stays in the kernel, where it is bounded.
    socket.pause();
    socket.on('message', (data, isBinary) => {
      if (isBinary) this.#noise += 1;
      else if (this.#isOpen) this.#input.add(data as Buffer);
    });
    socket.on('close', () => this.#onClose());
    socket.on('ping', (data: Buffer) => this.#onPing(data));
    socket.on('pong', () => {
      this.#noise += 1;
    });
    // ws answers faults of the other side with the close code that fits, and `close` follows.
    socket.on('error', () => {
      this.#isOpen = false;
    });
  }

  get queuedBytes(): number {
    return this.#output.queuedBytes;
  }

  /** Bytes that came, whatever they were. */
  get bytesRead(): number {
    return this.#stream.bytesRead;
  }

  /** Frames that came and are no texts: pings, pongs and binary ones. */
  get noise(): number {
    return this.#noise;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    if (this.#isEnded) queueMicrotask(() => listener.close());
    else this.#readOn();
  }

  pause(): void {
    if (!this.#isOpen) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#readOn();
  }

  send(frame: Frame): void {
    if (this.#isOpen && this.#socket.readyState === OPEN) this.#output.send(frame);
  }

  /** Ends the link at once for its listener, whether or not the other side takes part in the goodbye. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#input.close();
    // A side that is not read cannot answer the closing handshake.
    this.#socket.resume();
    if (this.#output.isBusy) this.#closeTimer = setTimeout(() => this.terminate(), this.#closeTimeoutMs);
    this.#output.whenEmpty(() => this.#socket.close(code, fitReason(reason)));
    this.#end();
  }

  /** Ends the link without a handshake. */
  terminate(): void {
    this.#isOpen = false;
    this.#input.close();
    this.#output.close();
    this.#socket.terminate();
  }

  /** Pings, sends Gun's heartbeat, and gives up on a side that stays silent. */
  beat(): void {
    if (!this.#isOpen || this.#socket.readyState !== OPEN) return;
    if (this.#isSilent()) return this.terminate();
    // A long text on its way is as good a sign of life.
    if (!this.#output.isBusy) this.#output.write(HEARTBEAT);
    this.#socket.ping();
  }

  /** Any byte is a sign of life: a pong waits behind a large frame on its way. */
  #isSilent(): boolean {
    const { bytesRead } = this.#stream;
    const isWaiting = this.#isReading && bytesRead === this.#bytesRead;
    this.#missedPings = isWaiting ? this.#missedPings + 1 : 0;
    this.#bytesRead = bytesRead;
    return this.#missedPings >= MISSED_PINGS;
  }

  get #isReading(): boolean {
    return this.#listener !== undefined && !this.#isPaused && !this.#input.isDecoding;
  }

  #readOn(): void {
    if (this.#isOpen && this.#isReading) this.#socket.resume();
  }

  #deliver(text: string): void {
    if (this.#isOpen) this.#listener?.frame(text);
  }

  #onPing(data: Buffer): void {
    this.#noise += 1;
    if (this.#isOpen && this.queuedBytes < PONG_ROOM) this.#socket.pong(data, false);
  }

  #onClose(): void {
    clearTimeout(this.#closeTimer);
    this.#leaveHeartbeat();
    this.#output.close();
    // What came before the end is delivered before it.
    this.#input.whenDone(() => this.#end());
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isOpen = false;
    this.#isEnded = true;
    this.#listener?.close();
  }
}
