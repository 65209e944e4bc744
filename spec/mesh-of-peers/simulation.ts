/** One random run of a network of relays and clients: trouble, then healing, then what everybody holds. */
import { LoopbackNetwork, type LinkConditions } from '../../adapters/loopback-link.ts';
import type { Value } from '../../lib/graph/value.ts';
import type { Link } from '../../lib/mesh/link.ts';
import { OF_MESHES, putTimersOn } from '../support/code-timers.ts';
import { NaiveGraph } from '../support/naive-graph.ts';
import { TappedLink } from '../support/recording-link.ts';
import { RelayNode } from './relay-node.ts';
import { ScriptedClient, type Place } from './scripted-client.ts';

/** How the relays are joined. */
export type Topology = 'line' | 'ring' | 'star' | 'full';

const STEPS = 40;
const MINUTE_MS = 60_000;
/** Clocks are off by this much at most; twice that stays below the horizon for future writes. */
const SKEW_MS = 2 * MINUTE_MS;
const AHEAD_MS = 3 * MINUTE_MS;
const VALUES: readonly Value[] = [null, true, false, 0, 1, 2, 10, 'a', 'b', 'ab', { '#': 'link' }];
const SOULS = ['alpha', 'beta', '__proto__', 'dé/😀'];
const KEYS = ['k', 'l', '__proto__'];

/** A link between two relays, or a client and a relay, that can be cut and joined again. */
interface Edge {
  readonly names: readonly [string, string];
  readonly isBetweenRelays: boolean;
  /** Joins both ends with links. */
  readonly join: (near: Link, far: Link) => void;
  links: readonly TappedLink[];
  /** True when frames may be lost on it unnoticed: only a cut and asking anew bring them back. */
  isLossy: boolean;
}

/** What a run came to. */
export interface Outcome {
  /** One line for each replica that does not hold what it should. */
  readonly faults: readonly string[];
  /** Messages sent by relays and clients in all. */
  readonly messages: number;
  /** Most messages that this many reads and writes may cause. */
  readonly mostMessages: number;
}

/** A network in trouble; everything in it follows from the seed. */
export class Simulation {
  readonly #network: LoopbackNetwork;
  readonly #relays: RelayNode[] = [];
  readonly #clients: ScriptedClient[] = [];
  readonly #edges: Edge[] = [];
  /** Each client's way to its relay. */
  readonly #homes = new Map<ScriptedClient, Edge>();
  readonly #written = new NaiveGraph();
  readonly #tapped: TappedLink[] = [];
  /** Souls that relays may ask each other for because a link came up. */
  #catchUps = 0;
  #isLosing = false;

  constructor(seed: number, topology: Topology) {
    this.#network = new LoopbackNetwork({ seed, minDelayMs: 0, maxDelayMs: 20 });
    const relays = 2 + this.#below(4);
    for (let i = 0; i < relays; i += 1) {
      this.#relays.push(new RelayNode(this.#network, `relay${i}`, this.#around(SKEW_MS)));
    }
    this.#joinRelays(topology);
    const clients = 2 + this.#below(4);
    for (let i = 0; i < clients; i += 1) this.#addClient(`client${i}`);
  }

