/** Everything strangers meet before the mesh: the ports, bounds on connections, admission, allowances. */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Server } from 'node:https';
import type { Slices } from '../lib/base/slices.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import { Admission, type Entrance } from './admission.ts';
import { ClientAddresses, type Client } from './client-address.ts';
import { Connections } from './connections.ts';
import type { Heartbeat, Repeat } from './heartbeat.ts';
import { Listener } from './listener.ts';
import type { Logger } from './logger.ts';
import type { LogSocket } from './log-socket.ts';
import type { RelayOptions } from './option-table.ts';
import type { SocketLink } from './socket-link.ts';
import { TlsReload, watchByName, type Watch } from './tls-files.ts';
import { Newcomers } from './newcomers.ts';
import { Throttle } from './throttle.ts';
import { Traffic } from './traffic.ts';
import { Unfinished } from './unfinished.ts';
import { Upgrade } from './upgrade.ts';

/** Where operators alone are, in case they have a port of their own. */
const ADMIN_HOST = '127.0.0.1';

/** What the door needs. */
export interface FrontDoorParts {
  readonly options: RelayOptions;
  /** Answers requests on the relay's port. */
  readonly onRequest: RequestListener;
  /** Answers requests on the operators' port. */
  readonly onAdminRequest: RequestListener;
  readonly heartbeat: Heartbeat;
  readonly slices: Slices;
  readonly logger: Logger;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly repeat: Repeat;
  /** The timers of the machine when absent. */
  readonly startTimer?: StartTimer | undefined;
  /** Looks at the files for TLS; the file system when absent. */
  readonly watch?: Watch;
  /** Told of every websocket that was let in. */
  readonly onLink: (link: SocketLink, entrance: Entrance) => void;
  /** Told of every line on `/log` that was let in; there is no such path when absent. */
  readonly onLine?: ((line: LogSocket, entrance: Entrance) => void) | undefined;
  /** Told when one is gone. */
  readonly onGone: (link: SocketLink) => void;
}

const systemTimer: StartTimer = (task, waitMs) => {
  const timer = setTimeout(task, waitMs).unref();
  return () => clearTimeout(timer);
};

/** The way in. */
export class FrontDoor {
  readonly connections: Connections;
  readonly throttle: Throttle;
  readonly newcomers: Newcomers;
  readonly traffic: Traffic = new Traffic();
  readonly upgrade: Upgrade;
  readonly unfinished: Unfinished;
  readonly #listener: Listener;
  readonly #adminListener: Listener | undefined;
  readonly #addresses: ClientAddresses;
  readonly #parts: FrontDoorParts;
  #tlsReload: TlsReload | undefined;

  /** @throws GraphError OPTION_INVALID */
  constructor(parts: FrontDoorParts) {
    const { options, logger, heartbeat, slices, now, repeat, startTimer = systemTimer } = parts;
    this.#parts = parts;
    this.#addresses = new ClientAddresses(options);
    this.#listener = new Listener(options, parts.onRequest);
    this.#adminListener = adminListenerOf(parts);
    const { server } = this.#listener;
    const addresses = this.#addresses;
    const admission = new Admission({ options, addresses, now });
    this.connections = new Connections({ server, options, addresses, now, repeat });
    const report = (event: string, link: { readonly name: string }): void =>
      logger.log('debug', { kind: `peer-${event}`, link: link.name });
    this.throttle = new Throttle({ options, now, repeat, startTimer, report });
    this.newcomers = new Newcomers(options, now);
    this.unfinished = new Unfinished(options.unfinishedBytes, (bytes) =>
      logger.log('info', { kind: 'unfinished-cut', bytes }),
    );
    this.upgrade = new Upgrade({
      server,
      heartbeat,
      slices,
      limits: options.limits,
      traffic: this.traffic,
      unfinished: this.unfinished,
      admit: (request) => admission.admit(request),
      onLink: parts.onLink,
      onLine: parts.onLine,
      onGone: parts.onGone,
    });
  }

  /** Who sent a request. */
  clientOf(request: IncomingMessage): Client {
    return this.#addresses.of(request);
  }

  /**
   * Binds the ports.
   *
   * @returns them; that for operators is 0 when there is none
   * @throws GraphError RELAY_LISTEN_FAILED
   */
  async listen(): Promise<{ readonly port: number; readonly adminPort: number }> {
    const adminPort = (await this.#adminListener?.listen()) ?? 0;
    const port = await this.#listener.listen();
    this.connections.start();
    this.throttle.start();
    if (this.#parts.options.httpsKey !== '') this.#tlsReload = this.#watchTls();
    return { port, adminPort };
  }

  /** Lets nobody in any more; resolves when the last connection, websockets included, has ended. */
  async close(): Promise<void> {
    this.connections.close();
    this.throttle.close();
    this.#tlsReload?.close();
    this.upgrade.close();
    await Promise.all([this.#listener.close(), this.#adminListener?.close()]);
  }

  /** Cuts off whatever is left. */
  terminate(): void {
    this.upgrade.terminate();
    this.#listener.terminate();
    this.#adminListener?.terminate();
  }

  #watchTls(): TlsReload {
    const { options, logger, startTimer = systemTimer, watch = watchByName } = this.#parts;
    return new TlsReload({
      options,
      server: this.#listener.server as Server,
      watch,
      startTimer,
      report: (fault) => {
        if (fault === undefined) logger.log('info', { kind: 'tls-reloaded' });
        else logger.log('error', { kind: 'tls-reload-failed', reason: fault });
      },
    });
  }
}

function adminListenerOf({ options, onAdminRequest }: FrontDoorParts): Listener | undefined {
  const { adminPort, requestMs } = options;
  if (adminPort === undefined) return undefined;
  const plain = { port: adminPort, host: ADMIN_HOST, httpsKey: '', httpsCert: '', requestMs };
  return new Listener(plain, onAdminRequest);
}
