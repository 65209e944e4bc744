/// <reference lib="esnext.disposable" preserve="true" />
import { systemClock, type Clock } from '../base/clock.ts';
import { GraphError } from '../base/errors.ts';
import { graphLimitsWith, type GraphLimits } from '../base/graph-limits.ts';
import type { Link } from '../graph/value.ts';
import type { PeerAddress } from '../mesh/link.ts';
import { GraphCore, type GraphEvents } from './core.ts';
import type { GraphKeeper } from './keeper.ts';
import { MemoryKeeper } from './memory-keeper.ts';
import { Reference } from './reference.ts';
import type { GraphStatus } from './uplinks.ts';
import type { OpenNode } from './types.ts';
import { NO_USER_SPACES, type UserSpaces } from './user-spaces.ts';
import { waitOn, type WaitOptions } from './wait.ts';

/** Options of {@link createGraph}. */
export interface GraphOptions {
  /** Where the graph is kept, as `stored(storage)`. Default: in memory. */
  readonly storage?: GraphKeeper;
  /** The peers to stay connected with, as `websocket(url)`. Default: none. */
  readonly peers?: readonly PeerAddress[];
  /** Spaces of users, as `userSpaces()`: their values are signed. Default: everything is taken as it is. */
  readonly users?: UserSpaces;
  readonly limits?: Partial<GraphLimits>;
  readonly clock?: Clock;
}

/**
 * A graph: alone, offline, or with any number of peers.
 *
 * It opens by itself; whatever is called meanwhile waits. `Schema` says which nodes stand at the roots.
 *
 * @throws GraphError OPTION_INVALID
 */
export function createGraph<Schema extends object = Record<string, OpenNode>>(
  options: GraphOptions = {},
): Graph<Schema> {
  const limits = graphLimitsWith(options.limits);
  const clock = options.clock ?? systemClock;
  const keeper = options.storage ?? new MemoryKeeper(limits, clock);
  if (typeof (keeper as Partial<GraphKeeper>).keepUnsent !== 'function')
    throw new GraphError('OPTION_INVALID', 'storage must be stored(storage)');
  const spaces = options.users ?? NO_USER_SPACES;
  return new Graph(new GraphCore({ keeper, peers: options.peers ?? [], limits, clock, spaces }));
}

/** What is below a graph, for the parts of this library. */
export function coreOf<Schema extends object>(graph: Graph<Schema>): GraphCore {
  return cores.get(graph)!;
}

const cores = new WeakMap<object, GraphCore>();

/** A graph in an app. */
export class Graph<Schema extends object = Record<string, OpenNode>> {
  readonly #core: GraphCore;

  /** Use {@link createGraph}. */
  constructor(core: GraphCore) {
    this.#core = core;
    cores.set(this, core);
  }

  /** How the graph stands with its peers. */
  get status(): GraphStatus {
    return this.#core.status;
  }

  /** Resolves when the storage is open; rejects with its error. */
  get ready(): Promise<void> {
    return this.#core.ready;
  }

  /** The node with a soul of the schema. */
  get<K extends keyof Schema & string>(soul: K): Reference<Schema[K]> {
    return this.node(soul);
  }

  /** The node that a link points to, or that has a soul. */
  node<T = OpenNode>(link: Link | string): Reference<T> {
    const soul = typeof link === 'string' ? link : link['#'];
    if (soul === '') throw new GraphError('GRAPH_BAD_VALUE', 'a soul is empty');
    return new Reference(this.#core, { soul, keys: [] });
  }

  /** Listens to the status, to refusals and to errors; gives the way to stop. */
  on<Name extends 'status' | 'refused' | 'error'>(
    name: Name,
    listener: (event: GraphEvents[Name]) => void,
  ): () => void {
    return this.#core.on(name, listener);
  }

  /** Resolves when every write has been stored by a peer: true; false when the time was up before. */
  sent(options: WaitOptions = {}): Promise<boolean> {
    return waitOn<boolean>(this.#core, options, ({ done, fail }) => {
      const check = (): void => {
        if (this.status.unsent === 0) done(true);
      };
      this.ready.then(check, fail);
      return { late: () => done(false), stop: this.on('status', check) };
    });
  }

  /** Stops all listening, ends the links and closes the storage. What was not sent is sent after the next start. */
  close(): Promise<void> {
    return this.#core.close();
  }

  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
