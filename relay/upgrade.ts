/** Which websocket path leads where: `/gun` becomes a link, everything else a 404. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Slices } from '../lib/base/slices.ts';
import type { Heartbeat } from './heartbeat.ts';
import { GRAPH_PATH } from './peer-url.ts';
import { SocketLink } from './socket-link.ts';

/** Fragments of one message and chunks waiting in one connection; ws would allow a hundred times more. */
const MAX_FRAGMENTS = 1024;
const MAX_BUFFERED_CHUNKS = 4096;
/** How long the other side may take to answer a close before it is cut off. */
const CLOSE_TIMEOUT_MS = 2000;
const NOT_FOUND = 'No websocket here: this relay answers on /gun.\n';

/** What the upgrade handler needs. */
export interface UpgradeParts {
  readonly server: Server;
  readonly heartbeat: Heartbeat;
  /** Largest frame in bytes; larger ones close the link with 1009. */
  readonly frameBytes: number;
  /** Told of every new link, which waits for a listener. */
  readonly onLink: (link: SocketLink) => void;
  readonly slices: Slices;
  /** Milliseconds a link may take to end; 2000 unless a spec is in a hurry. */
  readonly closeTimeoutMs?: number;
}

/** ws options that its type declarations do not know. */
interface WsOptions {
  readonly closeTimeout: number;
}

/** Takes over a server's upgrade requests and knows the links that live. */
export class Upgrade {
  readonly #parts: UpgradeParts;
  readonly #sockets: WebSocketServer;
  readonly #links = new Set<SocketLink>();
  readonly #closeTimeoutMs: number;

  constructor(parts: UpgradeParts) {
    this.#parts = parts;
    this.#closeTimeoutMs = parts.closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
    const options = {
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: parts.frameBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_BUFFERED_CHUNKS,
      closeTimeout: this.#closeTimeoutMs,
    };
    this.#sockets = new WebSocketServer(options satisfies WsOptions);
    parts.server.on('upgrade', (request, stream, head) => {
      this.#onUpgrade(request, stream, head);
    });
  }

  /** Links that are not gone yet. */
  get linkCount(): number {
    return this.#links.size;
  }

  /** Answers every further upgrade with 503. */
  close(): void {
    this.#sockets.close();
  }

  /** Cuts off every link that is left. */
  terminate(): void {
    for (const link of this.#links) link.terminate();
  }

  #onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (pathOf(request) !== GRAPH_PATH) return refuse(stream);
    this.#sockets.handleUpgrade(request, stream, head, (socket) => {
      const link = new SocketLink({
        socket,
        // An HTTP server upgrades nothing but TCP and TLS sockets.
        stream: stream as Socket,
        name: nameOf(request),
        heartbeat: this.#parts.heartbeat,
        slices: this.#parts.slices,
        closeTimeoutMs: this.#closeTimeoutMs,
      });
      this.#links.add(link);
      socket.on('close', () => this.#links.delete(link));
      this.#parts.onLink(link);
    });
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0]!;
}

function nameOf({ socket }: IncomingMessage): string {
  return `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
}

function refuse(stream: Duplex): void {
  stream.on('error', () => stream.destroy());
  stream.once('finish', () => stream.destroy());
  stream.end(
    'HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n' +
      `Content-Length: ${Buffer.byteLength(NOT_FOUND)}\r\n\r\n${NOT_FOUND}`,
  );
}
