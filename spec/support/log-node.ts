/** Another node on the path `/log`, where the spec plays it: it proves a key, and then says what it is told to. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { utf8 } from '../../lib/base/bytes.ts';
import { hashBytes } from '../../lib/log/hash.ts';
import type { Signer } from '../../lib/log/key-pair.ts';
import type { Operation } from '../../lib/log/operation.ts';
import type { Features } from '../../lib/sync/frame-fields.ts';
import {
  decodeFrame,
  encodeFrame,
  LOG_SUBPROTOCOL,
  type FrameType,
  type LogFrame,
} from '../../lib/sync/log-frames.ts';
import { LogHandshake, type HandshakeOptions } from '../../lib/sync/log-handshake.ts';
import { Inbox } from './inbox.ts';
import { authorOf, verifyFast } from './log-maker.ts';

/** Address of a relay's logs. */
export function logUrl(port: number): string {
  return `ws://127.0.0.1:${port}/log`;
}

/** What a node can do unless it is said. */
const FEATURES: Features = new Map([['log', 1]]);

/** What a node says about itself. */
export function handshakeOf(signer: Signer, network = 'gun', features = FEATURES): HandshakeOptions {
  return {
    signer,
    dialled: true,
    network: hashBytes(utf8(network)),
    nonce: crypto.getRandomValues(new Uint8Array(32)),
    features,
    verify: verifyFast,
  };
}

/** One connection to a relay's `/log`. */
export class LogNode {
  readonly socket: WebSocket;
  readonly frames = new Inbox<LogFrame>('log frames');
  /** Resolves with code and reason of the close. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
  /** Bytes of frames in both directions. */
  bytes = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer) => {
      this.bytes += data.length;
      const frame = decodeFrame(data);
      if (!frame.ok) throw new Error(`the relay said what is no frame: ${frame.reason}`);
      this.frames.push(frame.value);
    });
    socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.frames.close(`closed with ${code} ${String(reason)}`);
        resolve([code, String(reason)]);
      });
    });
  }

  /** Connects, and says nothing. */
  static async open(port: number, options: { headers?: Record<string, string> } = {}): Promise<LogNode> {
    const socket = new WebSocket(logUrl(port), [LOG_SUBPROTOCOL], { ...options, perMessageDeflate: false });
    const node = new LogNode(socket);
    await once(socket, 'open');
    return node;
  }

  /** Connects, and proves a key. */
  static async meet(port: number, signer: Signer = authorOf(77), network?: string): Promise<LogNode> {
    const node = await LogNode.open(port);
    await node.greet(signer, network);
    return node;
  }

  /** Proves a key, and checks that of the other side. */
  async greet(signer: Signer = authorOf(77), network?: string, features?: Features): Promise<void> {
    const handshake = new LogHandshake(handshakeOf(signer, network, features));
    this.send(handshake.start());
    for (const type of ['hello', 'proof'] as const) {
      const step = handshake.receive(await this.frame(type));
      if (!step.ok) throw new Error(step.reason);
      for (const frame of step.value.send) this.send(frame);
    }
  }

  /** Opens a session; resolves when the relay has sent its state vector. */
  async session(topic: Uint8Array, session = 0): Promise<Extract<LogFrame, { type: 'have' }>> {
    this.send({ type: 'topic', session, topic });
    await this.frame('agreed');
    this.send({ type: 'agreed', session });
    return this.frame('have');
  }

  /** The same for a node that has nothing, as far as it says. */
  async join(topic: Uint8Array, session = 0): Promise<Extract<LogFrame, { type: 'have' }>> {
    const have = await this.session(topic, session);
    this.send({ type: 'have', session, tips: new Map(), more: false });
    return have;
  }

  /** Sends operations that the relay lacks, and says that these are all. */
  give(operations: Iterable<Pick<Operation, 'header' | 'body'>>, session = 0): void {
    for (const { header, body } of operations)
      this.send({ type: 'operation', session, header: header.bytes, body });
    this.send({ type: 'done', session });
  }

  /** The next frame of a type. */
  frame<T extends FrameType>(type: T): Promise<Extract<LogFrame, { type: T }>> {
    return this.frames.next((frame) => frame.type === type, type) as Promise<Extract<LogFrame, { type: T }>>;
  }

  send(frame: LogFrame): void {
    this.sendBytes(encodeFrame(frame));
  }

  sendBytes(bytes: Uint8Array): void {
    this.bytes += bytes.length;
    this.socket.send(bytes);
  }

  /** Says goodbye; resolves when the connection is gone. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}
