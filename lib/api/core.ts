import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { StateClock, type Clock } from '../base/clock.ts';
import { Emitter } from '../base/emitter.ts';
import { GraphError } from '../base/errors.ts';
import { Lifecycle } from '../base/lifecycle.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import { randomText } from '../base/random.ts';
import type { Result } from '../base/result.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { Fields } from '../graph/node.ts';
import type { Names } from '../graph/selector.ts';
import type { Value } from '../graph/value.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import type { PeerAddress } from '../mesh/link.ts';
import type { PutMessage } from '../wire/message.ts';
import { parsePut } from '../wire/parse-put.ts';
import { putJsonOf } from '../wire/put-json.ts';
import { answersTo } from './answers.ts';
import type { Delivery, PutOptions, PutResult, WriteOptions } from './delivery.ts';
import type { GraphKeeper, KeptWrite } from './keeper.ts';
import { LiveNodes, type LivePart } from './live-nodes.ts';
import { deliveryOf, UnsentWrite, UnsentWrites } from './unsent.ts';
import type { Uplink } from './uplink.ts';
import { Uplinks, type Connection } from './uplinks.ts';
import type { UserSpaces } from './user-spaces.ts';
import { waitFor } from './wait.ts';

/** Souls asked for lately whose changes are taken though nobody watches them any more. */
const ASKED_SOULS = 10_000;
/** Letters that keep writes of one millisecond apart, and in order. */
const TIME_LETTERS = 9;
const COUNT_LETTERS = 6;

/** How a graph stands with the world. */
export interface GraphStatus {
  /** `alone` without peers, `connecting` until one answered or all failed, then `online` or `offline`. */
  readonly connection: Connection;
  /** Peers connected now. */
  readonly peers: number;
  /** Writes that no peer has stored yet. */
  readonly unsent: number;
}

/** What a graph tells about itself. */
export interface GraphEvents extends Record<string, unknown> {
  /** The status is another one. */
  readonly status: GraphStatus;
  /** A peer refused what this app wrote. */
  readonly refused: { readonly peer: string; readonly reason: string };
  /** The storage failed, or a listener threw; without a listener for it the error is thrown on its own. */
  readonly error: unknown;
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
  readonly events: Emitter<GraphEvents>;
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
  #status: GraphStatus;
  #errorListeners = 0;
  readonly #closers = new Set<() => void>();
  #isTelling = false;
  #users = 0;
  #isHeld = true;
  #written = 0;

  constructor({ keeper, peers, limits, clock, spaces }: CoreParts) {
    this.keeper = keeper;
    this.#limits = limits;
    this.#clock = clock;
    this.spaces = spaces;
    this.states = new StateClock(clock);
    this.events = new Emitter((error) => this.fail(error));
    this.unsent = new UnsentWrites(
      () => this.#uplinks.size,
      (id) => keeper.dropUnsent(id),
    );
    this.#uplinks = this.#makeUplinks(peers);
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
    this.#status = this.#currentStatus();
    this.#ready = this.#life.open();
    this.#ready.catch((error: unknown) => this.fail(error));
  }

  get status(): GraphStatus {
    return this.#status;
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
    this.#isHeld = true;
    this.#update();
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
    const stop = this.events.on(name, listener);
    if (name !== 'error') return stop;
    this.#errorListeners += 1;
    return () => {
      this.#errorListeners -= 1;
      stop();
    };
  }

  /** Tells of a failure that no call can reject with; what the end of the graph cuts short is none. */
  fail(error: unknown): void {
    if (this.isClosed && error instanceof GraphError && error.code === 'STORAGE_NOT_OPEN') return;
    if (this.#errorListeners > 0) return this.events.emit('error', error);
    setTimeout(() => {
      throw error;
    });
  }

  /** Keeps the process alive until the returned function is called: somebody waits or listens. */
  hold(): () => void {
    this.#users += 1;
    this.#updateHold();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#users -= 1;
      this.#updateHold();
    };
  }

  /** Calls back when the graph is closed; gives the way to stop. */
  onClose(listener: () => void): () => void {
    this.#closers.add(listener);
    return () => this.#closers.delete(listener);
  }

