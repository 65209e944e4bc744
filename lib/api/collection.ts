import { changesOf } from './change-queue.ts';
import type { GraphCore } from './core.ts';
import type { Place } from './input.ts';
import { listen, readOnce, type Found, type ListenOptions } from './observation.ts';
import type { Wanted } from './path-follower.ts';
import type { Snapshot } from './types.ts';
import { ItemsView, type OpenView } from './views.ts';
import type { WaitOptions } from './wait.ts';

/** The members of a collection by their ids; a member that has not changed is the same object as before. */
export type Items<T> = ReadonlyMap<string, Snapshot<T>>;

/** One member that is new, changed, or gone. */
export interface ItemChange<T> {
  readonly id: string;
  /** Undefined when it is not a member any more. */
  readonly value: Snapshot<T> | undefined;
}

/** The members of a node: each once, under its key, with the node behind when it is a link. */
export class Collection<T> {
  readonly #core: GraphCore;
  readonly #place: Place;
  readonly #wanted: Wanted;

  /** Use `reference.map`. */
  constructor(core: GraphCore, place: Place, wanted: Wanted) {
    this.#core = core;
    this.#place = place;
    this.#wanted = wanted;
  }

  /** Reads all members once; waits as `Reference.once` does. */
  once(options: WaitOptions = {}): Promise<Found<Items<T>>> {
    return readOnce(this.#core, this.#view(), options);
  }

  /** Calls back with all members as soon as they are known, also when there are none, and whenever any changes. */
  on(listener: (found: Found<Items<T>>) => void, options: ListenOptions = {}): () => void {
    return listen(this.#core, this.#view(), listener, options);
  }

  /** Calls back once for each member, again when that member changes, and without a value when it is gone. */
  each(
    listener: (value: Snapshot<T> | undefined, id: string) => void,
    options: ListenOptions = {},
  ): () => void {
    let before: Items<T> = new Map();
    return this.on(({ value: now = new Map() }) => {
      const last = before;
      before = now;
      for (const [id, value] of now) if (last.get(id) !== value) listener(value, id);
      for (const id of last.keys()) if (!now.has(id)) listener(undefined, id);
    }, options);
  }

  /** What {@link each} tells, for `for await`; of a member that changes while others are handled only the latest follows. */
  changes(options: ListenOptions = {}): AsyncGenerator<ItemChange<T>, void, undefined> {
    return changesOf<ItemChange<T>>(this.#core, options, (push) =>
      this.each((value, id) => push(id, { id, value }), options),
    );
  }

  #view(): OpenView<Items<T>> {
    return (dirty) => new ItemsView(this.#core.live, this.#place, this.#wanted, dirty) as never;
  }
}
