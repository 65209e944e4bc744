/** The HTTP or HTTPS server: strict with slow strangers, bound to one port, closed in bounded time. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { relayError } from '../lib/base/errors.ts';
import type { RelayOptions } from './option-table.ts';
import { readTlsPair } from './tls-files.ts';

const KIB = 1024;
const CHECK_MS = 500;
/** An answer that nobody reads on is given up after so long. */
const STALL_MS = 30_000;

/** Where and how to listen, and how long a request may take to arrive; Node itself waits 60 s and 300 s. */
export type ListenerOptions = Pick<RelayOptions, 'port' | 'host' | 'httpsKey' | 'httpsCert' | 'requestMs'>;

/** An HTTP server that is bound once and closed once. */
export class Listener {
  readonly server: Server;
  readonly #options: ListenerOptions;

  /** @throws GraphError OPTION_INVALID when a TLS file cannot be used */
  constructor(options: ListenerOptions, onRequest: RequestListener) {
    this.#options = options;
    this.server = options.httpsKey === '' ? plainServer(options, onRequest) : tlsServer(options, onRequest);
    this.server.timeout = STALL_MS;
  }

  /**
   * Binds the port.
   *
   * @returns the port, which the system chose when 0 was asked for
   * @throws GraphError RELAY_LISTEN_FAILED
   */
  listen(): Promise<number> {
    const { port, host } = this.#options;
    return new Promise((resolve, reject) => {
      // Stays for good: accepting may fail later, for want of file descriptors, and must not end the process.
      this.server.on('error', (error: NodeJS.ErrnoException) => {
        reject(relayError('RELAY_LISTEN_FAILED', describe(error, port, host), { cause: error }));
      });
      this.server.listen({ port, ...(host === '' ? {} : { host }) }, () => {
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Stops accepting; resolves when the last connection, upgraded ones included, has ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      // An error only says that it was not listening.
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  /** Cuts off every HTTP connection that is left. */
  terminate(): void {
    this.server.closeAllConnections();
  }
}

function timeouts({ requestMs }: ListenerOptions): Record<string, number> {
  return {
    maxHeaderSize: 16 * KIB,
    headersTimeout: requestMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, requestMs),
  };
}

function plainServer(options: ListenerOptions, onRequest: RequestListener): Server {
  return createServer(timeouts(options), onRequest);
}

function tlsServer(options: ListenerOptions, onRequest: RequestListener): Server {
  const pair = readTlsPair(options);
  return createTlsServer({ ...timeouts(options), handshakeTimeout: options.requestMs, ...pair }, onRequest);
}

function describe(error: NodeJS.ErrnoException, port: number, host: string): string {
  const where = host === '' ? `port ${port}` : `${host} port ${port}`;
  if (error.code === 'EADDRINUSE') return `${where} is in use`;
  if (error.code === 'EACCES') return `${where} is not allowed to this user`;
  return `${where}: ${error.message}`;
}
