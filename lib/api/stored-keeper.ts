import { systemClock } from '../base/clock.ts';
import { randomId } from '../base/random.ts';
import type { Share } from '../base/share.ts';
import { Slices } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { limitsWith, type Limits } from '../base/limits.ts';
import type { Fields } from '../graph/node.ts';
import type { Names } from '../graph/selector.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { GraphStore } from '../store/graph-store.ts';
import type { Change, Storage } from '../store/storage.ts';
import { Writer, type PutOutcome, type PutRequest } from '../store/writer.ts';
import { parsePut } from '../wire/parse-put.ts';
import { putJsonOf } from '../wire/put-json.ts';
import { latest, type GraphKeeper, type KeptWrite } from './keeper.ts';

/** Where writes stand that no peer has acknowledged; the store's own keys begin otherwise. */
const UNSENT = 'u/';
const AFTER_UNSENT = 'u0';
/** Names the last turn in which an owner of a shared storage wrote. */
const LAST_TURN = 'u!';
const READ_AT_ONCE = 256;
/** Bytes of hot properties kept in memory beside those in use. */
const CACHE_BYTES = 8 * 1024 * 1024;

/** A storage that may be open in several places at once, such as tabs. */
export type SharedStorage = Storage & { readonly share?: Share | undefined };

/**
 * Keeps a graph in a storage, for the option `storage` of a graph.
 *
 * @param storage when it has a `share`, what other owners of it store is seen here as well
 * @param limits in place of the defaults; the cache holds 8 MiB unless told otherwise
 */
export function stored(storage: SharedStorage, limits: Partial<Limits> = {}): GraphKeeper {
  const all = limitsWith({ cacheBytes: CACHE_BYTES, lexMaxBytes: Infinity, ...limits });
  return new StoredKeeper(storage, all);
}

/** The store's floors over one storage; another owner's commit makes what they have in memory worthless. */
interface Floors {
  readonly graph: GraphStore;
  readonly writer: Writer;
}

/** A graph in a storage; writes are merged with what it holds and committed before anybody is told. */
class StoredKeeper implements GraphKeeper {
  readonly #storage: SharedStorage;
  readonly #limits: Limits;
  readonly #slices = new Slices({ schedule: inLaterTurn });
  #floors: Floors;
  /** True when another owner told that it has stored something. */
  #isStale = false;
  /** The last turn of whose writes the floors know. */
  #lastTurn: string | undefined;
  /** Requests that wait for their turn among the owners. */
  #waiting: PutRequest[] = [];
  #turn: Promise<void> | undefined;
  /** Changes of the list of unsent writes that go with the next commit. */
  #unsent: Change[] = [];
  #committing: Promise<void> | undefined;
  /** Greatest state of this app's own writes. */
  #ownState = 0;
  #changed: (changed: readonly FieldWrite[]) => void = () => undefined;

  constructor(storage: SharedStorage, limits: Limits) {
    this.#storage = storage;
    this.#limits = limits;
    this.#floors = this.#makeFloors();
  }

  async open(): Promise<KeptWrite[]> {
    await this.#storage.open();
    await this.#floors.writer.open();
    this.#storage.share?.listen((text) => this.#hear(text));
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
    await this.#turn;
    await this.#floors.writer.close();
    this.#storage.share?.close();
    await this.#storage.close();
  }

  /** Other owners' writes are told in the same way. */
  onMatured(listener: (changed: readonly FieldWrite[]) => void): void {
    this.#changed = listener;
  }