  /** True when every connected peer has answered for all of the parts. */
  isComplete(parts: Iterable<LivePart>): boolean {
    for (const part of parts) if (!part.isLoaded || !this.#uplinks.isComplete(part)) return false;
    return true;
  }

  /** True when there is nobody who could answer before long. */
  get isCutOff(): boolean {
    const { connection } = this.#status;
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
    const isSent = this.#uplinks.size > 0;
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
    return this.delivered(write, options);
  }

  /** @throws GraphError OPTION_INVALID when there are too few peers to store so often */
  assertPossible(until: Delivery | undefined): void {
    const peers = this.#uplinks.size;
    if ((until === 'relay' && peers < 1) || (until === 'replicated' && peers < 2))
      throw new GraphError('OPTION_INVALID', `until ${until} with ${peers} peers`);
  }

  #makeUplinks(peers: readonly PeerAddress[]): Uplinks {
    return new Uplinks(peers, {
      limits: this.#limits,
      unsent: this.unsent,
      parts: () => this.live.parts(),
      take: (writes, isAnswer, message, uplink) => this.take(writes, isAnswer, message, uplink),
      answer: (get) => answersTo(get, this.keeper),
      changed: () => this.#update(),
      refused: (peer, reason) => this.events.emit('refused', { peer, reason }),
      fail: (error) => this.fail(error),
    });
  }

  async #open(): Promise<void> {
    await this.#resume(await this.keeper.open());
    this.#uplinks.open();
    this.#isHeld = true;
    this.#update();
  }

  async #close(): Promise<void> {
    for (const close of this.#closers) close();
    this.#uplinks.close();
    await this.keeper.close();
  }

  /** Takes up writes of earlier runs, and of tabs that may be gone; they may have been kept and not stored. */
  async #resume(kept: readonly KeptWrite[]): Promise<void> {
    for (const { id, putJson } of kept) {
      if (this.unsent.has(id)) continue;
      const writes = writesIn(putJson, this.#limits);
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
    if (this.#uplinks.openCount === 0) return;
    this.keeper
      .unsent?.()
      .then((kept) => this.#resume(kept))
      .catch(() => undefined);
  }

  /** Sends a write that is stored here to every peer. */
  send(write: UnsentWrite): void {
    this.unsent.add(write);
    this.#uplinks.send(write);
    this.#update();
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
    const isWanted = ({ soul }: FieldWrite): boolean =>
      isAnswer || this.live.has(soul) || this.#asked.get(soul) !== undefined;
    const wanted = writes.filter(isWanted);
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

  #nextId(): string {
    this.#written += 1;
    const time = Math.max(0, Math.floor(this.#clock())).toString(36).padStart(TIME_LETTERS, '0');
    return `${time}${this.#written.toString(36).padStart(COUNT_LETTERS, '0')}${randomText(4)}`;
  }

  /** Waits until a write is as far as is wished. */
  delivered(write: UnsentWrite, { until = 'local', timeout, signal }: PutOptions): MaybePromise<PutResult> {
    const wanted = until === 'relay' ? 1 : this.#uplinks.size;
    if (until === 'local') return { delivery: 'local' };
    const release = this.hold();
    const result = (): PutResult => ({ delivery: deliveryOf(write) });
    return waitFor<PutResult>(signal, ({ done, fail }) => {
      const timer = timeout === undefined ? undefined : setTimeout(() => done(result()), timeout);
      const stop = write.onSettled(() => {
        const refused = write.settledBy.size - write.storedBy;
        if (write.storedBy >= wanted) done(result());
        else if (refused > this.#uplinks.size - wanted) fail(new GraphError('PUT_REFUSED', write.refusal));
      });
      return () => {
        clearTimeout(timer);
        stop();
        release();
      };
    });
  }

  #currentStatus(): GraphStatus {
    return {
      connection: this.#uplinks.connection,
      peers: this.#uplinks.openCount,
      unsent: this.unsent.count,
    };
  }

  #update(): void {
    const before = this.#status;
    const now = this.#currentStatus();
    const parts = Object.keys(now) as (keyof GraphStatus)[];
    if (parts.some((part) => before[part] !== now[part])) {
      this.#status = now;
      this.#tell();
      if (now.peers > before.peers) this.#adopt();
    }
    this.#updateHold();
  }

  /** Many changes within a turn are told once. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.events.emit('status', this.#status);
    });
  }

  /** Writes keep the process alive only while somebody is there to take them. */
  #updateHold(): void {
    const { connection, unsent } = this.#status;
    const isHeld = this.#users > 0 || (unsent > 0 && connection !== 'offline');
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#uplinks.hold(isHeld);
  }
}

/** The writes of a kept put; undefined when it is damaged, which must not keep a graph from opening. */
function writesIn(putJson: string, limits: GraphLimits): readonly FieldWrite[] | undefined {
  try {
    const writes = parsePut((JSON.parse(`{"put":${putJson}}`) as { readonly put: unknown }).put, limits);
    return writes.ok ? writes.value : undefined;
  } catch {
    return undefined;
  }
}
