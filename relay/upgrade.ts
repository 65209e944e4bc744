/** Which websocket path leads where: `/gun` becomes a link and `/log` a line for those who are let in. */
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws';
import type { Limits } from '../lib/base/limits.ts';
import type { Slices } from '../lib/base/slices.ts';
import { LOG_SUBPROTOCOL, MOST_FRAME_BYTES } from '../lib/sync/log-frames.ts';
import type { Entrance, RefusedUpgrade } from './admission.ts';
import type { Heartbeat } from './heartbeat.ts';
import { LogSocket } from './log-socket.ts';
import { GRAPH_PATH, LOG_PATH } from './peer-url.ts';
import { SocketLink } from './socket-link.ts';
import type { Traffic } from './traffic.ts';
import type { Unfinished } from './unfinished.ts';

/** Fragments of one message and chunks waiting in one connection; ws would allow a hundred times more. */
const MAX_FRAGMENTS = 1024;
const MAX_BUFFERED_CHUNKS = 4096;
/** How long the other side may take to answer a close before it is cut off. */
const CLOSE_TIMEOUT_MS = 2000;

/** What those are told who are not let in. */
const REFUSALS: Readonly<Record<RefusedUpgrade, readonly [status: string, text: string]>> = {
  path: ['404 Not Found', 'No websocket here: this relay answers on /gun.'],
  protocol: ['400 Bad Request', `The path /log speaks ${LOG_SUBPROTOCOL}.`],
  rate: ['429 Too Many Requests', 'Too many new connections from your address; try again later.'],
  address: ['429 Too Many Requests', 'Too many connections from your address.'],
  full: ['503 Service Unavailable', 'This relay has as many connections as it takes.'],
  origin: ['403 Forbidden', 'Pages of this origin may not connect here.'],
  token: ['401 Unauthorized', 'This relay wants a token.'],
};
const FURTHER_HEADERS: Readonly<Partial<Record<RefusedUpgrade, string>>> = {
  rate: 'Retry-After: 2\r\n',
  address: 'Retry-After: 30\r\n',
  full: 'Retry-After: 30\r\n',
  token: 'WWW-Authenticate: Bearer\r\n',
};

/** What the upgrade handler needs. */
export interface UpgradeParts {
  readonly server: Server;
  readonly heartbeat: Heartbeat;
  /** `frameBytes` of `/gun`: larger frames close the link with 1009. */
  readonly limits: Pick<Limits, 'frameBytes' | 'outputBytes'>;
  /** Decides who is let in. */
  readonly admit: (request: IncomingMessage) => Entrance | RefusedUpgrade;
  /** Told of every new link, which waits for a listener. */
  readonly onLink: (link: SocketLink, entrance: Entrance) => void;
  /** Told of every new line on `/log`, which waits for a listener; without it there is no such path. */
  readonly onLine?: ((line: LogSocket, entrance: Entrance) => void) | undefined;
  readonly slices: Slices;
  /** Milliseconds a link may take to end; 2000 unless a spec is in a hurry. */
  readonly closeTimeoutMs?: number;
  /** Counts what flows. */
  readonly traffic?: Traffic;
  /** Bounds what waits for the rest of a message. */
  readonly unfinished?: Unfinished;
  /** Told when it is gone. */
  readonly onGone?: (link: SocketLink) => void;
}

/** ws options that its type declarations do not know. */
interface WsOptions extends ServerOptions {
  readonly closeTimeout: number;
}

/** Refused upgrades by reason. */
export type RefusedUpgrades = Record<RefusedUpgrade, number>;

/** Takes over a server's upgrade requests and knows the links that live. */
export class Upgrade {
  readonly #parts: UpgradeParts;
  readonly #graphSockets: WebSocketServer;
  readonly #logSockets: WebSocketServer;
  readonly #links = new Set<SocketLink | LogSocket>();
  readonly #closeTimeoutMs: number;
  #acceptedCount = 0;
  /** How many were refused so far. */
  readonly refused: RefusedUpgrades = {
    path: 0,
    protocol: 0,
    rate: 0,
    address: 0,
    full: 0,
    origin: 0,
    token: 0,
  };

