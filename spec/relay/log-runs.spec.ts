/** Behaviour of nodes that synchronise logs over lines that are cut: whatever happens, all end equal. Seeded. */
import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { limitsWith } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import { inLaterTurn } from '../../lib/base/turns.ts';
import { writeOf } from '../../lib/graph/write.ts';
import { LogNetwork } from '../../relay/log-network.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { authorOf, TOPIC, verifyFast } from '../support/log-maker.ts';
import { openLogged, type LoggedStore } from '../support/logged-store.ts';
import { pairedWires } from '../support/paired-wire.ts';
import { seed } from '../support/seed.ts';
import { Chance } from '../torture/chance.ts';
import { scaled } from '../torture/scale.ts';

const RUNS = scaled(200, 2000);
const MOST_TURNS = 20_000;

/** Pairs of nodes that have a line; the first dials. */
type Topology = readonly (readonly [number, number])[];

const TOPOLOGIES: readonly Topology[] = [
  [[0, 1]],
  [
    [0, 1],
    [1, 2],
  ],
  [
    [0, 1],
    [1, 2],
    [2, 0],
  ],
  [
    [0, 1],
    [1, 0],
    [1, 2],
    [2, 3],
    [3, 0],
  ],
];

/** A node over a store of its own. */
class Node {
  readonly store: LoggedStore;
  readonly network: LogNetwork;

  constructor(store: LoggedStore, number: number) {
    this.store = store;
    this.network = new LogNetwork({
      limits: limitsWith(),
      store: store.logs,
      sync: store.sync,
      topic: TOPIC,
      network: 'specs',
      verify: verifyFast,
      slices: new Slices({ schedule: inLaterTurn }),
      startTimer: new FakeClock().startTimer,
      report: () => undefined,
    });
    this.network.open(authorOf(100 + number), {
      relays: [],
      send: () => undefined,
      hasLogs: () => undefined,
      drained: () => Promise.resolve(true),
      hold: () => undefined,
    });
  }

  /** What is the same in all nodes in the end. */
  async lines(): Promise<string> {
    return [...(await this.store.lines()), ...(await this.store.small.lines())].join('\n');
  }
}

/** Nodes and the lines between them. */
class World {
  readonly #nodes: readonly Node[];
  readonly #topology: Topology;
  #ends: (() => void)[] = [];
  /** Frames that were carried. */
  frames = 0;
  /** Bytes in them. */
  bytes = 0;

  private constructor(nodes: readonly Node[], topology: Topology) {
    this.#nodes = nodes;
    this.#topology = topology;
  }

  static async open(topology: Topology): Promise<World> {
    const count = 1 + Math.max(...topology.flat());
    const nodes: Node[] = [];
    for (let number = 0; number < count; number += 1) {
      nodes.push(new Node(await openLogged({ signer: authorOf(100 + number) }), number));
    }
    return new World(nodes, topology);
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Joins all pairs anew, by lines that last for so many frames. */
  connect(lasts: () => number = () => Infinity): void {
    this.cut();
    for (const [from, to] of this.#topology) {
      const wires = pairedWires();
      let left = lasts();
      for (const wire of wires) {
        const hear = wire.hear.bind(wire);
        wire.hear = (bytes) => {
          left -= 1;
          this.frames += 1;
          this.bytes += bytes?.length ?? 0;
          if (left >= 0) return hear(bytes);
          for (const end of wires) end.end();
        };
      }
      this.#ends.push(() => {
        for (const end of wires) end.end();
      });
      this.#nodes[to]!.network.accept(wires[1], false);
      this.#nodes[from]!.network.accept(wires[0], true);
    }
  }

  /** Cuts every line, without a word. */
  cut(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** A client writes at a node, which witnesses it sooner or later. */
  async write(chance: Chance): Promise<void> {
    const { store } = chance.pick(this.#nodes);
    const write = writeOf(
      `soul${chance.below(3)}`,
      `key${chance.below(4)}`,
      1 + chance.below(20),
      chance.below(5),
    );
    await store.small.put([write]);
    if (chance.happens(0.5)) await store.witness.flush();
  }

  async turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn += 1) await setImmediate();
  }

  /** Lets everything arrive, and fails unless all are equal then. */
  async settle(about: string): Promise<void> {
    for (const { store } of this.#nodes) await store.witness.flush();
    this.connect();
    for (let turn = 0; turn < MOST_TURNS && !(await this.#areEqual(turn)); turn += 1) await setImmediate();
    const [first, ...others] = await Promise.all(this.#nodes.map((node) => node.lines()));
    for (const lines of others) expect(lines, about).to.equal(first);
    await this.#expectQuiet(about);
  }

  async close(): Promise<void> {
    this.cut();
    for (const { store } of this.#nodes) await store.close();
  }

  /** Stores are looked at now and then, as that takes longer than a turn. */
  async #areEqual(turn: number): Promise<boolean> {
    if (turn % 20 !== 19) return false;
    const lines = new Set(await Promise.all(this.#nodes.map((node) => node.lines())));
    return lines.size === 1;
  }

  /** Nodes that are equal have nothing to say, and nothing to witness of what others said. */
  async #expectQuiet(about: string): Promise<void> {
    await this.turns(50);
    const { frames } = this;
    for (const { store } of this.#nodes) await store.witness.flush();
    await this.turns(50);
    expect(this.frames, about).to.equal(frames);
  }
}

describe('nodes that synchronise logs', function () {
  this.timeout(120_000);

  it(`end equal after ${RUNS} runs of writes and cuts, in pairs, lines and rings, with seed ${seed}`, async () => {
    for (let run = 0; run < RUNS; run += 1) {
      const chance = new Chance(seed + run);
      const world = await World.open(chance.pick(TOPOLOGIES));
      for (let rounds = chance.below(4); rounds >= 0; rounds -= 1) {
        world.connect(() => chance.below(40));
        for (let writes = chance.below(6); writes > 0; writes -= 1) {
          await world.write(chance);
          await world.turns(chance.below(10));
        }
        if (chance.happens(0.3)) world.cut();
      }
      await world.settle(`seed ${seed + run}`);
      await world.close();
    }
  });

  it('say less than a kilobyte when they are equal, whatever they hold', async () => {
    for (const entries of [2000, 20_000]) {
      const world = await World.open(TOPOLOGIES[0]!);
      for (const [at, { store }] of world.nodes.entries()) {
        for (let from = 0; from < entries / 2; from += 500) {
          const writes = Array.from({ length: 500 }, (_, number) =>
            writeOf(`${at} ${from}`, `k${number}`, 5, number),
          );
          await store.small.put(writes);
        }
      }
      await world.settle(`${entries} entries`);
      const before = world.bytes;
      world.connect();
      await world.turns(50);
      console.log(`      ${world.bytes - before} bytes for ${entries} entries`);
      expect(world.bytes - before).to.be.within(300, 1000);
      await world.close();
    }
  });

  it('end equal after a cut at any frame', async () => {
    for (let cutAfter = 0; ; cutAfter += 1) {
      const world = await World.open(TOPOLOGIES[0]!);
      for (const [at, { store }] of world.nodes.entries()) {
        for (let put = 0; put < 3; put += 1) {
          await store.small.put([writeOf('soul', `k${at} ${put}`, 5, put)]);
          await store.witness.flush();
        }
      }
      world.connect(() => cutAfter);
      await world.turns(60);
      const isWhole = world.frames < cutAfter;
      await world.settle(`cut after ${cutAfter}`);
      await world.close();
      if (isWhole) return expect(cutAfter).to.be.above(15);
    }
  });
});
