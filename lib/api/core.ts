import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { StateClock, type Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { GraphError } from '../base/errors.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import type { Result } from '../base/result.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { Fields } from '../graph/node.ts';
import type { Names } from '../graph/selector.ts';
import type { Value } from '../graph/value.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import type { PeerAddress } from '../mesh/link.ts';
import type { PutMessage } from '../wire/message.ts';
import { putJsonOf } from '../wire/put-json.ts';
import { answersTo } from './answers.ts';
import { delivered, type PutResult, type WriteOptions } from './delivery.ts';
import { writesInPut, type GraphKeeper, type KeptWrite } from './keeper.ts';
import { LiveNodes, type LivePart } from './live-nodes.ts';
import { Standing } from './standing.ts';
import { UnsentWrite, UnsentWrites } from './unsent.ts';
import type { Uplink } from './uplink.ts';
import { Uplinks, type GraphStatus } from './uplinks.ts';
import type { UserSpaces } from './user-spaces.ts';
import { writeIds } from './write-ids.ts';

/** Souls asked for lately whose changes are taken though nobody watches them any more. */
const ASKED_SOULS = 10_000;
/** What a graph tells about itself. */
export interface GraphEvents extends Record<string, unknown> {
  /** The status is another one. */
  readonly status: GraphStatus;
  /** A peer refused what this app wrote. */
  readonly refused: { readonly peer: string; readonly reason: string };
  /** The storage failed, or a listener threw; without a listener for it the error is thrown on its own. */
  readonly error: unknown;
}

/** The same with what is told within the library alone. */
interface CoreEvents extends GraphEvents {
  readonly closed: undefined;
}

/** What a graph is made of. */
export interface CoreParts {
  readonly keeper: GraphKeeper;
  readonly peers: readonly PeerAddress[];
  readonly limits: GraphLimits;
  readonly clock: Clock;
  readonly spaces: UserSpaces;
}

/** The graph below its interface: what is kept, watched, asked and sent. */
export class GraphCore {
  readonly live: LiveNodes;
  readonly events: Emitter<CoreEvents>;
  readonly states: StateClock;
  readonly keeper: GraphKeeper;
  /** Checks what is written here and what peers say. */
  spaces: UserSpaces;
  readonly #limits: GraphLimits;
  readonly #clock: Clock;
  readonly unsent: UnsentWrites;
  readonly #uplinks: Uplinks;
  readonly #asked = new TwoGenerations<string, true>(ASKED_SOULS);
  readonly #life = new Lifecycle(
    () => this.#open(),
    () => this.#close(),
  );
  readonly #ready: Promise<void>;
  readonly #standing: Standing;
  readonly #nextId: () => string;

  constructor({ keeper, peers, limits, clock, spaces }: CoreParts) {
    this.keeper = keeper;
    this.#limits = limits;
    this.#clock = clock;
    this.spaces = spaces;
    this.states = new StateClock(clock);
    this.#nextId = writeIds(clock);
    this.events = new Emitter((error, name) => (name === 'error' ? throwAlone(error) : this.fail(error)));
    this.unsent = new UnsentWrites(
      () => this.peerCount,
      (id) => keeper.dropUnsent(id),
    );
    this.#uplinks = this.#makeUplinks(peers);
    this.#standing = new Standing(
      this.#uplinks,
      (status) => void this.events.emit('status', status),
      () => this.#adopt(),
    );
    this.live = new LiveNodes(
      {
        read: (soul, names) => this.#read(soul, names),
        hold: (soul) => keeper.hold(soul),
        release: (soul) => keeper.release(soul),
      },
      (part) => this.#ask(part),
      (error) => this.fail(error),
      (soul, key, entry) => spaces.plain(soul, key, entry),
    );
    keeper.onMatured((changed) => this.live.apply(changed, true));
    keeper.onLeft?.(() => this.#adopt());
    this.#ready = this.#life.open();
    this.#ready.catch((error: unknown) => this.fail(error));
  }

  get status(): GraphStatus {
    return this.#standing.status;
  }

  /** Resolves when what was kept is there. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  get isClosed(): boolean {
    return this.#life.status === 'closing' || this.#life.status === 'closed';
  }

  /** Ends all links and closes the storage. Idempotent. */
  close(): Promise<void> {
    return this.#life.close();
  }

  /**
   * Stays connected with one more peer, once the graph is ready.
   *
   * @throws GraphError OPTION_INVALID when there is one of that name
   */
  add(address: PeerAddress): void {
    this.#uplinks.add(address);
    this.#uplinks.open();
    this.#standing.dialled();
  }

  /** @throws GraphError LIFECYCLE_CLOSED when the graph is closed */
  assertUsable(): void {
    if (this.isClosed) throw new GraphError('LIFECYCLE_CLOSED');
  }

  /** Listens to what the graph tells about itself. */
  on<Name extends 'status' | 'refused' | 'error'>(
    name: Name,
    listener: (event: GraphEvents[Name]) => void,
  ): () => void {
    return this.events.on(name, listener);
  }

  /** Tells of a failure that no call can reject with; what the end of the graph cuts short is none. */
  fail(error: unknown): void {
    if (this.isClosed && error instanceof GraphError && error.code === 'STORAGE_NOT_OPEN') return;
    if (!this.events.emit('error', error)) throwAlone(error);
  }

  /** Keeps the process alive until the returned function is called, once: somebody waits or listens. */
  hold(): () => void {
    return this.#standing.hold();
  }

  /** Calls back when the graph is closed; gives the way to stop. */
  onClose(listener: () => void): () => void {
    return this.events.on('closed', listener);
  }

  /** Peers that there are to be. */
  get peerCount(): number {
    return this.#uplinks.size;
  }

  /** True when every connected peer has answered for all of the parts. */
  isComplete(parts: Iterable<LivePart>): boolean {
    for (const part of parts) if (!part.isLoaded || !this.#uplinks.isComplete(part)) return false;
    return true;
  }

  /** True when there is nobody who could answer before long. */
  get isCutOff(): boolean {
    const { connection } = this.status;
    return connection === 'alone' || connection === 'offline';
  }

  /** What a property that is kept here means; undefined for none. */
  async valueAt(soul: string, key: string): Promise<Value | undefined> {
    const entry = await this.entry(soul, key);
    return entry === undefined ? undefined : this.spaces.plain(soul, key, entry);
  }

  /** What is kept of a node. */
  async fields(soul: string): Promise<Fields> {
    return this.#read(soul, undefined);
  }

  /** What is kept of a property. */
  async entry(soul: string, key: string): Promise<Entry | undefined> {
    return (await this.#read(soul, key)).get(key);
  }

  /**
   * Stores writes here, sends them to every peer and waits as long as is wished. An author puts its own way of writing
   * in the place of this one.
   *
   * @throws GraphError GRAPH_BAD_VALUE, STORAGE_FAILED, PUT_REFUSED, OPTION_INVALID
   */
  async write(all: readonly FieldWrite[], options: WriteOptions): Promise<PutResult> {
    const checked = await this.#check(all);
    if (!checked.ok) throw new GraphError('PUT_REFUSED', checked.reason);
    const writes = checked.value;
    if (writes.length === 0) return { delivery: 'local' };
    const putJson = putJsonOf(writes);
    if (putJson.length > this.#limits.frameBytes)
      throw new GraphError('GRAPH_BAD_VALUE', `longer than ${this.#limits.frameBytes} characters`);
    const write = new UnsentWrite(this.#nextId(), putJson, writes);
    const isSent = this.peerCount > 0;
    // Begun in one turn, they share a commit.
    const kept = isSent && this.keeper.keepUnsent(write);
    const [outcome] = await Promise.all([this.keeper.commit(writes, true), kept]);
    if (!outcome.ok) {
      if (isSent) this.keeper.dropUnsent(write.id);
      throw new GraphError('STORAGE_FAILED', outcome.reason);
    }
    this.live.apply(outcome.changed, false);
    options.local?.();
    if (isSent) this.send(write);
    return delivered(this, write, options);
  }

  #makeUplinks(peers: readonly PeerAddress[]): Uplinks {
    return new Uplinks(peers, {
      limits: this.#limits,
      unsent: this.unsent,
      parts: () => this.live.parts(),
      take: (writes, isAnswer, message, uplink) => this.take(writes, isAnswer, message, uplink),
      answer: (get) => answersTo(get, this.keeper),
      changed: () => this.#standing.update(),
      refused: (peer, reason) => this.events.emit('refused', { peer, reason }),
      fail: (error) => this.fail(error),
    });
  }

  async #open(): Promise<void> {
    await this.#resume(await this.keeper.open());
    this.#uplinks.open();
    this.#standing.dialled();
  }

  async #close(): Promise<void> {
    this.events.emit('closed', undefined);
    this.#uplinks.close();
    await this.keeper.close();
  }

  /** Takes up writes of earlier runs, and of tabs that may be gone; they may have been kept and not stored. */
  async #resume(kept: readonly KeptWrite[]): Promise<void> {
    for (const { id, putJson } of kept) {
      if (this.unsent.has(id)) continue;
      const writes = writesInPut(putJson, this.#limits);
      if (writes === undefined) this.keeper.dropUnsent(id);
      else {
        await this.keeper.commit(writes, true);
        // One of this graph's own may have been on its way here.
        if (!this.unsent.has(id)) this.send(new UnsentWrite(id, putJson, writes));
      }
    }
  }

  /** Sends what other owners of the storage may have left; what fails here is tried again with the next link. */
  #adopt(): void {
    if (this.status.peers === 0) return;
    this.keeper
      .unsent?.()
      .then((kept) => this.#resume(kept))
      .catch(() => undefined);
  }

  /** Sends a write that is stored here to every peer. */
  send(write: UnsentWrite): void {
    this.unsent.add(write);
    this.#uplinks.send(write);
    this.#standing.update();
  }

  #read(soul: string, names: Names | undefined): MaybePromise<Fields> {
    if (this.#life.status === 'open') return this.keeper.read(soul, names);
    return this.#ready.then(() => this.keeper.read(soul, names));
  }

  #ask(part: LivePart): void {
    this.#asked.set(part.node.soul, true);
    this.#uplinks.ask(part);
  }

  /** Peers may say what was asked, and what changes in nodes that are watched or were asked for. */
  take(
    writes: readonly FieldWrite[],
    isAnswer: boolean,
    message?: PutMessage,
    uplink?: Uplink,
  ): Promise<string | undefined> {
    const wanted = writes.filter(
      ({ soul }) => isAnswer || this.live.has(soul) || this.#asked.get(soul) !== undefined,
    );
    if (wanted.length === 0) return Promise.resolve(undefined);
    const taken = chain(this.#check(wanted, message, uplink), (checked) => {
      if (!checked.ok) return checked.reason;
      return chain(this.keeper.commit(checked.value, false), (outcome) => {
        if (!outcome.ok) return outcome.reason;
        this.live.apply(outcome.changed, true);
        return undefined;
      });
    });
    return Promise.resolve(taken);
  }

  #check(
    writes: readonly FieldWrite[],
    message?: PutMessage,
    uplink?: Uplink,
  ): MaybePromise<Result<readonly FieldWrite[]>> {
    return this.spaces.check(writes, this.#clock(), (soul, key) => this.entry(soul, key), message, uplink);
  }
}

/** Throws what nobody is told of, apart from what is going on. */
function throwAlone(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}
