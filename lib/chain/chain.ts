import { isPlainObject } from '../base/record.ts';
import type { Link } from '../graph/value.ts';
import { EVERYTHING } from '../api/path-follower.ts';
import { putInto } from './made-message.ts';
import type { Anything } from './anything.ts';
import { Context, firstOf, readPath, type ChainPlace } from './context.ts';
import type { Shown } from './display.ts';
import { wantedOf, type GunLex, type GunQuery } from './lex.ts';
import { Listener } from './listener.ts';
import { OpenTrees } from './open-trees.ts';
import { setMember, unsetMember, writeAt } from './putting.ts';
import type { ChainRoot } from './root.ts';
import { grantAt, secretAt, trustAt, type Person, type SharedCallback } from './sharing.ts';
import { frozenSource, keySource, MadeSource, memberSource, nodeSource } from './sources.ts';
import type {
  AckCallback,
  ChildAt,
  Data,
  GunEvent,
  MemberOf,
  NamedCallback,
  OnceOptions,
  OnOptions,
  PutOptions,
} from './types.ts';
import { onlyChanged, soulOf, type GunNode } from './values.ts';

/** What is written: values, nodes nested to any depth, chains and links; null deletes. */
export type GunInput<T> = T extends object
  ? { readonly [K in keyof T]?: GunInput<T[K]> } | Chain | Link | null
  : T | null;

/** What Gun gives beside the data: where it came from. */
export interface GunMessage {
  /** The property, or with `get(callback)` the data. */
  readonly put: Anything;
  readonly get: string;
  /** The chain at the place. */
  readonly $: Chain;
}

/** Makes something of data, or nothing; a chain stands for what is there. */
export type MapCallback<T, Made> = (
  this: Chain<T>,
  data: Data<T>,
  key: string,
  message: GunMessage,
  event: GunEvent,
) => Made | Chain<Made> | undefined;

/** Called with data of a chain, on the chain at its place. */
export type DataCallback<T, Told> = (
  this: Chain<T>,
  data: Told,
  key: string,
  message: GunMessage,
  event: GunEvent,
) => void;

/** Called with what stands at a place, or with nothing in its `put`. */
export type MessageCallback<T> = (this: Chain<T>, message: GunMessage, event: GunEvent) => void;

/**
 * A place, or many, in a graph, with the methods of Gun's chain. Chains are cheap and unchanging; nothing is kept or
 * asked until somebody listens.
 */
export class Chain<T = Anything> {
  readonly _: Context;
  readonly #root: ChainRoot<Chain>;
  readonly #fixed: ChainPlace;

  /** Use `Gun()` and the methods of chains. */
  constructor(root: ChainRoot<Chain>, at: ChainPlace = {}) {
    this.#root = root;
    this.#fixed = at;
    this._ = new Context(this, root, () => this.at);
  }

  /** Where this chain stands. */
  protected get at(): ChainPlace {
    return this.#fixed;
  }

  /**
   * What a key of this place leads to, links followed; at the root the node with a soul. With a LEX, the members it
   * means. A callback is called with messages, as it is for a chain without key.
   */
  get<K extends string | number>(key: K, callback?: MessageCallback<ChildAt<T, K>>): Chain<ChildAt<T, K>>;
  get(node: GunNode | { readonly '#': string }, callback?: MessageCallback<Anything>): Chain;
  get(lex: GunLex | GunQuery): Chain<T>;
  get(callback: MessageCallback<T>, options?: object): this;
  get(what: unknown, callback?: unknown): Chain {
    if (typeof what === 'function') return this.#tellMessages(what as MessageCallback<T>);
    const chain = this.#chainAt(what);
    if (typeof callback === 'function') chain.get(callback as MessageCallback<Anything>);
    return chain;
  }

  /**
   * Writes a value, or properties of a node; null deletes. Nodes within become nodes of their own.
   *
   * @param callback called once with `{ ok }` when it is stored, by a peer where there is one, or with `{ err }`; `lack`
   * is true when no peer has answered in time, and it is sent later all the same
   */
  put(data: GunInput<T>, callback?: AckCallback | null, options?: PutOptions): this {
    const isRoot = this.at.above === undefined;
    const place = isRoot ? { soul: soulOf(data) ?? this.#root.options.uuid(), keys: [] } : this.at.place;
    writeAt(this.#root, place, data, callback, options);
    return this;
  }

  /**
   * Adds a member: an object becomes a node of its own, a chain or node is linked under its soul.
   *
   * @returns the chain of the member
   */
  set(
    item: GunInput<MemberOf<T>> | Chain | GunNode,
    callback?: AckCallback | null,
    options?: PutOptions,
  ): Chain<MemberOf<T>> {
    return setMember(this.#root, this, item, callback, options) as Chain<MemberOf<T>>;
  }

  /**
   * Listens: called with what is here when that is known, and with each change; what is not there is no news. With a
   * name, listens to what is told under it: `hi`, `bye`, `in`, `out`, `put`, `get`, `auth`.
   */
  on(name: string, callback: NamedCallback): this;
  on(name: string, message: unknown): this;
  on(callback: DataCallback<T, Data<T>>, options?: OnOptions): this;
  on(what: unknown, given?: unknown, as?: unknown): this {
    if (typeof what === 'string') {
      this._.on(what, given as never, as);
      return this;
    }
    const callback = what as DataCallback<T, unknown>;
    const isDelta = given === true || (isPlainObject(given) && given['change'] === true);
    this.#listen('on', (chain, { spot, data, changed }, event) => {
      const told = isDelta ? onlyChanged(data, changed) : data;
      const put = { '#': spot.holder, '.': spot.key, ':': spot.value, '>': spot.state };
      callback.call(chain, told, spot.key, { put, get: spot.key, $: chain }, event);
    });
    return this;
  }

  /**
   * Calls back one time with what is here, for each member one time where there are many; with undefined when every
   * peer has answered and there is nothing. Without a callback: a chain of what is here now.
   */
  once(callback?: DataCallback<T, Data<T> | undefined>, options: OnceOptions = {}): Chain<T> {
    const { source, place, key } = this.at;
    if (callback === undefined)
      return this.derive({ source: source === undefined ? undefined : frozenSource(source), place, key });
    this.#listen(
      'once',
      (chain, { spot, data }, event) =>
        callback.call(chain, data as Data<T>, spot.key, { put: data, get: spot.key, $: chain }, event),
      options.wait,
    );
    return this;
  }

