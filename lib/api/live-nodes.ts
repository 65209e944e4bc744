import type { Value } from '../graph/value.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { inRange, type Names, type Selector } from '../graph/selector.ts';
import type { GraphKeeper } from './keeper.ts';
import { NO_USER_SPACES, type UserSpaces } from './user-spaces.ts';

/** What is needed of where nodes are kept. */
export type NodeSource = Pick<GraphKeeper, 'read' | 'hold' | 'release'>;

/** Told when something about a watched part of a node is new. */
export interface Watcher {
  /** @param key the property that changed; undefined when it is now better known what there is */
  changed(key: string | undefined): void;
}

/** What a property means to an app. */
type Plain = UserSpaces['plain'];

/** A node of which something is watched; it has the properties that were loaded. */
export class LiveNode {
  readonly soul: string;
  readonly fields: Map<string, Entry> = new Map();
  readonly parts: Map<string, LivePart> = new Map();
  /** Counts the changes of the properties. */
  version = 0;
  readonly #plain: Plain;
  #snapshot: NodeValue | undefined;
  #snapshotVersion = -1;

  constructor(soul: string, plain: Plain) {
    this.soul = soul;
    this.#plain = plain;
  }

  /** What a property means; undefined for none. */
  valueOf(key: string): Value | undefined {
    const entry = this.fields.get(key);
    return entry === undefined ? undefined : this.#plain(this.soul, key, entry);
  }

  /** All properties as an object, the same as long as nothing changes. */
  get snapshot(): NodeValue {
    if (this.#snapshot === undefined || this.#snapshotVersion !== this.version) {
      this.#snapshot = this.valuesOf(this.fields.keys());
      this.#snapshotVersion = this.version;
    }
    return this.#snapshot;
  }

  /** Some properties as a frozen object; any key becomes a property of its own, `__proto__` as well. */
  valuesOf(keys: Iterable<string>): NodeValue {
    const values: [string, Value][] = [];
    for (const key of keys) {
      const value = this.valueOf(key);
      if (value !== undefined) values.push([key, value]);
    }
    return Object.freeze(Object.fromEntries(values));
  }
}

/** Properties as apps see them. */
export type NodeValue = Readonly<Record<string, Value>>;

/** A part of a node that is watched: all of it, one property, or a range of them. */
export class LivePart {
  readonly node: LiveNode;
  /** What is read of the node, and asked of peers. */
  readonly selector: Selector;
  readonly watchers: Set<Watcher> = new Set();
  /** True when what is kept here was read. */
  isLoaded = false;
  /** The links over which an answer has come. */
  answeredBy: readonly object[] = [];
  /** True when peers told something that was not here. */
  isFromPeers = false;

  constructor(node: LiveNode, selector: Selector) {
    this.node = node;
    this.selector = selector;
  }

  /** Tells every watcher, of which some may leave meanwhile. */
  tell(key: string | undefined): void {
    for (const watcher of this.watchers) watcher.changed(key);
  }

  /** True when a property belongs to the part. */
  means(key: string): boolean {
    const names = this.selector.key;
    if (names === undefined) return true;
    return typeof names === 'string' ? names === key : inRange(key, names);
  }
}

/** One watcher of one part. */
export interface Watch {
  readonly part: LivePart;
  release(): void;
}

/** What is watched, by soul: kept in memory while somebody watches, and asked of peers. */
export class LiveNodes {
  /** Called when all watchers of a commit were told. */
  declare changed: ((changed: readonly FieldWrite[]) => void) | undefined;
  readonly #keeper: NodeSource;
  readonly #ask: (part: LivePart) => void;
  readonly #fail: (error: unknown) => void;
  readonly #plain: Plain;
  readonly #nodes = new Map<string, LiveNode>();

  /**
   * @param ask asks the peers for a part that is new
   * @param fail told when what is kept cannot be read
   * @param plain what properties mean to the app; themselves when absent
   */
  constructor(
    keeper: NodeSource,
    ask: (part: LivePart) => void,
    fail: (error: unknown) => void,
    plain: Plain = NO_USER_SPACES.plain,
  ) {
    this.#plain = plain;
    this.#keeper = keeper;
    this.#ask = ask;
    this.#fail = fail;
  }

  /** Nodes of which something is watched. */
  get size(): number {
    return this.#nodes.size;
  }

  /** True when anybody watches something of the node. */
  has(soul: string): boolean {
    return this.#nodes.has(soul);
  }

  /** Every watched part. */
  *parts(): Generator<LivePart> {
    for (const { parts } of this.#nodes.values()) yield* parts.values();
  }

  /** Watches a part of a node; it is read and asked for unless it is watched already. */
  watch(selector: Selector & { readonly soul: string }, watcher: Watcher): Watch {
    const { soul, key } = selector;
    const node = this.#nodes.get(soul) ?? this.#add(soul);
    // Who watches all of a node watches each of its properties.
    const name = node.parts.has(WHOLE) && typeof key === 'string' ? WHOLE : nameOf(selector);
    const known = node.parts.get(name);
    const part = known ?? new LivePart(node, selector);
    part.watchers.add(watcher);
    if (known === undefined) {
      node.parts.set(name, part);
      this.#load(part, soul, key);
      this.#ask(part);
    }
    return { part, release: () => this.#release(part, watcher) };
  }

  /** Takes over what changed in the store. */
  apply(changed: readonly FieldWrite[], isFromPeers: boolean): void {
    for (const write of changed) {
      const node = this.#nodes.get(write.soul);
      if (node === undefined) continue;
      node.fields.set(write.key, write);
      node.version += 1;
      for (const part of node.parts.values()) {
        if (!part.means(write.key)) continue;
        part.isFromPeers ||= isFromPeers;
        part.tell(write.key);
      }
    }
    this.changed?.(changed);
  }

  #add(soul: string): LiveNode {
    const node = new LiveNode(soul, this.#plain);
    this.#nodes.set(soul, node);
    this.#keeper.hold(soul);
    return node;
  }

  #load(part: LivePart, soul: string, key: Names | undefined): void {
    const fields = this.#keeper.read(soul, key);
    if (!(fields instanceof Promise)) return this.#take(part, fields);
    fields.then(
      (found) => this.#loaded(part, found),
      (error: unknown) => {
        this.#fail(error);
        this.#loaded(part, new Map());
      },
    );
  }

  #loaded(part: LivePart, fields: ReadonlyMap<string, Entry>): void {
    this.#take(part, fields);
    part.tell(undefined);
  }

  #take(part: LivePart, fields: ReadonlyMap<string, Entry>): void {
    part.isLoaded = true;
    const known = part.node.fields;
    // What was committed while it was read is newer.
    for (const [key, entry] of fields) if (!known.has(key)) known.set(key, entry);
    part.node.version += 1;
  }

  #release(part: LivePart, watcher: Watcher): void {
    const { node } = part;
    part.watchers.delete(watcher);
    const name = nameOf(part.selector);
    if (part.watchers.size > 0 || node.parts.get(name) !== part) return;
    node.parts.delete(name);
    if (node.parts.size > 0 || this.#nodes.get(node.soul) !== node) return;
    this.#nodes.delete(node.soul);
    this.#keeper.release(node.soul);
  }
}

const WHOLE = '';

/** Tells the parts of a node apart; no property has an empty key. */
function nameOf({ key, reverse, byteLimit }: Selector): string {
  if (key === undefined) return WHOLE;
  return typeof key === 'string' ? key : `\u0000${JSON.stringify([key, reverse, byteLimit])}`;
}
