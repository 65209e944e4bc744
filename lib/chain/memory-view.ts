import type { GraphCore } from '../api/core.ts';
import type { Place } from '../api/input.ts';
import type { GraphKeeper } from '../api/keeper.ts';
import type { LiveNode } from '../api/live-nodes.ts';
import { linkOf } from '../api/path-follower.ts';
import type { UserSpaces } from '../api/user-spaces.ts';
import type { Fields } from '../graph/node.ts';
import type { Value } from '../graph/value.ts';
import { gunNode, type GunNode, type Property } from './values.ts';

/** Souls remembered that were written lately. */
const WRITTEN_SOULS = 10_000;

/** What can be said at once about the graph, without waiting: for `_.put` and `_.graph` of chains. */
export class MemoryView {
  readonly #core: GraphCore;
  readonly #keeper: GraphKeeper;
  readonly #spaces: UserSpaces;
  /** The latest last. */
  readonly #written = new Set<string>();
  /** The nodes by soul, made when they are looked at. */
  readonly graph: Readonly<Record<string, GunNode>>;

  constructor(core: GraphCore, keeper: GraphKeeper, spaces: UserSpaces) {
    this.#core = core;
    this.#keeper = keeper;
    this.#spaces = spaces;
    this.graph = new Proxy<Record<string, GunNode>>(Object.create(null) as Record<string, GunNode>, {
      get: (_target, soul) => (typeof soul === 'string' ? this.node(soul) : undefined),
      has: (_target, soul) => typeof soul === 'string' && this.node(soul) !== undefined,
      ownKeys: () => this.#souls(),
      getOwnPropertyDescriptor: (_target, soul) => this.#describe(soul),
    });
  }

  /** A node as far as it is in memory, with those properties that somebody asked for. */
  node(soul: string): GunNode | undefined {
    const live = this.#find(soul);
    const properties = live === undefined ? this.#kept(soul) : this.#shown(live);
    return properties.length === 0 ? undefined : gunNode(soul, properties);
  }

  /** What the last key of a place holds. */
  valueAt({ soul: root, keys }: Place): Value | undefined {
    let soul: string | undefined = root;
    let value: Value | undefined;
    for (const key of keys) {
      if (soul === undefined) return undefined;
      const fields: Fields | undefined = this.#find(soul)?.fields ?? this.#peek(soul);
      const entry = fields?.get(key);
      value = entry === undefined ? undefined : this.#spaces.plain(soul, key, entry);
      soul = linkOf(value);
    }
    return value;
  }

  /** Remembers that a node was written. */
  note(soul: string): void {
    this.#written.delete(soul);
    this.#written.add(soul);
    if (this.#written.size <= WRITTEN_SOULS) return;
    const [oldest] = this.#written;
    this.#written.delete(oldest!);
  }

  #find(soul: string): LiveNode | undefined {
    const { live } = this.#core;
    if (live.has(soul)) for (const { node } of live.parts()) if (node.soul === soul) return node;
    return undefined;
  }

  /** What is kept of a node, where that is in memory; undefined otherwise. */
  #peek(soul: string): Fields | undefined {
    const fields = this.#keeper.read(soul, undefined);
    if (!(fields instanceof Promise)) return fields;
    fields.catch(() => undefined);
    return undefined;
  }

  #souls(): string[] {
    const souls = new Set(this.#written);
    for (const { node } of this.#core.live.parts()) souls.add(node.soul);
    return [...souls].filter((soul) => this.node(soul) !== undefined);
  }

  #describe(soul: string | symbol): PropertyDescriptor | undefined {
    const value = typeof soul === 'string' ? this.node(soul) : undefined;
    return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: false };
  }

  #shown(node: LiveNode): Property[] {
    const parts = [...node.parts.values()];
    const keys = [...node.fields.keys()].filter((key) => parts.some((part) => part.means(key)));
    return this.#properties(node.soul, node.fields, keys);
  }

  #kept(soul: string): Property[] {
    if (!this.#written.has(soul)) return [];
    const fields = this.#peek(soul);
    return fields === undefined ? [] : this.#properties(soul, fields, [...fields.keys()]);
  }

  #properties(soul: string, fields: Fields, keys: readonly string[]): Property[] {
    const properties: Property[] = [];
    for (const key of keys) {
      const entry = fields.get(key)!;
      const value = this.#spaces.plain(soul, key, entry);
      if (value !== undefined) properties.push({ key, value, state: entry.state });
    }
    return properties;
  }
}
