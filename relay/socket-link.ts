/** Link over one accepted websocket: shared frames, heartbeat, output in one write per turn. */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import { fitReason, type Frame, type Link, type LinkListener } from '../lib/mesh/link.ts';
import type { Heartbeat, HeartbeatMember } from './heartbeat.ts';

const OPEN = 1;
/** Pings in a row without any sign of life after which the other side counts as gone. */
const MISSED_PINGS = 2;
/** Output that may wait while pings are answered; who sends pings and reads nothing gets no more pongs. */
const PONG_ROOM = 65_536;
const FINAL_TEXT = 0x81;
const SHORT = 125;
const TWO_BYTES = 0xffff;

/** What a socket link is made of. */
export interface SocketLinkParts {
  /** A websocket that is open and has not delivered anything yet. */
  readonly socket: WebSocket;
  /** The TCP or TLS socket below it, as the upgrade gave it; never compressed. */
  readonly stream: Socket;
  /** Address of the other side. */
  readonly name: string;
  readonly heartbeat: Heartbeat;
}

/**
 * Builds the unmasked websocket frame of a text.
 *
 * One buffer serves all receivers, which is what makes a push to a thousand subscribers cheap.
 */
export function encodeTextFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const lead = length <= SHORT ? 2 : length <= TWO_BYTES ? 4 : 10;
  const bytes = Buffer.allocUnsafe(lead + length);
  bytes[0] = FINAL_TEXT;
  if (lead === 2) bytes[1] = length;
  else if (lead === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeUInt32BE(0, 2);
    bytes.writeUInt32BE(length, 6);
  }
  bytes.write(text, lead);
  return bytes;
}

/** Gun's heartbeat, which older peers expect (gun-wire section 2.6). */
const HEARTBEAT = encodeTextFrame('[]');

/** Streams that hold output back until the end of the turn, so that several frames cost one write. */
const corked = new Set<Socket>();

function corkUntilTurnEnds(stream: Socket): void {
  if (corked.has(stream)) return;
  if (corked.size === 0) process.nextTick(uncorkAll);
  corked.add(stream);
  stream.cork();
}

function uncorkAll(): void {
  const streams = [...corked];
  corked.clear();
  for (const stream of streams) stream.uncork();
}

/** A {@link Link} over a websocket of the relay's server. It reads nothing before `listen`. */
export class SocketLink implements Link, HeartbeatMember {
  readonly name: string;
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #leaveHeartbeat: () => void;
  #listener: LinkListener | undefined;
  #missedPings = 0;
  #bytesRead = 0;
  #isPaused = false;
  #isOpen = true;
  #isEnded = false;
  #noise = 0;

  constructor({ socket, stream, name, heartbeat }: SocketLinkParts) {
    this.name = name;
    this.#socket = socket;
    this.#stream = stream;
    this.#leaveHeartbeat = heartbeat.join(this);
    // Until somebody listens, input stays in the kernel, where it is bounded.
    socket.pause();
    socket.on('message', (data, isBinary) => {
      this.#onMessage(data as Buffer, isBinary);
    });
    socket.on('close', () => {
      this.#leaveHeartbeat();
      this.#end();
    });
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
    return this.#stream.writableLength;
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
    else this.#socket.resume();
  }

  pause(): void {
    if (!this.#isOpen) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#isOpen) this.#socket.resume();
  }

  send(frame: Frame): void {
    if (!this.#isOpen || this.#socket.readyState !== OPEN) return;
    const bytes = Buffer.isBuffer(frame.encoded) ? frame.encoded : encodeTextFrame(frame.text);
    frame.encoded = bytes;
    corkUntilTurnEnds(this.#stream);
    this.#stream.write(bytes);
  }

  /** Ends the link at once for its listener, whether or not the other side takes part in the goodbye. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    // A side that is not read cannot answer the closing handshake.
    this.#socket.resume();
    this.#socket.close(code, fitReason(reason));
    this.#end();
  }

  /** Ends the link without a handshake. */
  terminate(): void {
    this.#isOpen = false;
    this.#socket.terminate();
  }

  /** Pings, sends Gun's heartbeat, and gives up on a side that stays silent. */
  beat(): void {
    if (!this.#isOpen || this.#socket.readyState !== OPEN) return;
    if (this.#isSilent()) return this.terminate();
    corkUntilTurnEnds(this.#stream);
    this.#socket.ping();
    this.#stream.write(HEARTBEAT);
  }

  /** Any byte is a sign of life: a pong waits behind a large frame on its way. */
  #isSilent(): boolean {
    const { bytesRead } = this.#stream;
    const isReading = this.#listener !== undefined && !this.#isPaused;
    const isWaiting = isReading && bytesRead === this.#bytesRead;
    this.#missedPings = isWaiting ? this.#missedPings + 1 : 0;
    this.#bytesRead = bytesRead;
    return this.#missedPings >= MISSED_PINGS;
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    if (isBinary) this.#noise += 1;
    else if (this.#isOpen) this.#listener?.frame(data.toString());
  }

  #onPing(data: Buffer): void {
    this.#noise += 1;
    if (this.#isOpen && this.queuedBytes < PONG_ROOM) this.#socket.pong(data, false);
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isOpen = false;
    this.#isEnded = true;
    this.#listener?.close();
  }
}
