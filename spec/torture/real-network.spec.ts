import { expect } from 'chai';
import { LevelStorage } from '../../adapters/level.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import type { Value } from '../../lib/graph/value.ts';
import { writeOf, type FieldWrite } from '../../lib/graph/write.ts';
import { NaiveGraph } from '../support/naive-graph.ts';
import { freshId, freshName, graphOf, RawPeer, type RawMessage } from '../support/raw-peer.ts';
import { startRelay, type ThicketProcess } from '../support/relay-process.ts';
import { seed } from '../support/seed.ts';
import { storeLines } from '../support/store-lines.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { Chance } from './chance.ts';
import { isFull, scaled } from './scale.ts';

const RUNS = scaled(1, 10);
/** Writes of each client in each of the three spells: before the trouble, in it, and after it. */
const WRITES = scaled(40, 400);
/** So many times all relays are asked something while nobody says anything any more. */
const QUIET_TURNS = 50;
/** What was missed must be there this long after a link is back. */
const MOST_LATE_MS = 15_000;
const SOULS = ['alpha', 'beta', '__proto__', 'dé/😀'];
const KEYS = ['k', 'l', '__proto__', 'm'];
const VALUES: readonly Value[] = [null, true, false, 0, 1, 10, 'a', 'b', 'ab', { '#': 'link' }];
/** Few states, so that they tie. */
const STATES = 12;

/** The writes in a message, as an oracle takes them. */
function writesIn({ put = {} }: RawMessage): FieldWrite[] {
  return Object.entries(put).flatMap(([soul, node]) =>
    Object.entries(node._['>']).map(([key, state]) =>
      writeOf(soul, key, state, Object.getOwnPropertyDescriptor(node, key)?.value as Value),
    ),
  );
}

/** A client that listens to every soul, writes at random, and comes back when its relay does. */
class Client {
  /** What it wrote and was told. */
  readonly view = new NaiveGraph();
  /** Writes that were acknowledged. */
  readonly acked: FieldWrite[] = [];
  /** Every write it sent: those without an ack may have been stored, or not. */
  readonly sent: FieldWrite[] = [];
  readonly #chance: Chance;
  #peer: RawPeer | undefined;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Comes to a relay, and asks for everything. */
  async come(relay: ThicketProcess): Promise<void> {
    const peer = await RawPeer.open(relay.url);
    this.#peer = peer;
    await Promise.all(SOULS.map((soul) => peer.get({ '#': soul })));
  }

