/** Behaviour of graphs in apps at one relay, over links that come and go: laws over random histories. */
import { expect } from 'chai';
import * as fc from 'fast-check';
import { loopbackPair } from '../../../adapters/loopback-link.ts';
import { MemoryStorage } from '../../../adapters/memory.ts';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { stored } from '../../../lib/api/stored-keeper.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';
import { Mesh } from '../../../lib/mesh/mesh.ts';
import { CLOSE, type DialEvents, type Link, type PeerAddress } from '../../../lib/mesh/link.ts';
import { GraphStore } from '../../../lib/store/graph-store.ts';
import { Writer } from '../../../lib/store/writer.ts';
import { seed } from '../../support/seed.ts';
import { settle } from '../../support/scripted-peer.ts';

const APPS = 3;
const SOULS = ['a', 'b'];
const KEYS = ['x', 'y', 'z'];
/** Rounds of turns in which everything must have come to rest. */
const ROUNDS = 200;

/** One step of a history. */
type Step =
  | {
      readonly kind: 'put';
      readonly app: number;
      readonly soul: string;
      readonly key: string;
      readonly value: unknown;
    }
  | { readonly kind: 'set'; readonly app: number; readonly value: number }
  | { readonly kind: 'cut' | 'connect' | 'restart'; readonly app: number };

const app = fc.nat({ max: APPS - 1 });
const VALUE = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.record({ deep: fc.nat(), deeper: fc.record({ still: fc.boolean() }) }),
);
const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      app,
      soul: fc.constantFrom(...SOULS),
      key: fc.constantFrom(...KEYS),
      value: VALUE,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('set' as const), app, value: fc.nat() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('cut' as const, 'connect' as const, 'restart' as const),
      app,
    }),
  },
);

/** A relay without a network. */
class Relay {
  readonly mesh: Mesh;
  readonly writer: Writer;
  readonly #storage = new MemoryStorage();

  constructor() {
    const common = { storage: this.#storage, limits: DEFAULT_LIMITS, schedule: setImmediate };
    const graph = new GraphStore(common);
    this.writer = new Writer({ ...common, graph });
    this.mesh = new Mesh({ ...common, graph, writer: this.writer });
  }

  async open(): Promise<void> {
    await this.#storage.open();
    await this.writer.open();
  }

  async close(): Promise<void> {
    await this.mesh.close();
    await this.writer.close();
    await this.#storage.close();
  }
}

/** An app with a storage that outlives it, and a link that is there when the history says so. */
class App {
  readonly #relay: Relay;
  readonly #storage = new MemoryStorage();
  #graph: Graph;
  #events: DialEvents | undefined;
  #ends: Link[] = [];

  constructor(relay: Relay) {
    this.#relay = relay;
    this.#graph = this.#start();
  }

  get graph(): Graph {
    return this.#graph;
  }

  async connect(): Promise<void> {
    await this.#graph.ready;
    if (this.#ends.length > 0) return;
    const [near, far] = loopbackPair({ names: ['app', 'relay'] });
    this.#ends = [near, far];
    this.#relay.mesh.accept(far, 'client');
    this.#events!.link(near);
  }

  /** The link ends; what is under way on it is lost. */
  async cut(): Promise<void> {
    for (const end of this.#ends.splice(0)) end.close(CLOSE.goingAway, 'cut');
    await settle();
  }

  async restart(): Promise<void> {
    await this.cut();
    await this.#graph.close();
    this.#graph = this.#start();
    await this.#graph.ready;
  }

  async close(): Promise<void> {
    await this.cut();
    await this.#graph.close();
  }

  #start(): Graph {
    const peer: PeerAddress = {
      name: 'relay',
      dial: (events) => {
        this.#events = events;
        events.failed();
        return { hold: () => undefined, close: () => undefined };
      },
    };
    const graph = createGraph({ storage: stored(this.#storage), peers: [peer] });
    // All of them listen to everything, as apps do that show it.
    for (const soul of SOULS) graph.get(soul).on(() => undefined);
    graph
      .get('set')
      .map()
      .on(() => undefined);
    return graph;
  }
}

async function take(apps: readonly App[], step: Step): Promise<void> {
  const one = apps[step.app]!;
  if (step.kind === 'put') await one.graph.get(step.soul).put({ [step.key]: step.value } as never);
  else if (step.kind === 'set') await one.graph.get('set').set({ value: step.value });
  else await one[step.kind]();
}

/** All an app sees. */
async function seenBy({ graph }: App): Promise<string> {
  const trees = [...SOULS, 'set'].map(async (soul) => sorted(await graph.get(soul).load({ timeout: 0 })));
  return JSON.stringify(await Promise.all(trees));
}

function sorted(tree: unknown): unknown {
  if (typeof tree !== 'object' || tree === null) return tree ?? null;
  return Object.entries(tree)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => [key, sorted(value)]);
}

describe('graphs in apps', function () {
  this.timeout(120_000);

  it(`converge, and have nothing left to send, whatever happened before (SEED=${seed})`, async () => {
    const history = fc.array(STEP, { minLength: 1, maxLength: 25 });
    const property = fc.asyncProperty(history, async (steps) => {
      const relay = new Relay();
      await relay.open();
      const apps = Array.from({ length: APPS }, () => new App(relay));
      for (const one of apps) await one.graph.ready;
      for (const step of steps) await take(apps, step);
      for (const one of apps) await one.connect();
      let seen: string[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await settle();
        if (apps.some(({ graph }) => graph.status.unsent > 0)) continue;
        seen = await Promise.all(apps.map(seenBy));
        if (new Set(seen).size === 1) break;
      }
      for (const one of apps) await one.close();
      await relay.close();
      expect(new Set(seen).size, `they see ${seen.join('\n')}`).to.equal(1);
    });
    await fc.assert(property, { seed, numRuns: Number(process.env['SEEDS'] ?? 60) });
  });
});
