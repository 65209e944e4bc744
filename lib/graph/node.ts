import type { Entry } from './write.ts';

/** The properties of one node by key; a Map, because keys come from strangers. */
export type Fields = ReadonlyMap<string, Entry>;

/** Key of a node's metadata in its wire form; never a property. */
export const META_KEY = '_';
/** Properties that are written in one step. */
const ENTRIES_IN_A_STEP = 500;

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
  return joined(soul, piecesOf(entries, 0, entries.length));
}

/** {@link nodeJsonOf} in steps. */
export function* nodeJsonSteps(
  soul: string,
  entries: (readonly [string, Entry])[],
): Generator<void, string, void> {
  if (entries.length > 1) entries.sort(byKey);
  const all: Pieces = { states: '', before: '', after: '' };
  for (let start = 0; start < entries.length; start += ENTRIES_IN_A_STEP) {
    const { states, before, after } = piecesOf(entries, start, start + ENTRIES_IN_A_STEP);
    all.states += start === 0 ? states : `,${states}`;
    all.before += before;
    all.after += after;
    yield;
  }
  return joined(soul, all);
}

/** What a node's wire form is put together from: its states, and the properties on both sides of them. */
interface Pieces {
  states: string;
  before: string;
  after: string;
}

function piecesOf(entries: readonly (readonly [string, Entry])[], start: number, end: number): Pieces {
  let states = '';
  let before = '';
  let after = '';
  for (let at = start; at < end && at < entries.length; at += 1) {
    const [key, entry] = entries[at]!;
    const keyJson = JSON.stringify(key);
    states += states === '' ? `${keyJson}:${entry.state}` : `,${keyJson}:${entry.state}`;
    if (key < META_KEY) before += `${keyJson}:${entry.json},`;
    else after += `,${keyJson}:${entry.json}`;
  }
  return { states, before, after };
}

function joined(soul: string, { states, before, after }: Pieces): string {
  const soulJson = JSON.stringify(soul);
  return `${soulJson}:{${before}"_":{"#":${soulJson},">":{${states}}}${after}}`;
}

function byKey(a: readonly [string, Entry], b: readonly [string, Entry]): number {
  if (a[0] === b[0]) return 0;
  return a[0] < b[0] ? -1 : 1;
}