  constructor(parts: UpgradeParts) {
    this.#parts = parts;
    this.#closeTimeoutMs = parts.closeTimeoutMs ?? CLOSE_TIMEOUT_MS;
    const options = {
      noServer: true,
      clientTracking: false,
      // Links answer pings themselves, as long as their other side reads.
      autoPong: false,
      perMessageDeflate: false,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_BUFFERED_CHUNKS,
      closeTimeout: this.#closeTimeoutMs,
    };
    const { frameBytes } = parts.limits;
    this.#graphSockets = new WebSocketServer({ ...options, maxPayload: frameBytes } satisfies WsOptions);
    const logOptions = {
      ...options,
      maxPayload: MOST_FRAME_BYTES,
      handleProtocols: () => LOG_SUBPROTOCOL,
    };
    this.#logSockets = new WebSocketServer(logOptions satisfies WsOptions);
    parts.server.on('upgrade', (request, stream, head) => {
      this.#onUpgrade(request, stream, head);
    });
  }

  /** Links so far. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  /** Links that are not gone yet. */
  get linkCount(): number {
    return this.#links.size;
  }

  /** Answers every further upgrade with 503. */
  close(): void {
    this.#graphSockets.close();
    this.#logSockets.close();
  }

  /** Cuts off every link that is left. */
  terminate(): void {
    for (const link of this.#links) link.terminate();
  }

  #onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const isLog = pathOf(request) === LOG_PATH && this.#parts.onLine !== undefined;
    const entrance = isLog ? this.#admitLine(request) : this.#admitLink(request);
    if (typeof entrance === 'string') {
      this.refused[entrance] += 1;
      return refuse(stream, entrance);
    }
    let isLink = false;
    const sockets = isLog ? this.#logSockets : this.#graphSockets;
    sockets.handleUpgrade(request, stream, head, (socket) => {
      isLink = true;
      // An HTTP server upgrades nothing but TCP and TLS sockets.
      const name = nameOf(request, entrance);
      if (isLog) this.#welcomeLine(socket, stream as Socket, name, entrance);
      else this.#welcomeLink(socket, stream as Socket, name, entrance);
    });
    // What is no websocket handshake was answered by now.
    if (!isLink) entrance.leave();
  }

  #admitLink(request: IncomingMessage): Entrance | RefusedUpgrade {
    return pathOf(request) === GRAPH_PATH ? this.#parts.admit(request) : 'path';
  }

  /** What comes over a line is written, so who may only read has nothing to do there. */
  #admitLine(request: IncomingMessage): Entrance | RefusedUpgrade {
    if (!offersLogs(request)) return 'protocol';
    const entrance = this.#parts.admit(request);
    if (typeof entrance === 'string' || entrance.mayWrite) return entrance;
    entrance.leave();
    return 'token';
  }

  #welcomeLine(socket: WebSocket, stream: Socket, name: string, entrance: Entrance): void {
    const { heartbeat, limits, onLine } = this.#parts;
    const closeTimeoutMs = this.#closeTimeoutMs;
    const line = new LogSocket({ socket, stream, name, heartbeat, limits, closeTimeoutMs });
    this.#join(line, socket, stream, entrance);
    onLine!(line, entrance);
  }

  #welcomeLink(socket: WebSocket, stream: Socket, name: string, entrance: Entrance): void {
    const { heartbeat, slices, onLink, onGone } = this.#parts;
    const closeTimeoutMs = this.#closeTimeoutMs;
    const link = new SocketLink({ socket, stream, name, heartbeat, slices, closeTimeoutMs });
    this.#join(link, socket, stream, entrance);
    socket.on('close', () => onGone?.(link));
    onLink(link, entrance);
  }

  #join(link: SocketLink | LogSocket, socket: WebSocket, stream: Socket, entrance: Entrance): void {
    this.#links.add(link);
    this.#acceptedCount += 1;
    this.#parts.traffic?.join(stream);
    this.#parts.unfinished?.watch(socket, stream, () => link.terminate());
    socket.on('close', () => {
      this.#links.delete(link);
      entrance.leave();
    });
  }
}

function offersLogs({ headers }: IncomingMessage): boolean {
  const offered = headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((protocol) => protocol.trim() === LOG_SUBPROTOCOL);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0]!;
}

/** The client's address, and the port that it, or the proxy before it, has on the other side. */
function nameOf({ socket }: IncomingMessage, { client }: Entrance): string {
  return `${client.address}:${socket.remotePort ?? 0}`;
}

function refuse(stream: Duplex, reason: RefusedUpgrade): void {
  const [status, text] = REFUSALS[reason];
  stream.on('error', () => stream.destroy());
  stream.once('finish', () => stream.destroy());
  stream.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `${FURTHER_HEADERS[reason] ?? ''}Content-Length: ${Buffer.byteLength(text) + 1}\r\n\r\n${text}\n`,
  );
}
