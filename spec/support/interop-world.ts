/**
 * The processes, connections and folders of one spec, and their end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GunKind } from './gun-messages.ts';
import { GunProcess } from './gun-process.ts';
import { freshName, graphOf, RawPeer } from './raw-peer.ts';
import { startRealRelay, type RealRelayOptions, type RealRelayProcess } from './real-relay-process.ts';
import { startRelay, type RelayProcess, type RelayProcessOptions } from './relay-process.ts';

/** With `INTEROP_RELAY=gun` the scenarios run against gun's own relay, to see what gun itself does in them. */
const START = process.env['INTEROP_RELAY'] === 'gun' ? startRealRelay : startRelay;

/** How a client is started; as a browser by default. */
export interface ClientOptions {
  readonly peers: readonly (RelayProcess | string)[];
  readonly kind?: Exclude<GunKind, 'relay'>;
  readonly name?: string;
  /** True for a client with users. */
  readonly sea?: boolean;
}

/** Everything a spec starts, ended in reverse order by `end`. */
export class InteropWorld {
  #ends: (() => Promise<unknown>)[] = [];

  /** A new empty folder. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'thicket-interop-'));
    this.#ends.push(() => rm(path, { recursive: true, force: true }));
    return path;
  }

  /** A relay that listens, on a folder of its own unless one is given. */
  async relay(options: Partial<RelayProcessOptions> = {}): Promise<RelayProcess> {
    const relay = await START({ ...options, data: options.data ?? (await this.folder()) });
    this.#ends.push(() => relay.kill());
    return relay;
  }

  /** A relay of the gun package. */
  async realRelay(options: Partial<RealRelayOptions> = {}): Promise<RealRelayProcess> {
    const relay = await startRealRelay({ ...options, data: options.data ?? (await this.folder()) });
    this.#ends.push(() => relay.kill());
    return relay;
  }

  /** A gun client; browsers are connected when it resolves, Node apps dial when they first say something. */
  async gun({ peers, kind = 'browser', name = 'client', sea = false }: ClientOptions): Promise<GunProcess> {
    const file = kind !== 'browser' ? { file: join(await this.folder(), 'radata') } : {};
    const urls = peers.map((peer) => (typeof peer === 'string' ? peer : peer.url));
    const gun = new GunProcess({ kind, peers: urls, sea, ...file }, name);
    this.#ends.push(() => gun.end());
    await gun.ready;
    if (kind === 'browser' && urls.length > 0) await gun.connected();
    return gun;
  }

  /** Two browsers at one relay. */
  pair(relay: RelayProcess): Promise<[GunProcess, GunProcess]> {
    return Promise.all([
      this.gun({ peers: [relay], name: 'client 0' }),
      this.gun({ peers: [relay], name: 'client 1' }),
    ]);
  }

  /** Several browsers at one relay. */
  guns(count: number, relay: RelayProcess): Promise<GunProcess[]> {
    return Promise.all(
      Array.from({ length: count }, (_, at) => this.gun({ peers: [relay], name: `client ${at}` })),
    );
  }

  /** A connection that speaks the protocol message by message. */
  async raw(relay: RelayProcess, name?: string): Promise<RawPeer> {
    const peer = await RawPeer.open(relay.url, name);
    this.#ends.push(() => peer.close());
    return peer;
  }

  /** Waits until writes at one relay reach the other: their link, of which neither tells, is up. */
  async linked(from: RelayProcess, to: RelayProcess): Promise<void> {
    const mark = freshName('linked');
    const [writer, reader] = await Promise.all([RawPeer.open(from.url), RawPeer.open(to.url)]);
    await reader.get({ '#': mark });
    await writer.put(graphOf(mark, { mark: 1 }));
    await reader.next(({ put }) => put?.[mark]?.['mark'] === 1, 'a mark from the other relay');
    await Promise.all([writer.close(), reader.close()]);
  }

  /** Ends everything, the newest first. */
  async end(): Promise<void> {
    const ends = this.#ends.toReversed();
    this.#ends = [];
    const errors: unknown[] = [];
    for (const end of ends) await end().catch((error: unknown) => errors.push(error));
    if (errors.length > 0) throw new AggregateError(errors, 'not everything of the spec ended');
  }
}

/** What `useRelay` gives to the specs of a describe. */
export interface SharedRelay {
  /** The relay of all of them. */
  readonly relay: RelayProcess;
  /** What one spec starts beside it. */
  readonly world: InteropWorld;
}

/** Registers the hooks of a describe whose specs share a relay and keep apart by the names they use. */
export function useRelay(): SharedRelay {
  const shared = new InteropWorld();
  const world = new InteropWorld();
  let relay: RelayProcess | undefined;
  before(async () => {
    relay = await shared.relay();
  });
  afterEach(() => world.end());
  after(() => shared.end());
  return {
    world,
    get relay(): RelayProcess {
      if (!relay) throw new Error('the relay starts in a before hook');
      return relay;
    },
  };
}