  /** Runs it to its end. */
  async run(): Promise<Outcome> {
    const restoreTimers = this.#takeTimers();
    try {
      for (const relay of this.#relays) await relay.start();
      for (const edge of this.#edges) this.#join(edge, this.#conditions());
      for (let step = 0; step < STEPS; step += 1) {
        await this.#act();
        await this.#network.advance(this.#chance(0.1) ? this.#below(4000) : this.#below(60));
      }
      await this.#heal();
      const faults = [...(await this.#compareClients()), ...(await this.#compareRelays())];
      return { faults, messages: this.#countMessages(), mostMessages: this.#mostMessages() };
    } finally {
      for (const relay of this.#relays) if (relay.isRunning) relay.stop();
      await this.#network.run();
      restoreTimers();
    }
  }

  // Building

  #joinRelays(topology: Topology): void {
    const count = this.#relays.length;
    for (let a = 0; a < count; a += 1) {
      for (let b = a + 1; b < count; b += 1) {
        const isNext = b === a + 1;
        const isJoined = {
          line: isNext,
          ring: isNext || (a === 0 && b === count - 1),
          star: a === 0,
          full: true,
        }[topology];
        if (!isJoined) continue;
        const [from, to] = this.#chance(0.5) ? [a, b] : [b, a];
        this.#addRelayEdge(this.#relays[from]!, this.#relays[to]!);
        if (this.#chance(0.2)) this.#addRelayEdge(this.#relays[to]!, this.#relays[from]!);
      }
    }
  }

  #addRelayEdge(dialler: RelayNode, acceptor: RelayNode): void {
    this.#edges.push({
      names: [dialler.name, acceptor.name],
      isBetweenRelays: true,
      join: (near, far) => {
        acceptor.accept(far, 'client');
        dialler.accept(near, 'relay');
      },
      links: [],
      isLossy: false,
    });
  }

  #addClient(name: string): ScriptedClient {
    const client = new ScriptedClient(name, {
      sendsHash: this.#chance(0.5),
      acks: this.#chance(0.3),
      isNode: this.#chance(0.2),
    });
    this.#clients.push(client);
    this.#settle(client, this.#pick(this.#relays));
    this.#subscribe(client);
    return client;
  }

  /** Gives a client a relay to connect to. */
  #settle(client: ScriptedClient, relay: RelayNode): Edge {
    const before = this.#homes.get(client);
    if (before !== undefined) this.#edges.splice(this.#edges.indexOf(before), 1);
    const edge: Edge = {
      names: [client.name, relay.name],
      isBetweenRelays: false,
      join: (near, far) => {
        relay.accept(far, 'client');
        client.connect(near);
      },
      links: [],
      isLossy: false,
    };
    this.#homes.set(client, edge);
    this.#edges.push(edge);
    return edge;
  }

  // What happens

  async #act(): Promise<void> {
    const chance = this.#network.random();
    if (chance < 0.5) this.#write();
    else if (chance < 0.6) this.#subscribe(this.#pick(this.#clients));
    else if (chance < 0.68) this.#cut(this.#pick(this.#edges));
    else if (chance < 0.82) this.#rejoin();
    else if (chance < 0.86) this.#partition();
    else if (chance < 0.9) this.#endPartition();
    else if (chance < 0.95) await this.#restart(this.#pick(this.#relays));
    else this.#move(this.#pick(this.#clients));
  }

  #write(): void {
    const client = this.#pick(this.#clients);
    const place = this.#pick(client.interests);
    const keys = place.key === undefined ? KEYS.filter(() => this.#chance(0.5)) : [place.key];
    if (keys.length === 0) return;
    const fields = Object.create(null) as Record<string, Value>;
    for (const key of keys) fields[key] = this.#pick(VALUES);
    this.#written.putAll(client.write(place.soul, fields, this.#state()));
  }

