import type { Anything } from './anything.ts';
import type { Place } from '../api/input.ts';
import { linkOf } from '../api/path-follower.ts';
import { on, type EventOn, type EventLine, type EventOwner } from './events.ts';
import type { KeptOptions } from './options.ts';
import type { MemoryView } from './memory-view.ts';
import type { Source } from './sources.ts';
import type { GunNode } from './values.ts';

/** What every chain has. */
export interface ChainLike {
  readonly _: Context;
}

/** Where a chain stands; at the root nothing of it. */
export interface ChainPlace {
  readonly source?: Source | undefined;
  /** The concrete place, when there is one. */
  readonly place?: Place | undefined;
  readonly above?: ChainLike;
  readonly key?: string | undefined;
  /** True when the source is already the members that `map` means. */
  readonly isQuery?: boolean;
}

/** What contexts need of the graph. */
export interface ContextWorld {
  /** The chain at the root. */
  readonly $: ChainLike;
  readonly options: KeptOptions;
  readonly memory: MemoryView;
  nextId(): number;
}

/**
 * What stands under `_` of a chain, as far as apps and extensions use it. All of it is read when it is asked for.
 */
export class Context implements EventOwner {
  /** The chain. */
  readonly $: Anything;
  readonly on: EventOn = on;
  tag?: Record<string, EventLine>;
  /** At the root, present once the graph is made: extensions that hear of options again are there already. */
  once?: 1;
  /** Tells chains apart. */
  readonly id: number;
  readonly #root: ContextWorld;
  readonly #at: () => ChainPlace;

  constructor(chain: ChainLike, root: ContextWorld, at: () => ChainPlace) {
    this.$ = chain;
    this.#root = root;
    this.#at = at;
    this.id = root.nextId();
  }

  /** The context at the root. */
  get root(): Context {
    return this.#root.$._;
  }

  /** The context above; undefined at the root. */
  get back(): Context | undefined {
    return this.#at().above?._;
  }

  /** The key of this chain in the one above. */
  get get(): string | undefined {
    return this.#at().key;
  }

  /** The concrete place of the chain; undefined at the root, and for what means many. */
  get place(): Place | undefined {
    return this.#at().place;
  }

  /** The soul, of a chain that is a node by its name. */
  get soul(): string | undefined {
    const { place } = this.#at();
    return place?.keys.length === 0 ? place.soul : undefined;
  }

  /** The key, of a chain that is a property. */
  get has(): string | undefined {
    return (this.#at().place?.keys.length ?? 0) > 0 ? this.#at().key : undefined;
  }

  /** The soul that the property here links to, as far as it is in memory. */
  get link(): string | undefined {
    const { place } = this.#at();
    return place === undefined || place.keys.length === 0
      ? undefined
      : linkOf(this.#root.memory.valueAt(place));
  }

  /** What is here, as far as it is in memory. */
  get put(): unknown {
    const { place } = this.#at();
    if (place === undefined) return undefined;
    const value = place.keys.length === 0 ? { '#': place.soul } : this.#root.memory.valueAt(place);
    const soul = linkOf(value);
    return soul === undefined ? value : this.#root.memory.node(soul);
  }

  /** The options of the graph. */
  get opt(): KeptOptions {
    return this.#root.options;
  }

  /** The nodes that are in use, by soul. */
  get graph(): Readonly<Record<string, GunNode>> {
    return this.#root.memory.graph;
  }
}

/** What a function gives for the first of the contexts for which it gives anything. */
export function firstOf<Found>(
  contexts: readonly Context[],
  find: (at: Context) => Found | undefined,
): Found | undefined {
  for (const at of contexts) {
    const found = find(at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What stands at a path of names in something; undefined for nothing. */
export function readPath(from: unknown, path: readonly string[]): unknown {
  let at = from;
  for (const key of path) at = (at as Record<string, unknown> | null | undefined)?.[key];
  return at;
}
