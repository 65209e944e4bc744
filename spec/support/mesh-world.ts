/** Meshes over storage in memory whose time, turns and faults a spec controls. */
import { loopbackPair } from '../../adapters/loopback-link.ts';
import { MemoryStorage } from '../../adapters/memory.ts';
import { limitsWith, type Limits } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import type { WritePolicy } from '../../lib/mesh/checks.ts';
import type { MeshEvent, SignedPuts } from '../../lib/mesh/context.ts';
import { Mesh } from '../../lib/mesh/mesh.ts';
import { GraphStore } from '../../lib/store/graph-store.ts';
import { weighPuts } from '../../lib/store/put-weight.ts';
import type { Storage } from '../../lib/store/storage.ts';
import { Writer } from '../../lib/store/writer.ts';
import { OF_MESHES, putTimersOn } from './code-timers.ts';
import { FakeClock, START_MS } from './fake-clock.ts';
import { FaultyStorage } from './faulty-storage.ts';
import { graphOf, type RawMessage, type RawNode } from './raw-peer.ts';
import { RecordingLink, TappedLink } from './recording-link.ts';

/** A time that is past for every mesh of a spec: states start from here. */
export const PAST = START_MS - 1000;

/** A write with one node whose properties share a state that is not in the future. */
export function put(
  id: string,
  soul: string,
  fields: Readonly<Record<string, unknown>>,
  state: number = PAST,
): RawMessage & { readonly put: Readonly<Record<string, RawNode>> } {
  return { '#': id, put: graphOf(soul, fields, state) };
}

/** A read of a node, or of one property. */
export function get(id: string, soul: unknown, key?: unknown): RawMessage {
  return { '#': id, get: key === undefined ? { '#': soul } : { '#': soul, '.': key } };
}

/** What may differ from a mesh with the default limits over empty storage. */
export interface MeshWorldOptions {
  readonly limits?: Partial<Limits>;
  readonly storage?: Storage;
  readonly pid?: string;
  /** Decides what may be stored; everything when absent. */
  readonly policy?: (world: MeshWorld) => WritePolicy;
  /** Reads the operations of puts; no mesh knows of them when absent. */
  readonly inBand?: (world: MeshWorld) => SignedPuts;
}

/** Turns of the event loop that all meshes of a spec share. */
export class Turns {
  #tasks: (() => void)[] = [];

  /** Turns in which something was to do. */
  count = 0;

  readonly schedule = (task: () => void): void => {
    this.#tasks.push(task);
  };

  /** Runs one turn: what is scheduled now, and the promises that follow from it. */
  async turn(): Promise<void> {
    const tasks = this.#tasks;
    this.#tasks = [];
    if (tasks.length > 0) this.count += 1;
    for (const task of tasks) task();
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }

  /** Runs turns until nothing is left to do. */
  async settle(): Promise<void> {
    do await this.turn();
    while (this.#tasks.length > 0);
  }
}

/** One mesh with its store. */
export class MeshWorld {
  readonly time: FakeClock;
  readonly turns: Turns;
  readonly limits: Limits;
  readonly storage: FaultyStorage;
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly mesh: Mesh;
  readonly events: MeshEvent[] = [];

  constructor(time: FakeClock, turns: Turns, options: MeshWorldOptions) {
    this.time = time;
    this.turns = turns;
    this.limits = limitsWith(options.limits);
    this.storage = new FaultyStorage(options.storage ?? new MemoryStorage(turns));
    const { limits, storage } = this;
    const { schedule } = turns;
    const slices = new Slices({ schedule, now: time.clock });
    const graph = new GraphStore({ storage, limits, slices });
    const common = { graph, limits, clock: time.clock, schedule, slices };
    const report = (event: MeshEvent): void => {
      this.events.push(event);
    };
    this.graph = graph;
    this.writer = new Writer({ ...common, storage, report, weigh: weighPuts(limits) });
    this.mesh = new Mesh({
      ...common,
      writer: this.writer,
      report,
      policy: options.policy?.(this),
      inBand: options.inBand?.(this),
      ...(options.pid === undefined ? {} : { pid: options.pid }),
    });
  }

  async open(): Promise<void> {
    await this.storage.open();
    await this.writer.open();
  }

