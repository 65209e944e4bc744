/** The relays that this one stays connected with: to their graphs, and to the logs of those that say they have some. */
import { Dialler, SocketDialler } from '../adapters/websocket-link.ts';
import type { Limits } from '../lib/base/limits.ts';
import type { Link } from '../lib/mesh/link.ts';
import { dialSocketClass, LogDialSocket } from './dial-socket.ts';
import type { Heartbeat } from './heartbeat.ts';
import { LogSocket, type LogWire } from './log-socket.ts';
import { toLogUrl, toPeerUrl } from './peer-url.ts';
import type { Traffic } from './traffic.ts';

const CLOSE_TIMEOUT_MS = 2000;

/** What uplinks need. */
export interface UplinksParts {
  /** URLs as an operator writes them. */
  readonly peers: readonly string[];
  readonly limits: Pick<Limits, 'frameBytes' | 'outputBytes'>;
  readonly heartbeat: Heartbeat;
  readonly traffic: Traffic;
  /** Takes each link to a graph. */
  readonly onLink: (link: Link) => void;
  /** Takes each line to logs. */
  readonly onLine: (line: LogWire) => void;
}

/** Dials relays, for ever. */
export class Uplinks {
  readonly #parts: UplinksParts;
  readonly #graphs: readonly Dialler[];
  /** One for each relay that was found to have logs. */
  readonly #logs = new Map<string, SocketDialler<LogDialSocket>>();
  readonly #peerOfLink = new WeakMap<Link, string>();
  #isClosed = false;

  /** @throws GraphError OPTION_INVALID for a peer that cannot be dialled */
  constructor(parts: UplinksParts) {
    this.#parts = parts;
    const WebSocket = dialSocketClass({ ...parts, frameBytes: parts.limits.frameBytes });
    this.#graphs = parts.peers.map((peer) => {
      const url = toPeerUrl(peer);
      const onLink = (link: Link): void => {
        this.#peerOfLink.set(link, url);
        parts.onLink(link);
      };
      return new Dialler({ url, WebSocket, onLink });
    });
  }

  /** Dials the graphs. */
  start(): void {
    for (const dialler of this.#graphs) dialler.start();
  }

  /** The other side of a link says that it has logs: dials them too, from now on. */
  hasLogs(link: Link): void {
    const peer = this.#peerOfLink.get(link);
    const url = peer === undefined ? undefined : toLogUrl(peer);
    if (url === undefined || this.#logs.has(url) || this.#isClosed) return;
    const onSocket = (socket: LogDialSocket, name: string, onGone: () => void): LogSocket =>
      this.#lineOver(socket, name, onGone);
    const dialler = new SocketDialler({ url, WebSocket: LogDialSocket, onSocket });
    this.#logs.set(url, dialler);
    dialler.start();
  }

  /** Dials no more, and ends what is dialled. */
  close(): void {
    this.#isClosed = true;
    for (const dialler of [...this.#graphs, ...this.#logs.values()]) dialler.close();
  }

  #lineOver(socket: LogDialSocket, name: string, onGone: () => void): LogSocket {
    const { heartbeat, limits, traffic, onLine } = this.#parts;
    const stream = socket.stream!;
    traffic.join(stream);
    socket.on('close', onGone);
    const line = new LogSocket({
      socket,
      stream,
      name,
      heartbeat,
      limits,
      closeTimeoutMs: CLOSE_TIMEOUT_MS,
    });
    onLine(line);
    return line;
  }
}
