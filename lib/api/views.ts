import type { Value } from '../graph/value.ts';
import type { Place } from './input.ts';
import type { LiveNodes, LivePart, NodeValue, Watch } from './live-nodes.ts';
import { EVERYTHING, linkOf, PathFollower, type Wanted } from './path-follower.ts';

/** What is known of something at a moment. */
export interface Reading<T> {
  /** Undefined when there is nothing. */
  readonly value: T | undefined;
  readonly found: boolean;
  /** The node that the value is; undefined when it is none. */
  readonly soul: string | undefined;
  /** True when all that is kept here was read. */
  readonly isLoaded: boolean;
}

/** Something that is read again and again as it changes; what has not changed is the same value. */
export interface View<T> {
  read(): Reading<T>;
  /** What it is made of. */
  parts(): Iterable<LivePart>;
  close(): void;
}

/** Makes a view that says when it must be read again. */
export type OpenView<T> = (dirty: () => void) => View<T>;

/** The value or node at a path. */
export class ValueView implements View<Value | NodeValue> {
  readonly #follower: PathFollower;
  readonly #wanted: Wanted;
  #ranged: NodeValue | undefined;
  #rangedVersion = -1;

  constructor(live: LiveNodes, place: Place, wanted: Wanted, dirty: () => void) {
    this.#wanted = wanted;
    this.#follower = new PathFollower(live, place, wanted, dirty);
  }

  read(): Reading<Value | NodeValue> {
    const { node, value: field, isLoaded } = this.#follower;
    if (node === undefined) return { value: field, found: field !== undefined, soul: undefined, isLoaded };
    const value = this.#valueOf(node);
    const found = field !== undefined || Object.keys(value).length > 0;
    return { value: found ? value : undefined, found, soul: node.node.soul, isLoaded };
  }

  parts(): Iterable<LivePart> {
    return this.#follower.parts;
  }

  close(): void {
    this.#follower.close();
  }

  #valueOf(part: LivePart): NodeValue {
    if (this.#wanted.key === undefined) return part.node.snapshot;
    const { version, fields } = part.node;
    if (this.#ranged === undefined || version !== this.#rangedVersion) {
      this.#ranged = part.node.valuesOf([...fields.keys()].filter((key) => part.means(key)));
      this.#rangedVersion = version;
    }
    return this.#ranged;
  }
}

/** What one property holds, links as they are. */
export class FieldView implements View<Value> {
  readonly #watch: Watch;
  readonly #key: string;

  constructor(live: LiveNodes, soul: string, key: string, dirty: () => void) {
    this.#key = key;
    this.#watch = live.watch({ soul, key, reverse: false }, { changed: dirty });
  }

  read(): Reading<Value> {
    const { part } = this.#watch;
    const value = part.node.valueOf(this.#key);
    return { value, found: value !== undefined, soul: undefined, isLoaded: part.isLoaded };
  }

  parts(): Iterable<LivePart> {
    return [this.#watch.part];
  }

  close(): void {
    this.#watch.release();
  }
}

/** What the items of a collection are, by id. */
export type ItemMap = ReadonlyMap<string, Value | NodeValue>;

/** One member of a collection: a value, or the node it links to. */
interface Item {
  /** The node behind a link. */
  watch: Watch | undefined;
  value: Value | NodeValue | undefined;
}

/** The members of a collection at a path: its properties, those that are links with the node behind. */
export class ItemsView implements View<ItemMap> {
  readonly #live: LiveNodes;
  readonly #dirty: () => void;
  readonly #follower: PathFollower;
  readonly #items = new Map<string, Item>();
  readonly #dirtyIds = new Set<string>();
  /** Items whose node has not been read. */
  readonly #unloaded = new Set<string>();
  #node: LivePart | undefined;
  #hasNewIds = true;
  #value: ItemMap = new Map();

  constructor(live: LiveNodes, place: Place, wanted: Wanted, dirty: () => void) {
    this.#live = live;
    this.#dirty = dirty;
    this.#follower = new PathFollower(live, place, wanted, (key) => {
      if (key === undefined) this.#hasNewIds = true;
      else this.#dirtyIds.add(key);
      dirty();
    });
  }

  read(): Reading<ItemMap> {
    const { node, value: field, isLoaded } = this.#follower;
    this.#noteNewIds(node);
    if (this.#refresh()) {
      const value = new Map<string, Value | NodeValue>();
      for (const [id, item] of this.#items) if (item.value !== undefined) value.set(id, item.value);
      this.#value = value;
    }
    return {
      value: this.#value,
      found: field !== undefined || this.#items.size > 0,
      soul: node?.node.soul,
      isLoaded: isLoaded && this.#unloaded.size === 0,
    };
  }

  *parts(): Generator<LivePart> {
    yield* this.#follower.parts;
    for (const { watch } of this.#items.values()) if (watch !== undefined) yield watch.part;
  }

  close(): void {
    this.#follower.close();
    for (const { watch } of this.#items.values()) watch?.release();
    this.#items.clear();
  }

  /** Finds members when the node is another one, or was read only now. */
  #noteNewIds(node: LivePart | undefined): void {
    if (node !== this.#node) for (const id of this.#items.keys()) this.#dirtyIds.add(id);
    if (node === this.#node && !this.#hasNewIds) return;
    this.#node = node;
    this.#hasNewIds = false;
    for (const key of node?.node.fields.keys() ?? []) if (!this.#items.has(key)) this.#dirtyIds.add(key);
  }

  /** Reads what changed; true when any value did. */
  #refresh(): boolean {
    let isChanged = false;
    for (const id of this.#dirtyIds) isChanged = this.#refreshOne(id) || isChanged;
    this.#dirtyIds.clear();
    return isChanged;
  }

  #refreshOne(id: string): boolean {
    const field = this.#node?.means(id) === true ? this.#node.node.valueOf(id) : undefined;
    const item = this.#items.get(id) ?? { watch: undefined, value: undefined };
    const before = item.value;
    const link = linkOf(field);
    this.#follow(id, item, link);
    // What was taken out of a set is null there.
    item.value = (link === undefined ? field : nodeOf(item.watch)) ?? undefined;
    if (field === undefined) this.#items.delete(id);
    else this.#items.set(id, item);
    return item.value !== before;
  }

  /** Watches the node an item links to, and nothing when it links to none. */
  #follow(id: string, item: Item, link: string | undefined): void {
    if (item.watch?.part.node.soul !== link) {
      const before = item.watch;
      item.watch = link === undefined ? undefined : this.#watch(id, link);
      before?.release();
    }
    if (item.watch?.part.isLoaded === false) this.#unloaded.add(id);
    else this.#unloaded.delete(id);
  }

  #watch(id: string, soul: string): Watch {
    const changed = (): void => {
      this.#dirtyIds.add(id);
      this.#dirty();
    };
    return this.#live.watch({ soul, ...EVERYTHING }, { changed });
  }
}

/** A node that has properties. */
function nodeOf(watch: Watch | undefined): NodeValue | undefined {
  const node = watch?.part.node;
  return node === undefined || node.fields.size === 0 ? undefined : node.snapshot;
}
