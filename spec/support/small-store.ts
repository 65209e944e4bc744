/** A writer and a graph over storage in memory that can be told to fail, with a clock of the spec's own. */
import { MemoryStorage } from '../../adapters/memory.ts';
import { SealedStorage } from '../../adapters/sealed-storage.ts';
import { limitsWith, type Limits } from '../../lib/base/limits.ts';
import { Slices } from '../../lib/base/slices.ts';
import type { Entry, FieldWrite } from '../../lib/graph/write.ts';
import type { SaysTheSame } from '../../lib/ham/merge.ts';
import { GraphStore } from '../../lib/store/graph-store.ts';
import type { Storage } from '../../lib/store/storage.ts';
import type { PutOutcome } from '../../lib/store/put-request.ts';
import { Writer, type WriterEvent } from '../../lib/store/writer.ts';
import type { WriterLogs } from '../../lib/store/writer-logs.ts';
import { FakeClock } from './fake-clock.ts';
import { FaultyStorage } from './faulty-storage.ts';
import { lineOfField } from './naive-graph.ts';
import { storeLines } from './store-lines.ts';

/** How a store is made. */
export interface SmallStoreOptions {
  readonly limits?: Partial<Limits>;
  readonly clock?: FakeClock;
  /** Storage of an earlier store, to open it again. */
  readonly memory?: MemoryStorage;
  /** Cuts long work; slices of the engine when absent. */
  readonly slices?: Slices;
  /** True to store values behind checksums, as the relay does. */
  readonly isSealed?: boolean;
  /** Asked about other texts at equal states. */
  readonly saysTheSame?: SaysTheSame;
  /** Logs under the graph; none when absent. */
  readonly logs?: (storage: Storage) => WriterLogs;
}

/** Everything a spec of the store needs, in one place. */
export class SmallStore {
  readonly memory: MemoryStorage;
  /** What can be told to fail. */
  readonly storage: FaultyStorage;
  readonly time: FakeClock;
  readonly limits: Limits;
  readonly graph: GraphStore;
  readonly writer: Writer;
  /** What the writer reported. */
  readonly events: WriterEvent[] = [];
  /** Changes whose time came, in the order they were told. */
  readonly matured: FieldWrite[] = [];
  readonly #isSealed: boolean;
  /** What graph and writer see. */
  readonly #whole: Storage;

  /** Use {@link openStore}. */
  constructor(options: SmallStoreOptions) {
    const { limits, clock, memory, slices, isSealed = false, saysTheSame, logs } = options;
    this.memory = memory ?? new MemoryStorage();
    this.storage = new FaultyStorage(this.memory);
    this.#isSealed = isSealed;
    this.#whole = isSealed ? new SealedStorage(this.storage) : this.storage;
    this.time = clock ?? new FakeClock();
    this.limits = limitsWith(limits);
    const cut = slices ?? new Slices({ schedule: setImmediate });
    this.graph = new GraphStore({ storage: this.#whole, limits: this.limits, slices: cut });
    this.writer = new Writer({
      storage: this.#whole,
      graph: this.graph,
      logs: logs?.(this.#whole),
      limits: this.limits,
      clock: this.time.clock,
      startTimer: this.time.startTimer,
      schedule: setImmediate,
      slices: cut,
      saysTheSame,
      report: (event) => this.events.push(event),
    });
    this.writer.onMatured((changed) => this.matured.push(...changed));
  }

  /** Opens the storage, then the writer. */
  async open(): Promise<void> {
    await this.#whole.open();
    await this.writer.open();
  }

  /** Submits one request; resolves with what became of it. */
  put(writes: readonly FieldWrite[], owner?: string): Promise<PutOutcome> {
    return new Promise((settle) => this.writer.submit({ writes, owner, settle }));
  }

  /** Closes the writer and the storage; what was committed stays in `memory`. */
  async close(): Promise<void> {
    await this.writer.close();
    await this.#whole.close();
  }

  /** Everything stored, read past every cache, as lines for comparing. */
  async lines(): Promise<string[]> {
    const storage = this.#isSealed ? new SealedStorage(this.memory) : this.memory;
    await storage.open();
    return storeLines(storage);
  }

  /** Some properties as the graph gives them one by one, each place once, as lines for comparing. */
  async fieldLines(places: Iterable<{ readonly soul: string; readonly key: string }>): Promise<string[]> {
    const lines = new Set<string>();
    for (const { soul, key } of places) {
      const entry = await this.graph.readField(soul, key);
      if (entry !== undefined) lines.add(lineOfField(soul, key, entry.state, entry.json));
    }
    return [...lines].toSorted();
  }

  /** Some nodes as the graph gives them, through its cache, as lines for comparing. */
  async cachedLines(souls: Iterable<string>): Promise<string[]> {
    const lines: string[] = [];
    for (const soul of souls) {
      for (const [key, { state, json }] of await this.#entriesOf(soul)) {
        lines.push(lineOfField(soul, key, state, json));
      }
    }
    return lines.toSorted();
  }

  /** A whole node, as a read of it gives it; one that is too large comes in parts. */
  async #entriesOf(soul: string): Promise<(readonly [string, Entry])[]> {
    const node = await this.graph.readNode(soul);
    if (node !== undefined) return [...node.fields];
    const entries: (readonly [string, Entry])[] = [];
    for await (const { nodes } of this.graph.parts({ soul, reverse: false })) {
      entries.push(...nodes.flatMap((part) => part.entries));
    }
    return entries;
  }
}

/** Opens a store; close it with {@link SmallStore.close}. */
export async function openStore(options: SmallStoreOptions = {}): Promise<SmallStore> {
  const store = new SmallStore(options);
  await store.open();
  return store;
}
