/** A server that takes websockets as the relay does, and has nothing else of a relay. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WebSocket } from 'ws';
import { limitsWith, type Limits } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import { Heartbeat } from '../../relay/heartbeat.ts';
import type { LogSocket } from '../../relay/log-socket.ts';
import type { SocketLink } from '../../relay/socket-link.ts';
import { Upgrade } from '../../relay/upgrade.ts';
import { Inbox } from '../support/inbox.ts';
import { admitAll } from './open-door.ts';

const TICKS_PER_BEAT = 20;

/** What may differ. */
export interface SocketServerOptions {
  readonly limits: Partial<Limits>;
  readonly closeTimeoutMs?: number;
}

/** A server that listens. */
export class SocketServer {
  /** Links that came in on `/gun`. */
  readonly links = new Inbox<SocketLink>('links');
  /** Lines that came in on `/log`. */
  readonly lines = new Inbox<LogSocket>('lines');
  readonly slices: Slices = new Slices({ schedule: setImmediate });
  readonly upgrade: Upgrade;
  readonly #server: Server = createServer();
  readonly #clients = new Set<WebSocket>();
  #tick: () => void = () => undefined;

  private constructor({ limits, ...times }: SocketServerOptions) {
    const heartbeat = new Heartbeat(20_000, (_ms, task) => {
      this.#tick = task;
      return () => undefined;
    });
    heartbeat.start();
    this.upgrade = new Upgrade({
      server: this.#server,
      heartbeat,
      slices: this.slices,
      limits: limitsWith(limits),
      ...times,
      admit: admitAll,
      onLink: (link) => this.links.push(link),
      onLine: (line) => this.lines.push(line),
    });
  }

  /** Listens on a free port. */
  static async start(options: SocketServerOptions): Promise<SocketServer> {
    const started = new SocketServer(options);
    started.#server.listen(0, '127.0.0.1');
    await once(started.#server, 'listening');
    return started;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sees to the end of a client. */
  own(client: WebSocket): WebSocket {
    this.#clients.add(client);
    return client;
  }

  /** Lets the time of a heartbeat pass. */
  beat(): void {
    for (let at = 0; at < TICKS_PER_BEAT; at += 1) this.#tick();
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.terminate();
    this.upgrade.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
