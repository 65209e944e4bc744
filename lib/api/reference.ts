import { randomText } from '../base/random.ts';
import { changesOf } from './change-queue.ts';
import type { GraphCore } from './core.ts';
import type { PutOptions, PutResult } from './delivery.ts';
import { isPointer, type InputWriter, type Place } from './input.ts';
import { Collection } from './collection.ts';
import { listen, readOnce, type Found, type ListenOptions } from './observation.ts';
import { EVERYTHING } from './path-follower.ts';
import type { KeyQuery } from './query.ts';
import { linkedSoul, putTo } from './put.ts';
import { loadTree, type Tree } from './tree.ts';
import type { ChildOf, Input, ItemOf, KeyOf, Pointer, Snapshot } from './types.ts';
import { ValueView, type OpenView } from './views.ts';
import type { SignWrites } from './user-spaces.ts';
import type { WaitOptions } from './wait.ts';

/** Letters of an item's id behind its time, as in Gun's souls (gun-wire section 5.2.6). */
const ID_LETTERS = 12;

/** What a new member of a set may be given. */
export interface SetOptions extends PutOptions {
  /** Id of the item in the set; the same id is the same item, however often it is set. Default: a new one. */
  readonly id?: string;
}

/** A new member of a set. */
export interface SetResult extends PutResult {
  readonly id: string;
}

/**
 * A place in the graph: cheap, unchanging, with nothing kept or asked until it is read.
 *
 * `T` is what stands there: a value, or a node whose properties may be nodes again. Links on the way and at the
 * end are followed.
 */
export class Reference<T> {
  readonly #core: GraphCore;
  readonly #place: Place;
  readonly #sign: SignWrites | undefined;

  /**
   * Use `graph.get` or `graph.node`.
   *
   * @param sign signs what is written from here, in the spaces of users
   */
  constructor(core: GraphCore, place: Place, sign?: SignWrites) {
    this.#core = core;
    this.#place = place;
    this.#sign = sign;
  }

  /** The root soul and the keys that lead here. */
  get path(): readonly string[] {
    return [this.#place.soul, ...this.#place.keys];
  }

  /** What a key of this node leads to. */
  get<K extends KeyOf<T>>(key: K): Reference<ChildOf<T, K>> {
    const { soul, keys: before } = this.#place;
    return new Reference(this.#core, { soul, keys: [...before, key] }, this.#sign);
  }

  /**
   * Reads once: when every connected peer has answered, when nobody can be reached, or when the time is up
   * (9 seconds unless told otherwise; 0 for what is kept here).
   *
   * @throws GraphError LIFECYCLE_CLOSED, or the reason of the signal
   */
  once(options: WaitOptions = {}): Promise<Found<Snapshot<T>>> {
    return readOnce(this.#core, this.#view(), options);
  }

  /**
   * Calls back with what is here as soon as that is known, also when it is nothing, and whenever it changes.
   *
   * @returns the way to stop
   */
  on(listener: (found: Found<Snapshot<T>>) => void, options: ListenOptions = {}): () => void {
    return listen(this.#core, this.#view(), listener, options);
  }

  /** What {@link on} tells, for `for await`; of changes that come while one is handled only the latest follows. */
  changes(options: ListenOptions = {}): AsyncGenerator<Found<Snapshot<T>>, void, undefined> {
    return changesOf<Found<Snapshot<T>>>(this.#core, options, (push) =>
      this.on((found) => push(undefined, found), options),
    );
  }

  /**
   * Writes a value, or properties of this node; nested objects become nodes of their own, in one message.
   *
   * Resolves when the write is stored here, or as far as `until` says. It is sent until peers have it, whether
   * or not anybody waits, and where there is a storage after a restart as well.
   *
   * @throws GraphError GRAPH_BAD_VALUE, STORAGE_FAILED, PUT_REFUSED, LIFECYCLE_CLOSED or OPTION_INVALID, or the
   * reason of the signal; the write then goes on all the same
   */
  put(value: Input<T> | null, options: PutOptions = {}): Promise<PutResult> {
    return this.#write(options, (input) => input.put(this.#place, value));
  }

  /**
   * Adds a member to the set that this node is: an object becomes a node of its own, what points to a node is
   * linked under its soul, so that the same node is a member once.
   *
   * @throws as {@link put}
   */
  async set(item: Input<ItemOf<T>> | Pointer, options: SetOptions = {}): Promise<SetResult> {
    const { id, value } = await this.#newItem(item, options.id);
    const { soul, keys: before } = this.#place;
    const place = { soul, keys: [...before, id] };
    const result = await this.#write(options, async (input) => {
      if (value === undefined) return input.putMember(place, options.id === undefined ? id : undefined, item);
      return input.put(place, value);
    });
    return { ...result, id };
  }

  /**
   * Takes a member out of the set: its key holds null from then on.
   *
   * @throws as {@link put}
   */
  async unset(member: string | Pointer, options: PutOptions = {}): Promise<PutResult> {
    const id = typeof member === 'string' ? member : await soulOf(member);
    const { soul, keys: before } = this.#place;
    return this.#write(options, (input) => input.put({ soul, keys: [...before, id] }, null));
  }

  /** The members of this node, all of them or those that a query means. */
  map(query?: KeyQuery): Collection<ItemOf<T>> {
    return new Collection(this.#core, this.#place, query?.wanted ?? EVERYTHING);
  }

  /** The soul of the node here; of one that is not there yet the one it will have. */
  async soul(): Promise<string> {
    await this.#core.ready;
    return linkedSoul(this.#core, this.#place);
  }

  /**
   * Reads this node and the nodes it links to, as one object; a node that is met twice is one object.
   *
   * @param options `depth`: links followed one behind the other, all of them unless told otherwise
   */
  load(options: WaitOptions & { readonly depth?: number } = {}): Promise<Tree | undefined> {
    return loadTree(this.#core, this.#place, options);
  }

  #write(options: PutOptions, fill: (input: InputWriter) => Promise<void>): Promise<PutResult> {
    return putTo(this.#core, options, fill, this.#sign);
  }

  #view(): OpenView<Snapshot<T>> {
    return (dirty) => new ValueView(this.#core.live, this.#place, EVERYTHING, dirty) as never;
  }

  async #newItem(item: unknown, id: string | undefined): Promise<{ id: string; value: unknown }> {
    const isLinked = isPointer(item) || (typeof item === 'object' && item !== null && '#' in item);
    if (isLinked) {
      const soul = await soulOf(item as Pointer);
      return { id: id ?? soul, value: { '#': soul } };
    }
    // In the space of a user everything stands below the account.
    const space = this.#sign === undefined ? '' : `${this.#place.soul}/`;
    const made = `${space}${this.#core.states.next().toString(36).replace('.', '')}${randomText(ID_LETTERS)}`;
    return { id: id ?? made, value: typeof item === 'object' && item !== null ? undefined : item };
  }
}

async function soulOf(pointer: Pointer): Promise<string> {
  return '#' in pointer ? pointer['#'] : pointer.soul();
}
