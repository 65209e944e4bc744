import type { GraphCore } from '../api/core.ts';
import type { Place } from '../api/input.ts';
import type { LiveNode } from '../api/live-nodes.ts';
import { linkOf } from '../api/path-follower.ts';
import { TwoGenerations } from '../base/two-generations.ts';
import type { Fields } from '../graph/node.ts';
import type { Value } from '../graph/value.ts';
import { gunNode, type GunNode, type Property } from './values.ts';

/** Souls remembered that were written lately. */
const WRITTEN_SOULS = 10_000;

/** What can be said at once about the graph, without waiting: for `_.put` and `_.graph` of chains. */
export class MemoryView {
  readonly #core: GraphCore;
  readonly #written = new TwoGenerations<string, true>(WRITTEN_SOULS);
  /** The nodes by soul, made when they are looked at. */
  readonly graph: Readonly<Record<string, GunNode>>;

  constructor(core: GraphCore) {
    this.#core = core;
    core.live.onApplied((changed) => {
      for (const { soul } of changed) this.#written.set(soul, true);
    });
    this.graph = new Proxy<Record<string, GunNode>>(Object.create(null) as Record<string, GunNode>, {
      get: (_target, soul) => (typeof soul === 'string' ? this.node(soul) : undefined),
      has: (_target, soul) => typeof soul === 'string' && this.node(soul) !== undefined,
      ownKeys: () => this.#souls(),
      getOwnPropertyDescriptor: (_target, soul) => this.#describe(soul),
    });
  }

  /** A node as far as it is in memory, with those properties that somebody asked for. */
  node(soul: string): GunNode | undefined {
    const live = this.#core.live.find(soul);
    const properties = live === undefined ? this.#kept(soul) : this.#shown(live);
    return properties.length === 0 ? undefined : gunNode(soul, properties);
  }

  /** What the last key of a place holds. */
  valueAt({ soul: root, keys }: Place): Value | undefined {
    let soul: string | undefined = root;
    let value: Value | undefined;
    for (const key of keys) {
      if (soul === undefined) return undefined;
      const fields: Fields | undefined = this.#core.live.find(soul)?.fields ?? this.#core.peek(soul);
      const entry = fields?.get(key);
      value = entry === undefined ? undefined : this.#core.plain(soul, key, entry);
      soul = linkOf(value);
    }
    return value;
  }

  #souls(): string[] {
    const souls = new Set([...this.#core.live.souls(), ...this.#written.keys()]);
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
    if (this.#written.get(soul) === undefined) return [];
    const fields = this.#core.peek(soul);
    return fields === undefined ? [] : this.#properties(soul, fields, [...fields.keys()]);
  }

  #properties(soul: string, fields: Fields, keys: readonly string[]): Property[] {
    const properties: Property[] = [];
    for (const key of keys) {
      const entry = fields.get(key)!;
      const value = this.#core.plain(soul, key, entry);
      if (value !== undefined) properties.push({ key, value, state: entry.state });
    }
    return properties;
  }
}
