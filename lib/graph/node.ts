import type { Entry } from './write.ts';

/** The properties of one node by key; a Map, because keys come from strangers. */
export type Fields = ReadonlyMap<string, Entry>;

/** Key of a node's metadata in its wire form; never a property. */
export const META_KEY = '_';

/**
 * The wire form of a node with keys sorted by UTF-16 units at every level, as Gun's relays write it
 * (gun-wire sections 2.8 and 8.4): `"soul":{"_":{"#":soul,">":{key:state}},key:value}`.
 */
export function nodeJson(soul: string, fields: Fields): string {
  return nodeJsonOf(soul, [...fields]);
}

/** {@link nodeJson} over entries in any order; the array is sorted in place. */
export function nodeJsonOf(soul: string, entries: (readonly [string, Entry])[]): string {
  if (entries.length > 1) entries.sort(byKey);
  const soulJson = JSON.stringify(soul);
  let states = '';
  let before = '';
  let after = '';
  for (const [key, entry] of entries) {
    const keyJson = JSON.stringify(key);
    states += states === '' ? `${keyJson}:${entry.state}` : `,${keyJson}:${entry.state}`;
    if (key < META_KEY) before += `${keyJson}:${entry.json},`;
    else after += `,${keyJson}:${entry.json}`;
  }
  return `${soulJson}:{${before}"_":{"#":${soulJson},">":{${states}}}${after}}`;
}

function byKey(a: readonly [string, Entry], b: readonly [string, Entry]): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}
