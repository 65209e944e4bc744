import { GraphCore } from '../api/core.ts';
import { sessionOf, type UserSession } from '../api/user.ts';
import type { SignWrites, UserSpaces } from '../api/user-spaces.ts';
import { graphLimitsWith } from '../base/graph-limits.ts';
import { systemClock } from '../base/clock.ts';
import { randomText } from '../base/random.ts';
import type { LivePart } from '../api/live-nodes.ts';
import { Display } from './display.ts';
import type { ChainLike, Context, ContextWorld } from './context.ts';
import { EventStorage } from './event-storage.ts';
import type { Listener, ListenerWorld } from './listener.ts';
import { MemoryView } from './memory-view.ts';
import { takeOptions, type Host, type KeptOptions } from './options.ts';
import type { Settle } from './sources.ts';
import type { WatchPart } from './spots.ts';
import { withWireEvents } from './wire-events.ts';
import { Writes } from './writes.ts';

/** Gun's `lack`, in milliseconds. */
const LACK_MS = 9000;
const UUID_LETTERS = 12;

/** What a root is made of. */
export interface RootParts {
  readonly host: Host;
  readonly spaces: UserSpaces;
  /** Told of options and of new graphs. */
  readonly told: (name: 'opt' | 'create', context: Context) => void;
}

/** What one `Gun()` is: a graph, its options, and who listens. */
export class ChainRoot<C extends ChainLike = ChainLike> implements ListenerWorld, ContextWorld {
  readonly $: C;
  readonly options: KeptOptions;
  readonly listeners: Set<Listener> = new Set();
  readonly unsettled: Set<Display> = new Set();
  readonly #parts: RootParts;
  readonly #dirty = new Set<Display>();
  #core: GraphCore | undefined;
  #memory: MemoryView | undefined;
  #storage: EventStorage | undefined;
  #writes: Writes | undefined;
  #isDrawing = false;
  #ids = 0;

  /** @param chain makes the chain of it all */
  constructor(parts: RootParts, chain: (root: ChainRoot<C>) => C) {
    this.#parts = parts;
    this.options = {
      peers: Object.create(null) as KeptOptions['peers'],
      uuid: (length = UUID_LETTERS) =>
        this.core.states.next().toString(36).replace('.', '') + randomText(length),
    };
    this.$ = chain(this);
  }

  /** The graph; it opens when it is first needed, with the options of that moment. */
  get core(): GraphCore {
    this.#core ??= this.#open();
    return this.#core;
  }

  /** What is in memory of the graph. */
  get memory(): MemoryView {
    void this.core;
    return this.#memory!;
  }

  get writes(): Writes {
    this.#writes ??= new Writes(this.core);
    return this.#writes;
  }

  get writing(): Promise<void> | undefined {
    return this.writes.pending;
  }

  get lackMs(): number {
    const { lack } = this.options;
    return typeof lack === 'number' && lack > 0 ? lack : LACK_MS;
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  /**
   * Takes the first options and begins: what extensions add to them counts as well.
   *
   * @throws GraphError OPTION_INVALID
   */
  begin(options: unknown): void {
    this.opt(options);
    this.$._.once = 1;
    void this.core;
    this.#parts.told('create', this.$._);
  }

  /**
   * Takes options; peers that are new are dialled.
   *
   * @throws GraphError OPTION_INVALID
   */
  opt(given: unknown): void {
    const added = takeOptions(this.options, given);
    this.#parts.told('opt', this.$._);
    if (this.#core === undefined) return;
    const core = this.#core;
    core.assertUsable();
    const peers = added.map((url) => this.#peer(url));
    const join = (): void => {
      if (!core.isClosed) for (const peer of peers) core.add(peer);
    };
    core.ready.then(join, () => undefined);
  }

  /** Watches a part of a node, and tells the listeners of `get`. */
  readonly watch: WatchPart = (selector, changed) => {
    const watch = this.core.live.watch(selector, { changed });
    this.#storage!.ask(selector);
    return watch;
  };

  /** True when nobody is waited for who could know more of some parts. */
  readonly isKnown = (parts: Iterable<LivePart>): boolean => {
    const all = [...parts];
    return (this.core.isCutOff || this.core.isComplete(all)) && this.#storage!.isAnswered(all);
  };

  /** Signs what is written into the spaces of users; with a certificate into those of others. */
  signer(certificate: string | undefined): SignWrites {
    return this.session.signer(certificate);
  }

  /** Who uses the graph. */
  get session(): UserSession {
    return sessionOf(this.core);
  }

  /** Calls back once what is at a spot is known, and that it is something. */
  readonly settle: Settle = (spot, settled) => {
    const tell = (): void => settled();
    const options = { telling: 'once', tellsNothing: false, skipsNull: false, tell } as const;
    const display = new Display(this, spot, options, this.writing);
    return () => display.close();
  };

  /** Displays that change together are drawn together, in the order in which they changed. */
  dirty(display: Display): void {
    this.#dirty.add(display);
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    queueMicrotask(() => this.#draw());
  }

  /** Ends all links and listening, and closes the storage. */
  async close(): Promise<void> {
    for (const listener of this.listeners) listener.off();
    await this.core.close();
  }

  #open(): GraphCore {
    const peers = Object.keys(this.options.peers).map((url) => this.#peer(url));
    const keeper = this.options.storage ?? this.#parts.host.keep(this.options);
    const limits = graphLimitsWith();
    const core = new GraphCore({
      keeper,
      peers,
      limits,
      clock: systemClock,
      spaces: this.#parts.spaces,
    });
    const memory = new MemoryView(core, keeper, this.#parts.spaces);
    this.#memory = memory;
    const storage = new EventStorage(this.$._, {
      limits,
      $: this.$,
      take: (writes) => core.take(writes, true),
      answered: () => this.#drawUnsettled(),
      fail: (error) => core.fail(error),
    });
    this.#storage = storage;
    core.live.changed = (changed) => {
      for (const { soul } of changed) memory.note(soul);
      this.#draw();
      storage.tell(changed, (write) => this.#parts.spaces.plain(write.soul, write.key, write));
    };
    core.on('status', () => this.#drawUnsettled());
    return core;
  }

  #drawUnsettled(): void {
    for (const display of this.unsettled) this.dirty(display);
  }

  #peer(url: string): ReturnType<Host['peer']> {
    const address = this.#parts.host.peer(url, this.options);
    return withWireEvents(address, this.options.peers[url]!, { owner: this.$._, $: this.$ });
  }

  #draw(): void {
    for (const display of this.#dirty) {
      this.#dirty.delete(display);
      display.draw();
    }
    this.#isDrawing = false;
  }
}
