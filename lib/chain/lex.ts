import { isPlainObject } from '../base/record.ts';
import type { NameRange } from '../graph/selector.ts';
import { EVERYTHING, type Wanted } from '../api/path-follower.ts';

/** A LEX over the keys of a node, as Gun's `map` and `get` take it (gun-wire section 10). */
export interface GunLex {
  readonly '='?: string;
  readonly '*'?: string;
  readonly '>'?: string;
  readonly '<'?: string;
  /** From the end. */
  readonly '-'?: boolean | number;
}

/** A LEX with its limit. */
export interface GunQuery {
  /** Which keys. */
  readonly '.'?: string | GunLex;
  /** How many bytes of values peers are asked for, about. */
  readonly '%'?: number;
  readonly '-'?: boolean | number;
}

/** Bytes that are asked for when nothing is said; gun's own relays give one item only then. */
const RANGE_BYTES = 65_536;

/** What a LEX means; undefined when it is none. */
export function wantedOf(lex: unknown): Wanted | undefined {
  if (!isPlainObject(lex)) return undefined;
  const query: Record<string, unknown> = '.' in lex || '%' in lex ? lex : { '.': lex };
  const keys = query['.'] ?? {};
  if (typeof keys === 'string') return { key: keys, reverse: false };
  if (!isPlainObject(keys)) return undefined;
  const exact = keys['='];
  if (exact !== undefined) return typeof exact === 'string' ? { key: exact, reverse: false } : undefined;
  return wantedIn(keys, query);
}

function wantedIn(keys: Record<string, unknown>, query: Record<string, unknown>): Wanted | undefined {
  const range = rangeOf(keys);
  if (range === undefined) return undefined;
  const isAll = Object.keys(range).length === 0;
  if (isAll && query['%'] === undefined) return EVERYTHING;
  const reverse = Boolean(keys['-'] ?? query['-']);
  return { key: isAll ? { prefix: '' } : range, reverse, byteLimit: limitOf(query['%']) };
}

/** The bounds of a LEX; undefined when one of them is no text. */
function rangeOf(keys: Record<string, unknown>): NameRange | undefined {
  const range: Record<string, string> = {};
  for (const [operator, name] of OPERATORS) {
    const bound = keys[operator];
    if (bound === undefined) continue;
    if (typeof bound !== 'string') return undefined;
    range[name] = bound;
  }
  return range;
}

function limitOf(limit: unknown): number {
  return typeof limit === 'number' && limit > 0 ? limit : RANGE_BYTES;
}

const OPERATORS = [
  ['*', 'prefix'],
  ['>', 'from'],
  ['<', 'to'],
] as const;
