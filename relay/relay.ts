/** The relay: storage, writer, mesh, HTTP and sockets composed, opened and closed in order. */
import { LevelStorage } from '../adapters/level.ts';
import { systemClock, type Clock } from '../lib/base/clock.ts';
import { GraphError } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import { limitsWith, type Limits } from '../lib/base/limits.ts';
import { Slices } from '../lib/base/slices.ts';
import { CLOSE } from '../lib/mesh/link.ts';
import type { MeshEvent } from '../lib/mesh/context.ts';
import { Mesh } from '../lib/mesh/mesh.ts';
import { saysTheSame } from '../lib/sea/signed-value.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { KeyPair } from '../lib/log/key-pair.ts';
import { GraphStore } from '../lib/store/graph-store.ts';
import { APP_FORMAT_KEY } from '../lib/store/keys.ts';
import type { Past } from '../lib/store/past.ts';
import { weighPuts } from '../lib/store/put-weight.ts';
import type { Storage } from '../lib/store/storage.ts';
import { Writer } from '../lib/store/writer.ts';
import { aboutRelay } from './about.ts';
import { AccessPolicy } from './access-policy.ts';
import { adminRoutes, createAdminHttp, OperatorCheck } from './admin.ts';
import { withinOrGoOn } from './deadline.ts';
import { isWritable } from './disk-probe.ts';
import { FolderSize } from './folder-size.ts';
import { FrontDoor } from './front-door.ts';
import { Heartbeat, repeat, type Repeat } from './heartbeat.ts';
import { createHttp } from './http.ts';
import { LimitedLogger } from './log-limit.ts';
import { createLogger, guardEventLevel, logsEventLevel, meshEventLevel, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { assertWhole } from './options.ts';
import { DEFAULT_OPTIONS, type RelayOptions } from './option-table.ts';
import { GOODBYE, Reception } from './reception.ts';
import { RelayLogs } from './relay-logs.ts';
import { GuardedStorage } from './store-guard.ts';
import { Uplinks } from './uplinks.ts';
import { WatchedStorage } from './watched-storage.ts';

/** Gun's relays beat every 20 s (gun-wire section 2.6). */
const HEARTBEAT_MS = 20_000;
/** How long listening waits for the store: long enough to refuse a locked folder, short for waiting clients. */
const HEAD_START_MS = 500;
const DRAIN_MS = 2500;
const GOODBYE_MS = 1000;
/** Why a relay with a damaged store is not ready. */
const DAMAGED = 'the store is damaged and read-only';

/** Options of {@link createRelay}: some of the relay's options, and some of its limits. */
export type RelaySettings = Partial<Omit<RelayOptions, 'limits'>> & { readonly limits?: Partial<Limits> };

/** What a program may put in place of the relay's own parts. */
export interface RelayParts {
  /** In place of LevelDB in the data folder. */
  readonly storage?: Storage;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** In place of the key file, or of the key that a storage of one's own keeps. */
  readonly key?: KeyPair;
  /** Runs what is done again and again: heartbeats, and the search for connections that say nothing. */
  readonly repeat?: Repeat;
  /** Waits once, for peers that are too fast. */
  readonly startTimer?: StartTimer;
  /** Milliseconds that never go back, for rates and waits. */
  readonly now?: () => number;
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
  readonly #logger: LimitedLogger;
  /** The store on disk, unless a program put another one in its place. */
  readonly #guard: GuardedStorage | undefined;
  readonly #storage: WatchedStorage;
  readonly #graph: GraphStore;
  readonly #slices: Slices;
  readonly #logs: RelayLogs;
  readonly #writer: Writer;
  readonly #mesh: Mesh;
  readonly #heartbeat: Heartbeat;
  readonly #door: FrontDoor;
  readonly #reception: Reception;
  readonly #metrics: Metrics;
  readonly #uplinks: Uplinks;
  readonly #policy: AccessPolicy | undefined;
  readonly #life = new Lifecycle(
    () => this.#open(),
    () => this.#close(),
  );
  #ready: Promise<void> | undefined;
  #isReady = false;
  #isStopping = false;
  #storeFailure: string | undefined;
  #port = 0;
  #adminPort = 0;

  /** Use {@link createRelay}. */
  constructor(options: RelayOptions, parts: RelayParts) {
    const { limits } = options;
    const now = parts.now ?? (() => performance.now());
    const every = parts.repeat ?? repeat;
    this.#options = options;
    this.#logger = new LimitedLogger({
      logger: parts.logger ?? createLogger(options.logLevel),
      linesPerMinute: options.logLines,
      repeat: every,
    });
    this.#guard = parts.storage === undefined ? this.#makeGuard() : undefined;
    this.#storage = new WatchedStorage({ storage: this.#guard ?? parts.storage!, now });
    // One for all: whatever is cut into slices has one of them a turn.
    this.#slices = new Slices({ schedule: setImmediate });
    this.#graph = new GraphStore({ storage: this.#storage, limits, slices: this.#slices });
    const report = (event: MeshEvent): void => this.#logger.log(meshEventLevel(event), event);
    const clock = parts.clock ?? systemClock;
    const common = {
      graph: this.#graph,
      limits,
      clock,
      schedule: setImmediate,
      slices: this.#slices,
      report,
    };
    const isGuarded = options.sea === 'on';
    this.#policy = isGuarded ? new AccessPolicy(common) : undefined;
    this.#logs = new RelayLogs({
      options,
      storage: this.#storage,
      clock,
      slices: this.#slices,
      key: parts.key,
      hasFolder: parts.storage === undefined,
      report: (event) => this.#logger.log(logsEventLevel(event), { ...event }),
    });
    this.#writer = new Writer({
      ...common,
      storage: this.#storage,
      weigh: weighPuts(limits),
      saysTheSame: isGuarded ? saysTheSame : undefined,
      logs: this.#logs.forWriter,
    });
    const { network: logs, inBand } = this.#logs;
    this.#mesh = new Mesh({ ...common, writer: this.#writer, policy: this.#policy, inBand, logs });
    this.#heartbeat = new Heartbeat(HEARTBEAT_MS, every);
    this.#door = this.#makeDoor(now, every, parts.startTimer);
    const { newcomers, throttle } = this.#door;
    this.#reception = new Reception({ mesh: this.#mesh, logs, throttle, newcomers });
    this.#uplinks = new Uplinks({
      peers: options.peers,
      limits,
      heartbeat: this.#heartbeat,
      traffic: this.#door.traffic,
      onLink: (link) => this.#reception.relay(link),
      onLine: (line) => this.#reception.dialledLine(line),
    });
    const folder = parts.storage === undefined ? new FolderSize(options.data, now) : undefined;
    this.#metrics = this.#makeMetrics(folder);
  }

  /** The port listened on, 0 before `listen`. */
  get port(): number {
    return this.#port;
  }

  /** The port for operators, 0 before `listen` and when there is none. */
  get adminPort(): number {
    return this.#adminPort;
  }

  /** Peers connected now, relays included. */
  get peerCount(): number {
    return this.#mesh.peerCount;
  }

  /** Resolves when everything that was acknowledged is in a log; with another `legacy` than `witness` at once. */
  witnessed(): Promise<void> {
    return this.#logs.witnessed();
  }

  /** The graph as its logs say that it was, once the store is open. */
  get past(): Past {
    return this.#logs.past(this.#graph);
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

  #makeGuard(): GuardedStorage {
    const { data: location, durability } = this.#options;
    return new GuardedStorage({
      location,
      durability,
      storage: new LevelStorage({ location, durability, isWritable: () => isWritable(location) }),
      report: (event) => this.#logger.log(guardEventLevel(event), event),
    });
  }

  #makeDoor(now: () => number, every: Repeat, startTimer: StartTimer | undefined): FrontDoor {
    const options = this.#options;
    const admin = {
      metrics: async () => ({ contentType: this.#metrics.contentType, text: await this.#metrics.text() }),
      logs: () => (this.#isReady ? this.#logs.access(this.#graph) : undefined),
    };
    const operators = new OperatorCheck(options, (request) => this.#door.clientOf(request));
    const onRequest = createHttp({
      about: aboutRelay(options),
      examples: options.examples,
      deadReason: () => this.#storeFailure,
      unreadyReason: () => this.#unreadyReason(),
      admin: adminRoutes(admin, operators.handle),
    });
    return new FrontDoor({
      options,
      onRequest,
      onAdminRequest: createAdminHttp(admin),
      heartbeat: this.#heartbeat,
      slices: this.#slices,
      logger: this.#logger,
      now,
      repeat: every,
      startTimer,
      onLink: (link, entrance) => this.#reception.client(link, entrance),
      onLine:
        this.#logs.network === undefined
          ? undefined
          : (line, { client }) => this.#reception.line(line, client),
      onGone: (link) => this.#reception.gone(link),
    });
  }

  #makeMetrics(folder: FolderSize | undefined): Metrics {
    const { connections, throttle, traffic, unfinished, upgrade } = this.#door;
    return new Metrics({
      mesh: this.#mesh,
      graph: this.#graph,
      writer: this.#writer,
      storage: this.#storage,
      connections,
      throttle,
      traffic,
      unfinished,
      upgrade,
      peers: this.#options.peers,
      logs: this.#logs.figures,
      storeBytes: async () => folder?.bytes(),
    });
  }

  async #unreadyReason(): Promise<string | undefined> {
    if (this.#isStopping) return 'stopping';
    if (this.#storeFailure !== undefined) return this.#storeFailure;
    if (!this.#isReady) return 'starting';
    if (this.#guard?.damage !== undefined) return DAMAGED;
    return (await this.#storage.takesWrites()) ? undefined : 'the storage takes no writes';
  }

  async #open(): Promise<void> {
    const opening = this.#openStore();
    try {
      await withinOrGoOn(HEAD_START_MS, opening);
      const { port, adminPort } = await this.#door.listen();
      this.#port = port;
      this.#adminPort = adminPort;
    } catch (error) {
      this.#isStopping = true;
      await this.#door.close();
      await opening.then(() => this.#closeStore()).catch(() => undefined);
      throw error;
    }
    this.#heartbeat.start();
    this.#logger.start();
    this.#logger.log('info', { kind: 'listening', port: this.#port, data: this.#options.data });
    this.#ready = opening.then(() => this.#serve());
    this.#ready.catch((error: unknown) => {
      this.#storeFailure = 'the store could not be opened';
      this.#logger.log('error', { kind: 'store-failed', reason: String(error) });
    });
  }

  async #openStore(): Promise<void> {
    await this.#storage.open();
    try {
      if ((await this.#storage.getText(APP_FORMAT_KEY)) !== undefined)
        throw new GraphError('STORAGE_UNREADABLE', 'holds the graph of an app');
      await this.#logs.open({
        writer: this.#writer,
        graph: this.#graph,
        relays: this.#mesh.relays,
        send: (peer, text) => this.#mesh.send(peer, text),
        drained: (peer) => this.#mesh.drained(peer),
        hold: (peer, isHeld) => this.#mesh.hold(peer, isHeld),
        hasLogs: (link) => this.#uplinks.hasLogs(link),
        allow: this.#policy?.allowed.bind(this.#policy),
        changed: (writes, node) => this.#mesh.toldByLogs(writes, node),
      });
      await this.#writer.open();
      this.#logs.start();
    } catch (error) {
      await this.#logs.abandon();
      await this.#storage.close();
      throw error;
    }
  }

  #serve(): void {
    if (this.#isStopping) return;
    this.#isReady = true;
    this.#reception.open();
    this.#uplinks.start();
    this.#logger.log('info', { kind: 'ready' });
  }

  /** Goes through all steps, whichever of them fails. */
  async #close(): Promise<void> {
    this.#isStopping = true;
    this.#isReady = false;
    this.#logger.log('info', { kind: 'stopping', peers: this.#mesh.peerCount });
    this.#heartbeat.close();
    const lastConnection = this.#door.close();
    this.#reception.close();
    this.#logs.network?.close(CLOSE.goingAway, GOODBYE);
    try {
      await withinOrGoOn(DRAIN_MS, this.#mesh.close(CLOSE.goingAway, GOODBYE));
    } finally {
      await this.#hangUp(lastConnection);
    }
    this.#logger.log('info', { kind: 'stopped' });
    this.#logger.close();
  }

  /** Gives the peers a moment for their goodbye, and closes the store meanwhile. */
  async #hangUp(lastConnection: Promise<void>): Promise<void> {
    this.#uplinks.close();
    const goodbye = withinOrGoOn(GOODBYE_MS, lastConnection);
    try {
      await this.#ready?.catch(() => undefined);
      await this.#closeStore();
    } finally {
      await goodbye;
      this.#door.terminate();
      await lastConnection;
    }
  }

  async #closeStore(): Promise<void> {
    try {
      await this.#logs.close();
      await this.#writer.close();
    } finally {
      await this.#storage.close();
    }
  }
}
