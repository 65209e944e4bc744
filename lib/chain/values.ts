import { StateClock } from '../base/clock.ts';
import { isLink, isValue, type Value } from '../graph/value.ts';
import { META_KEY } from '../graph/node.ts';

/** What stands beside the properties of a node that is given to an app. */
export interface NodeMeta {
  readonly '#': string;
  readonly '>': Record<string, number>;
}

/** A node as Gun gives it to apps: its properties, and its soul and states under `_`. */
export type GunNode = { _: NodeMeta } & Record<string, unknown>;

/** What is needed of a property. */
export interface Property {
  readonly key: string;
  readonly value: Value;
  readonly state: number;
}

/** A node of its own for an app; it may do with it what it likes. */
export function gunNode(soul: string, properties: readonly Property[]): GunNode {
  const states = Object.fromEntries(properties.map(({ key, state }) => [key, state]));
  const meta: NodeMeta = { '#': soul, '>': states };
  // Pairs, so that any key becomes a property of its own.
  const pairs = properties.map(({ key, value }) => [key, isLink(value) ? { ...value } : value] as const);
  return Object.fromEntries([[META_KEY, meta], ...pairs]) as GunNode;
}

/** What Gun says of data: true for a value, the soul for a link, false for what no property can hold. */
export function valid(data: unknown): boolean | string {
  return isLink(data) ? data['#'] : isValue(data);
}

/** The soul of a node or link that was given to an app; undefined for anything else. */
export function soulOf(data: unknown): string | undefined {
  if (typeof data !== 'object' || data === null) return undefined;
  if (isLink(data)) return data['#'];
  const meta = (data as { _?: unknown })._;
  const soul = typeof meta === 'object' && meta !== null ? (meta as { '#'?: unknown })['#'] : undefined;
  return typeof soul === 'string' && soul !== '' ? soul : undefined;
}

/** Gun's clock: called it gives the next state; `is` reads a state of a node, `ify` writes a property into one. */
export interface GunState {
  (): number;
  is(node: unknown, key: string): number;
  ify(node: unknown, key?: string, state?: number, value?: unknown, soul?: string): GunNode;
}

const states = new StateClock();

/** The clock of this page or process. */
export const state: GunState = Object.assign(() => states.next(), {
  is(node: unknown, key: string): number {
    const of = (node as { _?: { '>'?: Record<string, unknown> } } | null | undefined)?._?.['>']?.[key];
    return typeof of === 'number' ? of : -Infinity;
  },
  ify(node: unknown, key?: string, at?: number, value?: unknown, soul?: string): GunNode {
    const whole = (node ?? {}) as Record<string, unknown>;
    const meta = (whole[META_KEY] ??= {}) as { '#'?: string; '>'?: Record<string, number> };
    if (soul !== undefined) meta['#'] = soul;
    const known = (meta['>'] ??= {});
    if (key !== undefined && key !== META_KEY) {
      if (typeof at === 'number') known[key] = at;
      if (value !== undefined) whole[key] = value;
    }
    return whole as GunNode;
  },
});

/** A node with those of its properties only that are new. */
export function onlyChanged(data: unknown, changed: readonly string[] | undefined): unknown {
  if (changed === undefined || typeof data !== 'object' || data === null) return data;
  const node = data as GunNode;
  return Object.fromEntries([['_', node._], ...changed.map((key) => [key, node[key]] as const)]);
}
