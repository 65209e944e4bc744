/** The door `thicket/adapters/websocket-link` in Node: the same with sockets of `ws`, which let a process end. */
import { WebSocket } from 'ws';
import type { PeerAddress } from '../../lib/mesh/link.ts';
import { websocket as hostWebsocket, type WebSocketOptions } from '../websocket-link.ts';

// What is declared here takes the place of what has the same name there.
export * from '../websocket-link.ts';

/** Not compressed, as that costs ten times the CPU of a small frame. */
class NodeSocket extends WebSocket {
  constructor(url: string) {
    super(url, { perMessageDeflate: false });
  }
}

/**
 * A peer behind a websocket, for the `peers` of a graph.
 *
 * Node's own class, from version 22 on, keeps its process alive while a link is open, and is taken only when given.
 *
 * @param url where it listens: http, https, ws or wss
 * @throws GraphError OPTION_INVALID for a URL that cannot be dialled
 */
export function websocket(url: string, options: WebSocketOptions = {}): PeerAddress {
  return hostWebsocket(url, { ...options, WebSocket: options.WebSocket ?? NodeSocket });
}
