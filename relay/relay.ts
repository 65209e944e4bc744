/** The relay: storage, writer, mesh, HTTP and sockets composed, opened and closed in order. */
import { setTimeout } from 'node:timers/promises';
import { LevelStorage } from '../adapters/level.ts';
import { Dialler } from '../adapters/websocket-link.ts';
import { systemClock, type Clock } from '../lib/base/clock.ts';
import { GraphError } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import { limitsWith, type Limits } from '../lib/base/limits.ts';
import { CLOSE, type Link } from '../lib/mesh/link.ts';
import type { MeshEvent } from '../lib/mesh/context.ts';
import { Mesh } from '../lib/mesh/mesh.ts';
import { GraphStore } from '../lib/store/graph-store.ts';
import type { Storage } from '../lib/store/storage.ts';
import { Writer } from '../lib/store/writer.ts';
import { dialSocketClass } from './dial-socket.ts';
import { isWritable } from './disk-probe.ts';
import { Heartbeat } from './heartbeat.ts';
import { createHttp } from './http.ts';
import { Listener } from './listener.ts';
import { createLogger, guardEventLevel, meshEventLevel, type Logger } from './logger.ts';
import { assertWhole } from './options.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from './option-table.ts';
import { toPeerUrl } from './peer-url.ts';
import type { SocketLink } from './socket-link.ts';
import { GuardedStorage } from './store-guard.ts';
import { Upgrade } from './upgrade.ts';

/** Gun's relays beat every 20 s (gun-wire section 2.6). */
const HEARTBEAT_MS = 20_000;
/** How long listening waits for the store: long enough to refuse a locked folder, short for waiting clients. */
const HEAD_START_MS = 500;
const DRAIN_MS = 2500;
const GOODBYE_MS = 1000;
const GOODBYE = 'relay is stopping';

/** Options of {@link createRelay}: some of the relay's options, and some of its limits. */
export type RelaySettings = Partial<Omit<RelayOptions, 'limits'>> & { readonly limits?: Partial<Limits> };

