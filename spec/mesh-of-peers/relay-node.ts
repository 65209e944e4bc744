/** A relay of a simulated network: mesh, writer and graph over storage that outlives its restarts. */
import type { LoopbackNetwork } from '../../adapters/loopback-link.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import type { MeshEvent } from '../../lib/mesh/context.ts';
import type { Link } from '../../lib/mesh/link.ts';
import { Mesh } from '../../lib/mesh/mesh.ts';
import type { PeerRole } from '../../lib/mesh/peer.ts';
import { GraphStore } from '../../lib/store/graph-store.ts';
import { Writer } from '../../lib/store/writer.ts';
import { lineOfField } from '../support/naive-graph.ts';

/** What runs between a start and a stop. */
interface Running {
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly mesh: Mesh;
}

/** One relay; it may be stopped and started again. */
export class RelayNode {
  readonly name: string;
  /** What was reported that no honest run has: failures of storage, peers cut off, refusals. */
  readonly troubles: MeshEvent[] = [];
  readonly #network: LoopbackNetwork;
  readonly #skewMs: number;
  readonly #storage = new MemoryStorage();
  #running: Running | undefined;
  #stopping = Promise.resolve();

  /** @param skewMs how far its clock is ahead of the network's time */
  constructor(network: LoopbackNetwork, name: string, skewMs: number) {
    this.#network = network;
    this.name = name;
    this.#skewMs = skewMs;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get mesh(): Mesh {
    return this.#current.mesh;
  }

  async start(): Promise<void> {
    await this.#stopping;
    await this.#storage.open();
    const slices = new Slices({
      schedule: (task: () => void) => this.#network.schedule(task),
      now: this.#network.clock,
    });
    const graph = new GraphStore({ storage: this.#storage, limits: DEFAULT_LIMITS, slices });
    const common = {
      graph,
      limits: DEFAULT_LIMITS,
      clock: () => this.#network.clock() + this.#skewMs,
      schedule: (task: () => void) => this.#network.schedule(task),
      slices,
      report: (event: MeshEvent) => {
        if (!['peer-open', 'peer-close', 'deferred-loaded'].includes(event.kind)) this.troubles.push(event);
      },
    };
    const writer = new Writer({ ...common, storage: this.#storage });
    await writer.open();
    this.#running = { graph, writer, mesh: new Mesh({ ...common, writer }) };
  }

  /** Ends it after its links were cut; what was under way ends before it can start again. */
  stop(): void {
    const { mesh, writer } = this.#current;
    this.#running = undefined;
    this.#stopping = mesh.close().then(() => writer.close());
  }

  accept(link: Link, role: PeerRole): void {
    if (this.#running === undefined) link.close(1001, 'not running');
    else this.#running.mesh.accept(link, role);
  }

  /** What it holds of souls, as lines in one order; not from its cache. */
  async lines(souls: Iterable<string>): Promise<string[]> {
    const graph = new GraphStore({ storage: this.#storage, limits: DEFAULT_LIMITS });
    const lines: string[] = [];
    for (const soul of souls) {
      const node = await graph.readNode(soul);
      for (const [key, { state, json }] of node?.fields ?? [])
        lines.push(lineOfField(soul, key, state, json));
    }
    return lines.toSorted();
  }

  get #current(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} is not running`);
    return this.#running;
  }
}
