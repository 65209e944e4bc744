import type { NameRange } from '../graph/selector.ts';
import type { Wanted } from './path-follower.ts';

/** Bytes of values that a range asks for; Gun's own relays give one item only when nothing is said. */
const RANGE_BYTES = 65_536;

/** A LEX as it is built: which keys of a collection are meant, and from which end. Queries never change. */
export interface KeyQuery {
  /** Keys that begin with a text. */
  prefix(text: string): KeyQuery;
  /** This key and those after it, in the order of UTF-16 units. */
  from(key: string): KeyQuery;
  /** This key and those before it. */
  to(key: string): KeyQuery;
  /** From the end. */
  backwards(): KeyQuery;
  /** How many bytes of values peers are asked for, about. Default 65 536, what is live is not bounded by it. */
  bytes(limit: number): KeyQuery;
  /** What is asked. */
  readonly wanted: Wanted;
}

/** A query for all keys, to be narrowed: `keys().prefix('2024-').reverse()`. */
export function keys(): KeyQuery {
  return queryOf({}, false, RANGE_BYTES);
}

function queryOf(range: NameRange, isReverse: boolean, byteLimit: number): KeyQuery {
  const having = (more: NameRange): KeyQuery => queryOf({ ...range, ...more }, isReverse, byteLimit);
  return {
    prefix: (text) => having({ prefix: text }),
    from: (key) => having({ from: key }),
    to: (key) => having({ to: key }),
    backwards: () => queryOf(range, true, byteLimit),
    bytes: (limit) => queryOf(range, isReverse, limit),
    wanted: { key: Object.keys(range).length === 0 ? { prefix: '' } : range, reverse: isReverse, byteLimit },
  };
}