  /** Often one of few, so that states tie; sometimes ahead of everybody's clock. */
  #state(): number {
    const now = this.#network.clock();
    const chance = this.#network.random();
    if (chance < 0.4) return 1 + this.#below(3);
    return chance < 0.8 ? now - SKEW_MS - this.#below(3) : now + this.#below(AHEAD_MS);
  }

  #subscribe(client: ScriptedClient): void {
    const soul = this.#pick(SOULS);
    client.subscribe({ soul, key: this.#chance(0.4) ? this.#pick(KEYS) : undefined });
  }

  #join(edge: Edge, conditions: LinkConditions): void {
    if (isUp(edge)) return;
    const [near, far] = this.#network.connect(...edge.names, conditions);
    edge.links = [new TappedLink(near), new TappedLink(far)];
    edge.isLossy = this.#isLosing || (conditions.loss ?? 0) > 0;
    this.#tapped.push(...edge.links);
    if (edge.isBetweenRelays) this.#catchUps += 2 * SOULS.length;
    edge.join(edge.links[0]!, edge.links[1]!);
  }

  #cut(edge: Edge): void {
    // One side knows first; the other one hears of it later.
    const [first, second] = this.#chance(0.5) ? edge.links : edge.links.toReversed();
    first?.close(1001, 'cut');
    if (this.#chance(0.5)) second?.close(1001, 'cut');
  }

  /** Brings back one link that is down. */
  #rejoin(): void {
    const down = this.#edges.filter((edge) => !isUp(edge));
    if (down.length > 0) this.#join(this.#pick(down), this.#conditions());
  }

  #partition(): void {
    this.#endPartition();
    const names = [...this.#relays, ...this.#clients].map(({ name }) => name);
    const mode = this.#chance(0.5) ? 'close' : 'lose';
    this.#network.partition([names.filter(() => this.#chance(0.5))], mode);
    this.#isLosing = mode === 'lose';
    for (const edge of this.#edges) edge.isLossy ||= this.#isLosing;
  }

  #endPartition(): void {
    this.#network.heal();
    this.#isLosing = false;
  }

  async #restart(relay: RelayNode): Promise<void> {
    for (const edge of this.#edges) if (edge.names.includes(relay.name)) this.#cut(edge);
    relay.stop();
    await this.#network.advance(100 + this.#below(400));
    await relay.start();
  }

  /** A client comes back elsewhere. */
  #move(client: ScriptedClient): void {
    this.#cut(this.#homes.get(client)!);
    const edge = this.#settle(client, this.#pick(this.#relays));
    if (this.#chance(0.7)) this.#join(edge, this.#conditions());
  }

  async #heal(): Promise<void> {
    this.#endPartition();
    for (const edge of this.#edges) if (edge.isLossy) this.#cut(edge);
    await this.#network.advance(1000);
    const reorder = this.#chance(0.3);
    for (const edge of this.#edges) {
      this.#join(edge, { minDelayMs: this.#below(30), maxDelayMs: 30 + this.#below(100), reorder });
    }
    if (!(await this.#network.run())) throw new Error('the network does not come to rest');
  }

  // What it came to

  async #compareClients(): Promise<string[]> {
    return this.#clients.flatMap((client) =>
      client.interests.flatMap((place) => {
        const wanted = this.#wantedOf(place);
        const held = client.lines(place);
        return sameLines(wanted, held) ? [] : [faultOf(client.name, place, wanted, held)];
      }),
    );
  }

  /** A stranger at each relay reads everything; then every relay holds all. */
  async #compareRelays(): Promise<string[]> {
    const faults = this.#relays.flatMap(({ name, troubles }) =>
      troubles.map((event) => `${name} reported ${JSON.stringify(event)}`),
    );
    const readers = this.#relays.map((relay) => {
      const reader = new ScriptedClient(`reader of ${relay.name}`, {
        sendsHash: false,
        acks: false,
        isNode: false,
      });
      this.#join(this.#settle(reader, relay), {});
      for (const soul of SOULS) reader.subscribe({ soul, key: undefined });
      return reader;
    });
    if (!(await this.#network.run())) throw new Error('the network does not come to rest after reads');
    for (const [at, relay] of this.#relays.entries()) {
      for (const soul of SOULS) {
        const place = { soul, key: undefined };
        const wanted = this.#wantedOf(place);
        const [held, read] = [await relay.lines([soul]), readers[at]!.lines(place)];
        if (!sameLines(wanted, held)) faults.push(faultOf(relay.name, place, wanted, held));
        if (!sameLines(wanted, read)) faults.push(faultOf(readers[at]!.name, place, wanted, read));
      }
    }
    return faults;
  }

  #wantedOf({ soul, key }: Place): string[] {
    return this.#written.lines().filter((line) => {
      const [ofSoul, ofKey] = JSON.parse(line) as [string, string];
      return ofSoul === soul && (key === undefined || ofKey === key);
    });
  }

  #countMessages(): number {
    return this.#tapped.reduce((count, link) => count + link.messages.length, 0);
  }

  /**
   * Each read and write may go over each link between relays in both directions and be answered there, be
   * answered, asked back and answered where it came from, and be told to every client.
   */
  #mostMessages(): number {
    const causes = this.#clients.reduce((count, client) => count + client.said, this.#catchUps);
    const relayLinks = this.#edges.filter((edge) => edge.isBetweenRelays).length;
    return causes * (4 * relayLinks + 4 + this.#clients.length);
  }

  // Chance and time

  #conditions(): LinkConditions {
    const isLossy = this.#chance(0.25);
    return {
      minDelayMs: this.#below(10),
      maxDelayMs: 10 + this.#below(200),
      loss: isLossy ? 0.3 * this.#network.random() : 0,
      duplication: this.#chance(0.3) ? 0.3 : 0,
      reorder: this.#chance(0.3),
    };
  }

  #below(limit: number): number {
    return Math.floor(this.#network.random() * limit);
  }

  #around(limit: number): number {
    return this.#below(2 * limit) - limit;
  }

  #chance(probability: number): boolean {
    return this.#network.random() < probability;
  }

  #pick<T>(things: readonly T[]): T {
    return things[this.#below(things.length)]!;
  }

  /** Puts the timers of this process on the network's time; gives the way back. */
  #takeTimers(): () => void {
    const { timers } = this.#network;
    // Graphs of earlier specs may still look after their links.
    return putTimersOn(
      {
        startTimer: (task, waitMs) => {
          const timer = timers.setTimeout(task, waitMs);
          return () => timers.clearTimeout(timer);
        },
      },
      OF_MESHES,
    );
  }
}

/** What the side knows that would dial again. */
function isUp(edge: Edge): boolean {
  return edge.links[0]?.isOpen === true;
}

function sameLines(wanted: readonly string[], held: readonly string[]): boolean {
  return wanted.length === held.length && wanted.every((line, at) => line === held[at]);
}

function faultOf(
  name: string,
  { soul, key }: Place,
  wanted: readonly string[],
  held: readonly string[],
): string {
  const place = JSON.stringify(key === undefined ? soul : [soul, key]);
  return `${name} at ${place}: should hold ${wanted.join(' ')} but holds ${held.join(' ')}`;
}