  /**
   * The members here, those that are there and those that come: all of them, or those that a LEX means. A function
   * makes something else of each, and nothing of those for which it gives undefined.
   */
  map(lex?: GunLex | GunQuery | null): Chain<MemberOf<T>>;
  map<Made>(change: MapCallback<MemberOf<T>, Made>): Chain<Made>;
  map(what?: unknown): Chain {
    if (typeof what === 'function') return this.map().#mapWith(what as MapCallback<Anything, unknown>);
    const { source, isQuery = false } = this.at;
    const isAll = what === undefined || what === null;
    if (isAll && isQuery) return this.derive({ source });
    const wanted = isAll ? EVERYTHING : wantedOf(what);
    if (wanted === undefined || source === undefined) return this.#nowhere('map: no LEX');
    return this.derive({ source: memberSource(source, wanted) });
  }

  /**
   * The chain so many steps above, -1 for the root; with a path what stands there in `_`, with a function the first
   * that it gives for a chain from here up.
   */
  back(steps?: number): Chain;
  back(path: string | readonly string[]): Anything;
  back<Found>(find: (at: Context) => Found | undefined): Found | undefined;
  back(what: unknown = 1): unknown {
    if (what === -1 || what === Infinity) return this.#root.$;
    if (typeof what === 'string') return this.back(what.split('.'));
    const contexts = this.#contextsUp();
    if (typeof what === 'function') return firstOf(contexts, what as (at: Context) => unknown);
    if (Array.isArray(what)) return firstOf(contexts, (at) => readPath(at, what as string[]));
    return contexts[Math.min(Number(what), contexts.length - 1)]?.$;
  }