/** What a program may put in place of the relay's own parts. */
export interface RelayParts {
  /** In place of LevelDB in the data folder. */
  readonly storage?: Storage;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** A relay that is not listening yet. */
export function createRelay(settings: RelaySettings = {}, parts: RelayParts = {}): Relay {
  const options = { ...DEFAULT_OPTIONS, ...settings, limits: limitsWith(settings.limits) };
  assertWhole(options);
  return new Relay(options, parts);
}

/** A GunDB relay on one port, with its graph on disk. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #logger: Logger;
  readonly #storage: Storage;
  readonly #writer: Writer;
  readonly #mesh: Mesh;
  readonly #listener: Listener;
  readonly #upgrade: Upgrade;
  readonly #heartbeat = new Heartbeat(HEARTBEAT_MS);
  readonly #diallers: readonly Dialler[];
  /** Links that came before the store was open. */
  readonly #waiting = new Set<SocketLink>();
  readonly #life = new Lifecycle(
    () => this.#open(),
    () => this.#close(),
  );
  #ready: Promise<void> | undefined;
  #isReady = false;
  #isStopping = false;
  #port = 0;

  /** Use {@link createRelay}. */
  constructor(options: RelayOptions, parts: RelayParts) {
    const { limits } = options;
    const clock = parts.clock ?? systemClock;
    const report = (event: MeshEvent): void => this.#logger.log(meshEventLevel(event), event);
    const disk = new GuardedStorage({
      location: options.data,
      durability: options.durability,
      storage: new LevelStorage({
        location: options.data,
        durability: options.durability,
        isWritable: () => isWritable(options.data),
      }),
      report: (event) => this.#logger.log(guardEventLevel(event), event),
    });
    const storage = parts.storage ?? disk;
    const graph = new GraphStore({ storage, limits });
    const common = { graph, limits, clock, schedule: setImmediate, report };
    this.#options = options;
    this.#logger = parts.logger ?? createLogger(options.logLevel);
    this.#storage = storage;
    this.#writer = new Writer({ ...common, storage });
    this.#mesh = new Mesh({ ...common, writer: this.#writer });
    this.#listener = new Listener(
      options,
      createHttp({ limits, isReady: () => this.#isReady, isDamaged: () => disk.damage !== undefined }),
    );
    this.#upgrade = new Upgrade({
      server: this.#listener.server,
      heartbeat: this.#heartbeat,
      frameBytes: limits.frameBytes,
      onLink: (link) => this.#onClient(link),
    });
    const DialSocket = dialSocketClass({ frameBytes: limits.frameBytes, heartbeat: this.#heartbeat });
    this.#diallers = options.peers.map((peer) => {
      const onLink = (link: Link): void => this.#onRelay(link);
      return new Dialler({ url: toPeerUrl(peer), WebSocket: DialSocket, onLink });
    });
  }

  /** The port listened on, 0 before `listen`. */
  get port(): number {
    return this.#port;
  }

  /** Peers connected now, relays included. */
  get peerCount(): number {
    return this.#mesh.peerCount;
  }

  /**
   * Opens the store and listens; resolves when clients can connect.
   *
   * With a store that needs long to recover that is before it can answer: connections wait for
   * {@link ready}.
   *
   * @throws GraphError STORAGE_LOCKED, STORAGE_UNREADABLE or RELAY_LISTEN_FAILED, and nothing stays open then;
   * LIFECYCLE_CLOSED after that, and after `close`
   */
  async listen(): Promise<{ readonly port: number }> {
    if (this.#isStopping) throw new GraphError('LIFECYCLE_CLOSED');
    await this.#life.open();
    return { port: this.#port };
  }

  /**
   * Resolves when the store is open and clients are served; rejects with the error of the store.
   *
   * @throws GraphError STORAGE_NOT_OPEN before `listen`
   */
  ready(): Promise<void> {
    return this.#ready ?? Promise.reject(new GraphError('STORAGE_NOT_OPEN'));
  }

  /** Answers what is in flight, flushes, says goodbye to every peer with 1001, closes the store. Idempotent. */
  close(): Promise<void> {
    return this.#life.close();
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<void> {
    const opening = this.#openStore();
    try {
      await withinOrGoOn(HEAD_START_MS, opening);
      this.#port = await this.#listener.listen();
    } catch (error) {
      this.#isStopping = true;
      await this.#listener.close();
      await opening.then(() => this.#closeStore()).catch(() => undefined);
      throw error;
    }
    this.#heartbeat.start();
    this.#logger.log('info', { kind: 'listening', port: this.#port, data: this.#options.data });
    this.#ready = opening.then(() => this.#serve());
    this.#ready.catch((error: unknown) =>
      this.#logger.log('error', { kind: 'store-failed', reason: String(error) }),
    );
  }

  async #openStore(): Promise<void> {
    await this.#storage.open();
    try {
      await this.#writer.open();
    } catch (error) {
      await this.#storage.close();
      throw error;
    }
  }

  #serve(): void {
    if (this.#isStopping) return;
    this.#isReady = true;
    for (const link of this.#waiting) this.#mesh.accept(link, 'client');
    this.#waiting.clear();
    for (const dialler of this.#diallers) dialler.start();
    this.#logger.log('info', { kind: 'ready' });
  }

  #onClient(link: SocketLink): void {
    if (this.#isReady) this.#mesh.accept(link, 'client');
    else this.#waiting.add(link);
  }

  #onRelay(link: Link): void {
    if (this.#isReady) this.#mesh.accept(link, 'relay');
    else link.close(CLOSE.goingAway, GOODBYE);
  }

  /** Goes through all steps, whichever of them fails. */
  async #close(): Promise<void> {
    this.#isStopping = true;
    this.#isReady = false;
    this.#logger.log('info', { kind: 'stopping', peers: this.#mesh.peerCount });
    this.#heartbeat.close();
    this.#upgrade.close();
    const lastConnection = this.#listener.close();
    for (const link of this.#waiting) link.close(CLOSE.goingAway, GOODBYE);
    try {
      await withinOrGoOn(DRAIN_MS, this.#mesh.close(CLOSE.goingAway, GOODBYE));
    } finally {
      await this.#hangUp(lastConnection);
    }
    this.#logger.log('info', { kind: 'stopped' });
  }

  /** Gives the peers a moment for their goodbye, and closes the store meanwhile. */
  async #hangUp(lastConnection: Promise<void>): Promise<void> {
    for (const dialler of this.#diallers) dialler.close();
    const goodbye = withinOrGoOn(GOODBYE_MS, lastConnection);
    try {
      await this.#ready?.catch(() => undefined);
      await this.#closeStore();
    } finally {
      await goodbye;
      this.#upgrade.terminate();
      this.#listener.terminate();
      await lastConnection;
    }
  }

  async #closeStore(): Promise<void> {
    try {
      await this.#writer.close();
    } finally {
      await this.#storage.close();
    }
  }
}

/** Waits for `work`, but not longer than `ms`; what fails in time is thrown. */
async function withinOrGoOn(ms: number, work: Promise<void>): Promise<void> {
  const waiting = new AbortController();
  const late = setTimeout(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
  // A failure after that time has nobody to tell.
  work.catch(() => undefined);
  try {
    await Promise.race([work, late]);
  } finally {
    waiting.abort();
  }
}