  /** Sends writes and notes which are acknowledged; the link may end meanwhile. */
  async write(count: number): Promise<void> {
    const peer = this.#peer!;
    const acks = Array.from({ length: count }, async () => {
      const [soul, key] = [this.#chance.pick(SOULS), this.#chance.pick(KEYS)];
      const [value, state] = [this.#chance.pick(VALUES), 1 + this.#chance.below(STATES)];
      const write = writeOf(soul, key, state, value);
      this.sent.push(write);
      const ack = await peer.put(graphOf(soul, [[key, value]], state));
      expect(ack).to.include({ ok: true });
      this.acked.push(write);
    });
    for (const ack of await Promise.allSettled(acks)) {
      const isCut = ack.status === 'rejected' && String(ack.reason).includes('closed with');
      if (ack.status === 'rejected' && !isCut) throw ack.reason;
    }
  }

  /** True when what it wrote and was told comes to the same as the lines. */
  holds(lines: readonly string[]): boolean {
    const heard = this.#peer?.messages.all ?? [];
    this.view.putAll(heard.splice(0).flatMap(writesIn)).putAll(this.acked);
    return JSON.stringify(this.view.lines()) === JSON.stringify(lines);
  }

  /** Everything that its relay answers now, as lines. */
  async read(): Promise<string[]> {
    const answers = await Promise.all(SOULS.map((soul) => this.#peer!.get({ '#': soul })));
    return new NaiveGraph().putAll(answers.flatMap(writesIn)).lines();
  }

  /** Leaves, or finds that the link is gone. */
  async leave(): Promise<void> {
    this.holds([]);
    await this.#peer?.close();
    this.#peer = undefined;
  }
}

/** How relays dial each other: of each its place, those that it dials. */
const TOPOLOGIES: Readonly<Record<string, readonly (readonly number[])[]>> = {
  'one relay': [[]],
  'a line of three': [[], [0], [1]],
  'a ring of three': [[], [0], [0, 1]],
};

/** Relays in processes of their own, that can be killed and come back at the same address. */
class Network {
  readonly relays: ThicketProcess[] = [];
  readonly #dials: readonly (readonly number[])[];

  constructor(dials: readonly (readonly number[])[]) {
    this.#dials = dials;
  }

  async start(folder: () => Promise<string>): Promise<void> {
    for (let at = 0; at < this.#dials.length; at += 1) await this.#start(at, await folder(), 0);
  }

  /** Ends a relay without a goodbye; it comes back with its data. */
  kill(at: number): Promise<unknown> {
    return this.relays[at]!.kill();
  }

  async restart(at: number): Promise<void> {
    const { data, port } = this.relays[at]!;
    await this.#start(at, data, port);
  }

  /** Resolves when each relay tells the others of a new write. */
  async linked(): Promise<void> {
    for (const from of this.relays) {
      const mark = freshName('mark');
      const readers = await Promise.all(this.relays.map((relay) => RawPeer.open(relay.url)));
      await Promise.all(readers.map((reader) => reader.get({ '#': mark })));
      const writer = await RawPeer.open(from.url);
      await writer.put(graphOf(mark, { mark: 1 }));
      await Promise.all(readers.map((reader) => reader.next(({ put }) => put?.[mark]?.['mark'] === 1, mark)));
      await Promise.all([...readers, writer].map((peer) => peer.close()));
    }
  }

  /** Ends all; what each of them holds on disk, the marks aside. */
  async stop(): Promise<string[][]> {
    const held: string[][] = [];
    for (const relay of this.relays) {
      expect(await relay.stop()).to.equal(0);
      const storage = new SealedStorage(new LevelStorage({ location: relay.data }));
      await storage.open();
      const lines = await storeLines(storage);
      await storage.close();
      held.push(lines.filter((line) => !line.startsWith('["mark-')));
    }
    return held;
  }

  async #start(at: number, data: string, port: number): Promise<void> {
    const peers = this.#dials[at]!.map((other) => this.relays[other]!.url);
    this.relays[at] = await startRelay({ data, port, peers });
  }
}

describe(`a network of real relays (SEED=${seed})`, function () {
  this.timeout(isFull ? 600_000 : 60_000);
  const folder = temporaryFolders();
  let network: Network | undefined;

  afterEach(async () => {
    await Promise.all((network?.relays ?? []).map((relay) => relay.kill()));
    network = undefined;
  });

  for (const [name, dials] of Object.entries(TOPOLOGIES)) {
    it(`in ${name} loses nothing that was acked and agrees after a kill: ${RUNS} runs`, async () => {
      for (let run = 0; run < RUNS; run += 1) {
        const chance = new Chance(seed + run);
        network = new Network(dials);
        await network.start(folder);
        await network.linked();
        const { relays } = network;
        const clients = Array.from(
          { length: relays.length + 2 },
          () => new Client(new Chance(chance.below(2 ** 31))),
        );
        const home = (at: number): number => at % relays.length;
        const all = (work: (client: Client, at: number) => Promise<void>): Promise<unknown> =>
          Promise.all(clients.map(work));
        await all((client, at) => client.come(relays[home(at)]!));
        await all((client) => client.write(WRITES));

        const victim = chance.below(relays.length);
        const writing = all((client) => client.write(WRITES));
        await network.kill(victim);
        await writing;
        const others = clients.filter((_, at) => home(at) !== victim);
        await Promise.all(others.map((client) => client.write(WRITES)));
        await all((client, at) => (home(at) === victim ? client.leave() : Promise.resolve()));
        await network.restart(victim);
        await all((client, at) => (home(at) === victim ? client.come(relays[victim]!) : Promise.resolve()));
        await network.linked();

        const lines = await agree(clients);
        for (const client of clients) expect(await client.read()).to.deep.equal(lines);
        const sent = new Set(linesOf(clients.flatMap((client) => client.sent)));
        expect(
          lines.filter((line) => !sent.has(line)),
          'nobody wrote',
        ).to.deep.equal([]);
        await all((client) => client.leave());
        for (const held of await network.stop()) expect(held).to.deep.equal(lines);
      }
    });
  }

  it('tells each reader in a ring of every change once, with a bounded number of messages', async () => {
    network = new Network(TOPOLOGIES['a ring of three']!);
    await network.start(folder);
    await network.linked();
    const soul = freshName('soul');
    const readers = await Promise.all(
      [...network.relays, ...network.relays].map((relay) => RawPeer.open(relay.url)),
    );
    for (const [at, reader] of readers.entries())
      await reader.get(at < network.relays.length ? { '#': soul } : { '#': soul, '.': 'k' });
    // One that says that it is a relay hears what relays tell each other.
    const tap = await RawPeer.open(network.relays[0]!.url);
    tap.send({ '#': freshId(), '@': 'x', dam: '?', pid: freshName('tap'), relay: true });
    await tap.caughtUp();
    const before = tap.messages.all.length;
    const rounds = 30;
    for (let round = 0; round < rounds; round += 1) {
      const relay = network.relays[round % network.relays.length]!;
      const writer = await RawPeer.open(relay.url);
      await writer.put(graphOf(soul, { k: round }, round + 1));
      await Promise.all(readers.map((reader) => reader.next(({ put }) => put?.[soul]?.['k'] === round)));
      await writer.close();
    }
    for (const reader of readers) await reader.caughtUp();
    for (const reader of readers) expect(reader.putsOf(soul)).to.have.lengthOf(rounds);
    expect(tap.messages.all.length - before).to.be.at.most(2 * rounds);
    await Promise.all([...readers, tap].map((peer) => peer.close()));
  });

  it('starts no storm when a peer at each relay says all again under new ids', async () => {
    network = new Network(TOPOLOGIES['a ring of three']!);
    await network.start(folder);
    await network.linked();
    const soul = freshName('soul');
    const echoes = await Promise.all(network.relays.map((relay) => RawPeer.open(relay.url)));
    let echoed = 0;
    for (const [at, echo] of echoes.entries()) {
      if (at === 0) echo.send({ '#': freshId(), '@': 'x', dam: '?', pid: freshName('echo'), relay: true });
      await echo.get({ '#': soul });
    }
    const echoAll = (): number => {
      let said = 0;
      for (const echo of echoes) {
        for (const message of echo.messages.all.splice(0)) {
          if (message.dam !== undefined) continue;
          echo.send({ ...message, '#': freshId() });
          said += 1;
        }
      }
      return said;
    };
    const reader = await RawPeer.open(network.relays[1]!.url);
    await reader.get({ '#': soul });
    const writer = await RawPeer.open(network.relays[2]!.url);
    const rounds = 20;
    for (let round = 0; round < rounds; round += 1) {
      await writer.put(graphOf(soul, { k: round }, round + 1));
      await reader.next(({ put }) => put?.[soul]?.['k'] === round);
      echoed += echoAll();
    }
    // What is said again dies out: nothing new comes of it in the end.
    let quiet = 0;
    for (let turn = 0; quiet < QUIET_TURNS && turn < 10 * QUIET_TURNS; turn += 1) {
      await Promise.all([...network.relays.keys()].map((at) => passThrough(network!.relays[at]!)));
      const said = echoAll();
      echoed += said;
      quiet = said === 0 ? quiet + 1 : 0;
    }
    expect(quiet, 'quiet turns').to.equal(QUIET_TURNS);
    expect(echoed).to.be.at.most(rounds * 30);
    await reader.caughtUp();
    expect(reader.putsOf(soul)).to.have.lengthOf(rounds);
    await Promise.all([...echoes, reader, writer].map((peer) => peer.close()));
  });
});

/**
 * Waits until all clients were told the same, and that is what was acked and nothing less: a write without an ack
 * may have been stored too. What was missed may come late, but not too late.
 */
async function agree(clients: readonly Client[]): Promise<string[]> {
  const acked = clients.flatMap((client) => client.acked);
  const end = performance.now() + MOST_LATE_MS;
  for (;;) {
    const lines = await clients[0]!.read();
    const whole = new NaiveGraph().putAll(writesOf(lines)).putAll(acked).lines();
    const isWhole = JSON.stringify(whole) === JSON.stringify(lines);
    if (isWhole && clients.every((client) => client.holds(lines))) return lines;
    if (performance.now() < end) continue;
    expect(lines, 'the first client reads').to.deep.equal(whole);
    for (const client of clients) expect(client.view.lines(), 'a client was told').to.deep.equal(lines);
  }
}

/** Resolves when a relay has done what it was told before. */
async function passThrough(relay: ThicketProcess): Promise<void> {
  const peer = await RawPeer.open(relay.url);
  const id = freshId();
  // A read that does not travel.
  peer.send({ '#': id, get: { '#': freshName('nothing') }, nts: 1 });
  await peer.reply(id);
  await peer.close();
}

/** Lines as {@link NaiveGraph} writes them, back as writes. */
function writesOf(lines: readonly string[]): FieldWrite[] {
  return lines.map((line) => {
    const [soul, key, state, json] = JSON.parse(line) as [string, string, number, string];
    return { soul, key, state, json };
  });
}

/** A line for each write, whether it won or not. */
function linesOf(writes: readonly FieldWrite[]): string[] {
  return writes.flatMap((write) => new NaiveGraph().putAll([write]).lines());
}
