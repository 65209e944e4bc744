import { systemClock } from '../base/clock.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { Slices } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { limitsWith, type Limits } from '../base/limits.ts';
import type { Fields } from '../graph/node.ts';
import type { Names } from '../graph/selector.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { GraphStore } from '../store/graph-store.ts';
import type { Change, Storage } from '../store/storage.ts';
import { Writer, type PutOutcome } from '../store/writer.ts';
import { latest, type GraphKeeper, type KeptWrite } from './keeper.ts';

/** Where writes stand that no peer has acknowledged; the store's own keys begin otherwise. */
const UNSENT = 'u/';
const AFTER_UNSENT = 'u0';
const READ_AT_ONCE = 256;
/** Bytes of hot properties kept in memory beside those in use. */
const CACHE_BYTES = 8 * 1024 * 1024;

/**
 * Keeps a graph in a storage, for the option `storage` of a graph.
 *
 * @param limits in place of the defaults; the cache holds 8 MiB unless told otherwise
 */
export function stored(storage: Storage, limits: Partial<Limits> = {}): GraphKeeper {
  return new StoredKeeper(storage, limitsWith({ cacheBytes: CACHE_BYTES, lexMaxBytes: Infinity, ...limits }));
}

/** A graph in a storage; writes are merged with what it holds and committed before anybody is told. */
class StoredKeeper implements GraphKeeper {
  readonly #storage: Storage;
  readonly #graph: GraphStore;
  readonly #writer: Writer;
  /** Changes of the list of unsent writes that go with the next commit. */
  #unsent: Change[] = [];
  #committing: Promise<void> | undefined;
  /** Greatest state of this app's own writes. */
  #ownState = 0;

  constructor(storage: Storage, limits: Limits) {
    const slices = new Slices({ schedule: inLaterTurn });
    this.#storage = storage;
    this.#graph = new GraphStore({ storage, limits, slices });
    this.#writer = new Writer({
      storage,
      graph: this.#graph,
      limits,
      slices,
      clock: () => Math.max(systemClock(), this.#ownState),
      schedule: (task) => queueMicrotask(task),
    });
  }

  async open(): Promise<readonly KeptWrite[]> {
    await this.#storage.open();
    await this.#writer.open();
    const cursor = this.#storage.range({ from: UNSENT, to: AFTER_UNSENT });
    const kept: KeptWrite[] = [];
    try {
      for (;;) {
        const found = await cursor.next(READ_AT_ONCE);
        if (found.length === 0) return kept;
        for (const [key, putJson] of found) kept.push({ id: key.slice(UNSENT.length), putJson });
      }
    } finally {
      await cursor.close();
    }
  }

  async close(): Promise<void> {
    await this.#committing?.catch(() => undefined);
    await this.#writer.close();
    await this.#storage.close();
  }

  onMatured(listener: (changed: readonly FieldWrite[]) => void): void {
    this.#writer.onMatured(listener);
  }

  read(soul: string, names: Names | undefined): MaybePromise<Fields> {
    if (typeof names === 'string') {
      return chain(this.#graph.readField(soul, names), (entry) =>
        entry === undefined ? new Map<string, Entry>() : new Map([[names, entry]]),
      );
    }
    if (names !== undefined) return this.#walk(soul, names);
    return chain(this.#graph.readNode(soul), (node) => node?.fields ?? this.#walk(soul, undefined));
  }

  commit(writes: readonly FieldWrite[], isOwn: boolean): Promise<PutOutcome> {
    if (isOwn) this.#ownState = latest(writes, this.#ownState);
    return new Promise((settle) => this.#writer.submit({ writes, owner: undefined, settle }));
  }

  hold(): void {
    // The storage forgets nothing.
  }

  release(): void {
    // As above.
  }

  keepUnsent({ id, putJson }: KeptWrite): Promise<void> {
    return this.#change([UNSENT + id, putJson]);
  }

  dropUnsent(id: string): void {
    // What stays because this fails is sent once more after the next start, which changes nothing.
    this.#change([UNSENT + id, undefined]).catch(() => undefined);
  }

  /** Everything that changes within a turn shares a commit. */
  #change(change: Change): Promise<void> {
    this.#unsent.push(change);
    this.#committing ??= Promise.resolve().then(() => {
      const changes = this.#unsent;
      this.#unsent = [];
      this.#committing = undefined;
      return this.#storage.commit(changes);
    });
    return this.#committing;
  }

  async #walk(soul: string, names: Names | undefined): Promise<Fields> {
    const fields = new Map<string, Entry>();
    const selector = {
      soul,
      reverse: false,
      byteLimit: Infinity,
      ...(names === undefined ? {} : { key: names }),
    };
    for await (const { nodes } of this.#graph.parts(selector)) {
      for (const { entries } of nodes) for (const [key, entry] of entries) fields.set(key, entry);
    }
    return fields;
  }
}
