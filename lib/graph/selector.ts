/**
 * Part of a LEX: which names are meant. Bounds are inclusive and compared by UTF-16 units with the whole
 * name, also together with a prefix (D20).
 */
export interface NameRange {
  readonly prefix?: string;
  readonly from?: string;
  readonly to?: string;
}

/** Names a read means: one of them, or a range. */
export type Names = string | NameRange;

/** A read of the graph (gun-wire section 10, D20). */
export interface Selector {
  /** One soul, or a range of souls; with a range every property of each node is meant. */
  readonly soul: Names;
  /** One property, or a range of them; absent for the whole node. */
  readonly key?: Names;
  /** True to start at the end (`-`). */
  readonly reverse: boolean;
  /** Soft limit in bytes of values; the item that crosses it is included (`%`). */
  readonly byteLimit?: number;
}

/** True when `name` lies in the range. */
export function inRange(name: string, range: NameRange): boolean {
  if (range.prefix !== undefined && !name.startsWith(range.prefix)) return false;
  if (range.from !== undefined && name < range.from) return false;
  return range.to === undefined || name <= range.to;
}

/** True when `name` is among the names. */
export function matchesNames(name: string, names: Names): boolean {
  return typeof names === 'string' ? name === names : inRange(name, names);
}

/** What `%` counts for one value: characters of a text, 9 for anything else (gun-wire section 10). */
export function lexBytes(json: string): number {
  if (!json.startsWith('"')) return 9;
  return json.includes('\\') ? (JSON.parse(json) as string).length : json.length - 2;
}
