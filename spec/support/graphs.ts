/** Graphs of apps for specs: with quick reconnects, over sockets of the package `ws`, closed after each spec. */
import { WebSocket } from 'ws';
import { websocket, type WebSocketClass, type WebSocketOptions } from '../../adapters/websocket-link.ts';
import { createGraph, type Graph, type GraphOptions } from '../../lib/api/graph.ts';
import type { OpenNode } from '../../lib/api/types.ts';
import type { PeerAddress } from '../../lib/mesh/link.ts';

/** Something with the address of a relay. */
interface Addressed {
  readonly url: string;
}

/** A peer that is dialled again within milliseconds. */
export function quickPeer(peer: Addressed | string, options: WebSocketOptions = {}): PeerAddress {
  const url = typeof peer === 'string' ? peer : peer.url;
  return websocket(url, {
    WebSocket: WebSocket as unknown as WebSocketClass,
    firstDelayMs: 20,
    maxDelayMs: 100,
    ...options,
  });
}

/** Makes graphs with the given peers. */
export type OpenGraph = <Schema extends object = Record<string, OpenNode>>(
  peers?: readonly (Addressed | string)[],
  options?: Omit<GraphOptions, 'peers'>,
) => Graph<Schema>;

/** Registers the hook of a describe that closes what it opened. */
export function useGraphs(): OpenGraph {
  let open: Graph<never>[] = [];
  afterEach(async () => {
    const graphs = open;
    open = [];
    await Promise.all(graphs.map((graph) => graph.close()));
  });
  return (peers = [], options = {}) => {
    const graph = createGraph({ ...options, peers: peers.map((peer) => quickPeer(peer)) });
    open.push(graph as never);
    return graph;
  };
}

/** Resolves with the status once it is as wished. */
export function statusOf<Schema extends object>(
  graph: Graph<Schema>,
  isWished: (status: Graph['status']) => boolean,
): Promise<Graph['status']> {
  return new Promise((resolve) => {
    const check = (status: Graph['status']): void => {
      if (!isWished(status)) return;
      stop();
      resolve(status);
    };
    const stop = graph.on('status', check);
    check(graph.status);
  });
}

/** Resolves with what was found at a reference once it is as wished. */
export function foundAt<T>(
  reference: { on(listener: (found: { readonly value: T | undefined }) => void): () => void },
  isWished: (value: T | undefined) => boolean,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const stop = reference.on(({ value }) => {
      if (!isWished(value)) return;
      queueMicrotask(() => stop());
      resolve(value);
    });
  });
}