  /** Runs turns until nothing is left to do; a large commit may take turns of the engine, of which ours know nothing. */
  async settle(): Promise<void> {
    for (let wasBusy = true; wasBusy;) {
      // What is told at the end of a commit makes work, which may end in another one.
      wasBusy = this.storage.commitsUnderWay > 0;
      await this.turns.settle();
      wasBusy ||= this.storage.commitsUnderWay > 0;
    }
  }

  /** Lets time pass in steps, everything settled after each. */
  async advance(ms: number, stepMs: number = ms): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.time.advance(stepMs);
      await this.settle();
    }
  }

  /** A client that comes in and says who it is; what it was told until then is left out of `news`. */
  async client(name = 'client', pid: string | null = name): Promise<RecordingLink> {
    const link = new RecordingLink(name);
    this.mesh.accept(link, 'client');
    await this.settle();
    // In the order in which browsers say it.
    if (pid !== null) link.say({ dam: '?', pid, '@': 'x', '#': `${name}-hello` });
    await this.settle();
    link.news();
    return link;
  }

  /** A Node peer of gun's own that came in. */
  async nodePeer(name = 'node'): Promise<RecordingLink> {
    const link = await this.client(name, null);
    // It dials when it has something to say, and sorts the keys of what it says.
    link.say(put(`${name}-first`, `first of ${name}`, { k: 1 }));
    await this.settle();
    link.say({ '#': `${name}-hello`, '@': 'x', dam: '?', pid: name.padEnd(9, '0') });
    await this.settle();
    return link;
  }

  /** A relay that came in. */
  async inboundRelay(name = 'relay', pid: string | null = name): Promise<RecordingLink> {
    const link = new RecordingLink(name);
    this.mesh.accept(link, 'client');
    await this.settle();
    link.say({ '#': `${name}-hello`, '@': 'x', dam: '?', relay: true, ...(pid === null ? {} : { pid }) });
    await this.settle();
    link.news();
    return link;
  }

  /** A relay that this side dialled. */
  async dialledRelay(name = 'relay', pid: string | null = name): Promise<RecordingLink> {
    const link = new RecordingLink(name);
    this.mesh.accept(link, 'relay');
    await this.settle();
    if (pid !== null) link.say({ '#': `${name}-hello`, dam: '?', pid });
    await this.settle();
    link.news();
    return link;
  }

  /** One peer says something; everything settles; what it is told. */
  async ask(link: RecordingLink, ...messages: readonly RawMessage[]): Promise<RawMessage[]> {
    link.news();
    link.say(...messages);
    await this.settle();
    return link.news();
  }

  async close(): Promise<void> {
    const closing = this.mesh.close();
    await this.settle();
    await closing;
    await this.writer.close();
    await this.storage.close();
  }
}

/** Both ends of a link between two meshes. */
export interface Bridge {
  /** The end of the mesh that dialled. */
  readonly near: TappedLink;
  readonly far: TappedLink;
  /** Messages in both directions so far. */
  count(): number;
  /** Ends the link on both sides. */
  cut(): void;
}

/** Lets the first mesh dial the second one. */
export function bridge(dialler: MeshWorld, acceptor: MeshWorld): Bridge {
  const [a, b] = loopbackPair({ names: [dialler.mesh.pid, acceptor.mesh.pid] });
  const near = new TappedLink(a);
  const far = new TappedLink(b);
  acceptor.mesh.accept(far, 'client');
  dialler.mesh.accept(near, 'relay');
  return {
    near,
    far,
    count: () => near.messages.length + far.messages.length,
    cut: () => {
      near.close(1001, 'cut');
      far.close(1001, 'cut');
    },
  };
}

/** Gives each spec of a suite its meshes on one clock, and closes them after it. */
export function meshWorlds(): (options?: MeshWorldOptions) => Promise<MeshWorld> {
  let time = new FakeClock();
  let turns = new Turns();
  let worlds: MeshWorld[] = [];
  let restoreTimers: () => void;

  beforeEach(() => {
    time = new FakeClock();
    turns = new Turns();
    worlds = [];
    restoreTimers = putTimersOn(time, OF_MESHES);
  });

  afterEach(async () => {
    try {
      for (const world of worlds) await world.close();
    } finally {
      restoreTimers();
    }
  });

  return async (options = {}) => {
    const world = new MeshWorld(time, turns, options);
    worlds.push(world);
    await world.open();
    return world;
  };
}