  /** Takes off every listener of this place and of what lies below it. */
  off(): this {
    const id = this.at.source?.id;
    for (const listener of this.#root.listeners) if (listener.isWithin(id)) listener.off();
    return this;
  }

  /** Gives the graph options, such as more peers. */
  opt(options: unknown): this {
    this.#root.opt(options);
    return this;
  }

  /** A chain of what is put into it by `_.on('in', { get, put })`, for extensions. */
  chain(): Chain {
    const source = new MadeSource(String(this.#root.nextId()));
    const chain = this.derive({ source });
    chain._.on('in', (message: Anything) => putInto(source, message));
    return chain;
  }

  /** What a path of keys leads to, joined by dots or in a list. */
  path(keys: string | number | readonly (string | number)[]): Chain {
    const all = typeof keys === 'string' ? keys.split('.') : Array.isArray(keys) ? keys : [keys];
    return all.reduce<Chain>((chain, key) => chain.get(key as string), this as Chain);
  }

  /** Calls back when it is known that nothing is here. */
  not(callback: (this: Chain<T>, key: string) => void): this {
    this.#listen('once', (chain, { spot, data }) => {
      if (data === undefined) callback.call(chain, spot.key);
    });
    return this;
  }

  /** Calls back with what is here and all it links to, as one object, again with each change. */
  open(callback: (this: Chain<T>, document: Anything, key: string) => void): this {
    return this.#openTree('on', callback);
  }

  /** {@link open}, one time: when all of it has come. */
  load(callback: (this: Chain<T>, document: Anything, key: string) => void): this {
    return this.#openTree('once', callback);
  }

  /** {@link load} after some seconds. */
  later(callback: (this: Chain<T>, document: Anything, key: string) => void, seconds = 0): this {
    setTimeout(() => this.load(callback), seconds * 1000);
    return this;
  }

  /** A promise of what {@link once} gives; chains can be awaited. */
  // oxlint-disable-next-line unicorn/no-thenable -- gun/lib/then makes chains so
  then<Kept = Data<T> | undefined, Lost = never>(
    taken?: ((data: Data<T> | undefined) => Kept | PromiseLike<Kept>) | null,
    failed?: ((error: unknown) => Lost | PromiseLike<Lost>) | null,
  ): Promise<Kept | Lost> {
    return new Promise<Data<T> | undefined>((resolve) => {
      this.once((data) => resolve(data));
    }).then(taken, failed);
  }

  /** A promise of what is here, with its key and the chain. */
  promise<Kept = { put: Data<T> | undefined; key: string; gun: Chain<T> }>(
    taken?: (found: { put: Data<T> | undefined; key: string; gun: Chain<T> }) => Kept | PromiseLike<Kept>,
  ): Promise<Kept> {
    // The chain stands within an object, so that it is not awaited itself.
    return new Promise<{ put: Data<T> | undefined; key: string; gun: Chain<T> }>((resolve) => {
      this.once((put, key) => resolve({ put, key, gun: this }));
    }).then(taken);
  }

  /** Takes a member out of a set: its key holds null from then on. */
  unset(member: Chain | GunNode | string, callback?: AckCallback): this {
    unsetMember(this.#root, this, member, callback);
    return this;
  }

  /** Writes what only the user who is logged in can read, and whom that user {@link grant}s it; in the own space. */
  secret(data: Anything, callback?: SharedCallback): this {
    secretAt(this.#root, this.at.place, data, callback);
    return this;
  }

  /** Lets somebody read what is {@link secret} here. */
  grant(to: Chain | Person, callback?: SharedCallback): this {
    grantAt(this.#root, this.at.place, to, callback);
    return this;
  }

  /** Lets somebody write here and below: a certificate, which stands at `trust` in the own space. */
  trust(to: Chain | Person, callback?: SharedCallback): this {
    trustAt(this.#root, this.at.place, to, callback);
    return this;
  }

  /** Ends all listening and every link, and closes the storage. What was not sent is sent after the next start. */
  close(): Promise<void> {
    return this.#root.close();
  }

  /** Nothing: a chain in what is put or logged is no data. */
  toJSON(): undefined {
    return undefined;
  }

  /** A chain further on from this one. */
  protected derive(at: ChainPlace): Chain {
    return new Chain(this.#root, { ...at, above: this });
  }

  #contextsUp(): Context[] {
    const contexts: Context[] = [];
    for (let at: Context | undefined = this._; at !== undefined; at = at.back) contexts.push(at);
    return contexts;
  }

  #listen(
    telling: 'on' | 'get' | 'once',
    tell: (chain: Chain<T>, shown: Shown, event: GunEvent) => void,
    waitMs?: number,
  ): void {
    const { source } = this.at;
    if (source === undefined) return;
    const tellHere = (shown: Shown, listener: Listener): void => tell(this.#chainOf(shown), shown, listener);
    void new Listener(this.#root, source, { telling, waitMs, tell: tellHere });
  }

  #openTree(
    telling: 'on' | 'once',
    callback: (this: Chain<T>, document: Anything, key: string) => void,
  ): this {
    const { source } = this.at;
    if (source !== undefined)
      void new OpenTrees(this.#root, source, telling, (document, shown) =>
        callback.call(this.#chainOf(shown), document, shown.spot.key),
      );
    return this;
  }

  #tellMessages(callback: MessageCallback<T>): this {
    this.#listen('get', (chain, { spot, data }, event) =>
      callback.call(chain, { put: data, get: spot.key, $: chain }, event),
    );
    return this;
  }

  /** The chain at the place of what is shown: this one, or that of a member. */
  #chainOf({ spot: { place } }: Shown): Chain<T> {
    if (this.at.place !== undefined || place === undefined) return this;
    const keys = [place.soul, ...place.keys];
    return keys.reduce<Chain>((chain, key) => chain.get(key), this.#root.$) as Chain<T>;
  }

  #chainAt(what: unknown): Chain {
    if (typeof what === 'string' || typeof what === 'number') return this.#child(String(what));
    const soul = soulOf(what);
    if (soul !== undefined) return this.#root.$.get(soul);
    const wanted = wantedOf(what);
    const { source } = this.at;
    if (wanted === undefined || source === undefined) return this.#nowhere('get: neither a key nor a LEX');
    return this.derive({ source: memberSource(source, wanted), isQuery: true });
  }

  #child(key: string): Chain {
    const { above, source, place } = this.at;
    if (key === '') return this.#nowhere('get: an empty key');
    if (above === undefined)
      return this.derive({ source: nodeSource(key), place: { soul: key, keys: [] }, key });
    return this.derive({
      source: source === undefined ? undefined : keySource(source, key),
      place: place === undefined ? undefined : { soul: place.soul, keys: [...place.keys, key] },
      key,
    });
  }

  /** A chain of nothing, for what cannot be asked. */
  #nowhere(reason: string): Chain {
    return this.derive({ source: new MadeSource(reason) });
  }

  /** A chain of what a function makes of each thing here. */
  #mapWith(change: MapCallback<T, unknown>): Chain {
    const source = new MadeSource(String(this.#root.nextId()));
    this.on(function make(data, key, message, event) {
      const made: unknown = change.call(this, data, key, message, event);
      putInto(source, { get: key, put: made });
    });
    return this.derive({ source });
  }
}