  async read(soul: string, names: Names | undefined): Promise<Fields> {
    if (this.#isStale) await this.#takeTurn();
    const { graph } = this.#floors;
    if (typeof names === 'string') {
      const entry = await graph.readField(soul, names);
      return new Map(entry === undefined ? [] : [[names, entry]]);
    }
    const node = names === undefined ? await graph.readNode(soul) : undefined;
    return node?.fields ?? this.#walk(graph, soul, names);
  }

  commit(writes: readonly FieldWrite[], isOwn: boolean): Promise<PutOutcome> {
    if (isOwn) this.#ownState = latest(writes, this.#ownState);
    return new Promise((settle) => {
      const request = { writes, owner: undefined, settle };
      if (this.#storage.share === undefined) return this.#floors.writer.submit(request);
      this.#waiting.push(request);
      void this.#takeTurn();
    });
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

  #makeFloors(): Floors {
    const storage = this.#storage;
    const limits = this.#limits;
    const slices = this.#slices;
    const graph = new GraphStore({ storage, limits, slices });
    const writer = new Writer({
      storage,
      graph,
      limits,
      slices,
      clock: () => Math.max(systemClock(), this.#ownState),
      schedule: (task) => queueMicrotask(task),
      startTimer: (wake, waitMs) => this.#startTimer(wake, waitMs),
    });
    writer.onMatured((changed) => this.#tell(changed, true));
    return { graph, writer };
  }

  /** A timer that keeps no process alive, and what it does waits for its turn. */
  #startTimer(wake: () => void, waitMs: number): () => void {
    const run = this.#storage.share === undefined ? wake : () => void this.#takeTurn(wake);
    const timer = setTimeout(run, waitMs);
    (timer as { unref?(): void }).unref?.();
    return () => clearTimeout(timer);
  }

  /**
   * Lets this owner write while no other does: with what the others have stored since, and all that waits at
   * once. Otherwise a merge with what is in memory could put an older value in the place of a newer one.
   */
  #takeTurn(also?: () => void): Promise<void> {
    if (this.#turn !== undefined && also === undefined) return this.#turn;
    const share = this.#storage.share!;
    const turn = share
      .exclusive(async () => {
        if (this.#turn === turn) this.#turn = undefined;
        await this.#renew();
        if (this.#waiting.length === 0 && also === undefined) return;
        this.#lastTurn = randomId();
        await this.#storage.commit([[LAST_TURN, this.#lastTurn]]);
        const { writer } = this.#floors;
        for (const request of this.#waiting.splice(0)) writer.submit(this.#shared(request));
        also?.();
        await writer.idle();
      })
      .catch((error: unknown) => this.#failWaiting(error));
    this.#turn = turn;
    return turn;
  }

  /** What others told may not have come yet, but in the storage it stands. */
  async #renew(): Promise<void> {
    const lastTurn = await this.#storage.getText(LAST_TURN);
    this.#isStale = false;
    if (lastTurn === this.#lastTurn) return;
    this.#lastTurn = lastTurn;
    await this.#floors.writer.close();
    this.#floors = this.#makeFloors();
    await this.#floors.writer.open();
  }

  /** The request, of which the other owners are told as well. */
  #shared(request: PutRequest): PutRequest {
    return {
      writes: request.writes,
      owner: request.owner,
      settle: (outcome) => {
        if (outcome.ok) this.#tell(outcome.changed, false);
        request.settle(outcome);
      },
    };
  }

  #failWaiting(error: unknown): void {
    for (const request of this.#waiting.splice(0)) request.settle({ ok: false, reason: String(error) });
  }

  #tell(changed: readonly FieldWrite[], isHere: boolean): void {
    if (changed.length === 0) return;
    this.#storage.share?.tell(putJsonOf(changed));
    if (isHere) this.#changed(changed);
  }

  /** Another owner has stored something. */
  #hear(text: string): void {
    this.#isStale = true;
    const writes = parsePut(JSON.parse(text), this.#limits);
    if (writes.ok) this.#changed(writes.value);
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

  async #walk(graph: GraphStore, soul: string, names: Names | undefined): Promise<Fields> {
    const fields = new Map<string, Entry>();
    const key = names === undefined ? {} : { key: names };
    for await (const { nodes } of graph.parts({ soul, reverse: false, byteLimit: Infinity, ...key })) {
      for (const { entries } of nodes) for (const [name, entry] of entries) fields.set(name, entry);
    }
    return fields;
  }
}
