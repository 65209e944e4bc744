/** Line of binary frames over one websocket of the path `/log`, that came in or was dialled. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { Limits } from '../lib/base/limits.ts';
import { CLOSE, fitReason } from '../lib/mesh/link.ts';
import type { LogLine } from '../lib/mesh/log-peer.ts';
import { encodeFrame, type LogFrame } from '../lib/sync/log-frames.ts';
import { Corks } from './corks.ts';
import type { Heartbeat, HeartbeatMember } from './heartbeat.ts';
import type { Metered } from './pacer.ts';

const OPEN = 1;
/** Beats in a row without any sign of life after which the other side counts as gone. */
const SILENT_BEATS = 2;
/** Bytes that may wait before whoever sends waits too. */
const AHEAD_BYTES = 256 * 1024;
/** Output that may wait while pings are answered; who sends pings and reads nothing gets no more pongs. */
const PONG_ROOM = 65_536;

/** Several frames of a turn cost one write. */
const corks = new Corks();

/** What a log socket is made of. */
export interface LogSocketParts {
  /** A websocket that is open and has not delivered anything yet. */
  readonly socket: WebSocket;
  /** The TCP or TLS socket below it. */
  readonly stream: Socket;
  /** Address of the other side. */
  readonly name: string;
  readonly heartbeat: Heartbeat;
  readonly limits: Pick<Limits, 'outputBytes'>;
  /** How long the other side may take to answer a close before it is cut off, in milliseconds. */
  readonly closeTimeoutMs: number;
}

/** What a log socket tells its owner. */
export interface LogSocketListener {
  /** A binary frame arrived; a text is none. */
  frame(bytes: Uint8Array | undefined): void;
  /** The line is gone; nothing follows. */
  close(): void;
}

/** A line with a listener; it reads nothing before there is one. */
export interface LogWire extends LogLine {
  /** Address of the other side, for logs. */
  readonly name: string;
  /** Takes over the listener, and begins to read. */
  listen(listener: LogSocketListener): void;
}

/** A {@link LogWire} over a websocket. */
export class LogSocket implements LogWire, Metered, HeartbeatMember {
  readonly name: string;
  readonly #parts: LogSocketParts;
  readonly #leaveHeartbeat: () => void;
  #listener: LogSocketListener | undefined;
  #isPaused = true;
  #isOpen = true;
  #isEnded = false;
  #noise = 0;
  #silentBeats = 0;
  #bytesRead = 0;
  #bytesSent = 0;
  /** Settles when what waits is short again, and when the line is gone. */
  #drained: Promise<void> | undefined;
  #drain: () => void = () => undefined;
  #closeTimer: NodeJS.Timeout | undefined;

  constructor(parts: LogSocketParts) {
    const { socket, stream, name, heartbeat } = parts;
    this.name = name;
    this.#parts = parts;
    this.#leaveHeartbeat = heartbeat.join(this);
    // Until somebody listens, input stays in the kernel, where it is bounded.
    socket.pause();
    socket.on('message', (data, isBinary) => {
      if (this.#isOpen) this.#listener?.frame(isBinary ? (data as Buffer) : undefined);
    });
    socket.on('ping', (data: Buffer) => this.#onPing(data));
    socket.on('pong', () => {
      this.#noise += 1;
    });
    socket.on('close', () => this.#onClose());
    // ws answers faults of the other side with the close code that fits, and `close` follows.
    socket.on('error', () => {
      this.#isOpen = false;
    });
    stream.on('drain', () => this.#endWait());
  }

  /** Bytes that the system did not take yet. */
  get queuedBytes(): number {
    return this.#parts.stream.writableLength;
  }

  get bytesRead(): number {
    return this.#parts.stream.bytesRead;
  }

  /** Pings and pongs that came. */
  get noise(): number {
    return this.#noise;
  }

  listen(listener: LogSocketListener): void {
    this.#listener = listener;
    if (this.#isEnded) queueMicrotask(() => listener.close());
    else this.resume();
  }

  pause(): void {
    if (!this.#isOpen) return;
    this.#isPaused = true;
    this.#parts.socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isOpen) this.#parts.socket.resume();
  }

  /** Sends a frame; one too many for a side that does not read closes the line with 1013. */
  send(frame: LogFrame): Promise<void> | void {
    const { socket, stream, limits } = this.#parts;
    if (!this.#isOpen || socket.readyState !== OPEN) return;
    if (stream.writableLength > limits.outputBytes) return this.close(CLOSE.overloaded, 'output limit');
    corks.add(stream);
    socket.send(encodeFrame(frame));
    if (stream.writableLength < AHEAD_BYTES) return;
    this.#drained ??= new Promise((resolve) => {
      this.#drain = resolve;
    });
    return this.#drained;
  }

  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    const { socket, closeTimeoutMs } = this.#parts;
    // A side that is not read cannot answer the closing handshake.
    socket.resume();
    socket.close(code, fitReason(reason));
    this.#closeTimer = setTimeout(() => socket.terminate(), closeTimeoutMs);
    this.#end();
  }

  /** Ends the line without a handshake. */
  terminate(): void {
    this.#isOpen = false;
    this.#parts.socket.terminate();
  }

  /** Pings, and gives up on a side that stays silent or takes nothing of what waits for it. */
  beat(): void {
    const { socket } = this.#parts;
    if (!this.#isOpen || socket.readyState !== OPEN) return;
    this.#silentBeats = this.#isAlive() ? 0 : this.#silentBeats + 1;
    if (this.#silentBeats >= SILENT_BEATS) return this.terminate();
    socket.ping();
  }

  #isAlive(): boolean {
    const { bytesRead, bytesWritten, writableLength } = this.#parts.stream;
    const bytesSent = bytesWritten - writableLength;
    const hasRead = this.#isPaused || bytesRead !== this.#bytesRead;
    const hasTaken = writableLength === 0 || bytesSent !== this.#bytesSent;
    this.#bytesRead = bytesRead;
    this.#bytesSent = bytesSent;
    return hasRead && hasTaken;
  }

  #onPing(data: Buffer): void {
    this.#noise += 1;
    if (this.#isOpen && this.queuedBytes < PONG_ROOM) this.#parts.socket.pong(data);
  }

  #onClose(): void {
    clearTimeout(this.#closeTimer);
    this.#leaveHeartbeat();
    this.#end();
  }

  #endWait(): void {
    this.#drained = undefined;
    this.#drain();
  }

  #end(): void {
    this.#isOpen = false;
    this.#endWait();
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#listener?.close();
  }
}
