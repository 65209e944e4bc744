/** The keeper of apps over a storage in memory that can be told to fail, with a clock of the spec's own. */
import { MemoryStorage } from '../../adapters/memory.ts';
import { StoredKeeper } from '../../lib/api/stored-keeper.ts';
import { limitsWith, type Limits } from '../../lib/base/limits.ts';
import type { FieldWrite } from '../../lib/graph/write.ts';
import type { PutOutcome } from '../../lib/store/put-request.ts';
import { FakeClock } from './fake-clock.ts';
import { FaultyStorage } from './faulty-storage.ts';
import { lineOfField } from './naive-graph.ts';

/** How a keeper is made. */
export interface SmallKeeperOptions {
  readonly limits?: Partial<Limits>;
  readonly time?: FakeClock | undefined;
  /** Storage of an earlier keeper, to open it again. */
  readonly memory?: MemoryStorage | undefined;
}

/** Everything a spec of what apps keep needs, in one place. */
export class SmallKeeper {
  readonly memory: MemoryStorage;
  /** What can be told to fail. */
  readonly storage: FaultyStorage;
  readonly time: FakeClock;
  readonly keeper: StoredKeeper;
  /** Ids of the unsent writes that were there at the opening. */
  unsent: readonly string[] = [];
  /** Changes whose time came, in the order they were told. */
  readonly matured: FieldWrite[] = [];

  constructor({ limits, time = new FakeClock(), memory = new MemoryStorage() }: SmallKeeperOptions = {}) {
    this.memory = memory;
    this.storage = new FaultyStorage(memory);
    this.time = time;
    this.keeper = new StoredKeeper(this.storage, limitsWith({ cacheBytes: 1 << 20, ...limits }), time);
    this.keeper.onMatured((changed) => this.matured.push(...changed));
  }

  async open(): Promise<this> {
    this.unsent = (await this.keeper.open()).map(({ id }) => id);
    return this;
  }

  /** Commits writes of others, or of this app. */
  async put(writes: readonly FieldWrite[], isOwn = false): Promise<PutOutcome> {
    return this.keeper.commit(writes, isOwn);
  }

  /** Resolves when everything that was begun is over. */
  async idle(): Promise<void> {
    await this.keeper.commit([], false);
  }

  /** All that is kept of some souls, as lines for comparing. */
  async lines(souls: Iterable<string>): Promise<string[]> {
    const lines: string[] = [];
    for (const soul of new Set(souls)) {
      for (const [key, { state, json }] of await this.keeper.read(soul, undefined))
        lines.push(lineOfField(soul, key, state, json));
    }
    return lines.toSorted();
  }

  /** The same, property by property. */
  async fieldLines(
    places: Iterable<{ readonly soul: string; readonly key: string }>,
  ): Promise<readonly string[]> {
    const lines = new Set<string>();
    for (const { soul, key } of places) {
      for (const { state, json } of (await this.keeper.read(soul, key)).values())
        lines.add(lineOfField(soul, key, state, json));
    }
    return [...lines].toSorted();
  }
}
