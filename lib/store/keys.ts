import type { NameRange } from '../graph/selector.ts';
import type { Entry } from '../graph/write.ts';

/**
 * The key layout of the store; nothing else knows it.
 *
 * | key | value |
 * |---|---|
 * | `g/<soul>` | the whole node when it is small, else a mark, see `node-record.ts` |
 * | `g/<soul>U+0000<key>` | `<state> <value as JSON>`, one property of a node that is not small |
 * | `d/<state><soul>U+0000<key>` | `<value as JSON>`, a write from the future; behind `@<author> ` when it may wait for ever |
 * | `probe` | nothing, ever: deleting it shows whether the storage takes writes |
 * | `v/<id>/<number>` | a piece of a value too long for one record, see `long-value.ts` |
 *
 * Where the JSON of such a value would stand its record has `*<id> <pieces> <length> <what % counts>`, as no JSON
 * begins.
 * | `M/<name>` | not the graph's: what a storage notes about itself, see `adapters/sealed-storage.ts` |
 *
 * Names are escaped so that any two stay different, none can imitate the separator, and byte order of the
 * escaped names is Gun's order, that of UTF-16 units (D9, D20).
 */
const GRAPH = 'g/';
const DEFERRED = 'd/';
const PIECE = 'v/';
/** What the keys of the graph begin with: of its properties, the pieces of their values, and what waits for its time. */
export const GRAPH_PREFIXES: readonly string[] = [GRAPH, PIECE, DEFERRED];
/** A key without a value. */
export const PROBE_KEY = 'probe';
/** What an app's graph has a record at and a relay's store has not, see `api/stored-keeper.ts`. */
export const APP_FORMAT_KEY = 'app';
/** First string after every key that begins with a two-character prefix ending in `/`. */
const AFTER_SLASH = '0';
const SEPARATOR = '\u0000';
const AFTER_SEPARATOR = '\u0001';

/** Lead of the two-unit escapes of U+0000 and U+0001; sorts after the separator and before every other unit. */
const LOW_LEAD = '\u0001';
/**
 * Lead of the two-unit escapes of surrogates and of U+E000 itself. UTF-8 sorts astral characters after
 * U+FFFF, UTF-16 units put them between U+D7FF and U+E000, where this lead keeps them.
 */
const HIGH_LEAD = '\ue000';
const SURROGATES = 0xd800;
const ESCAPED_SURROGATES = 0x0800;
const ESCAPED_LEAD = ESCAPED_SURROGATES + 0x0800;

const UNSAFE = /[\u0000\u0001\ud800-\udfff\ue000]/;
const ALL_UNSAFE = /[\u0000\u0001\ud800-\udfff\ue000]/g;
const ESCAPES = /\u0001([\u0002\u0003])|\ue000([\s\S])/g;

function escapeUnit(unit: string): string {
  if (unit === '\u0000') return `${LOW_LEAD}\u0002`;
  if (unit === '\u0001') return `${LOW_LEAD}\u0003`;
  if (unit === HIGH_LEAD) return HIGH_LEAD + String.fromCharCode(ESCAPED_LEAD);
  return HIGH_LEAD + String.fromCharCode(unit.charCodeAt(0) - SURROGATES + ESCAPED_SURROGATES);
}

function unescape(_: string, low: string | undefined, high: string): string {
  if (low !== undefined) return low === '\u0002' ? '\u0000' : '\u0001';
  const code = high.charCodeAt(0);
  return code === ESCAPED_LEAD ? HIGH_LEAD : String.fromCharCode(code - ESCAPED_SURROGATES + SURROGATES);
}

/** A soul or key as part of a storage key. */
export function escapeName(name: string): string {
  return UNSAFE.test(name) ? name.replace(ALL_UNSAFE, escapeUnit) : name;
}

/** The name that {@link escapeName} was given. */
export function unescapeName(escaped: string): string {
  return escaped.includes(LOW_LEAD) || escaped.includes(HIGH_LEAD)
    ? escaped.replace(ESCAPES, unescape)
    : escaped;
}

/** Keys between two storage keys, the second excluded. */
export interface KeyRange {
  readonly from: string;
  readonly to: string;
}

/** What the keys of all properties begin with that a node has records for. */
export function nodePrefix(soul: string): string {
  return GRAPH + escapeName(soul) + SEPARATOR;
}

/** The key of a node's record. */
export function nodeKey(soul: string): string {
  return GRAPH + escapeName(soul);
}

/** True for the key of a node's record, false for that of a property; it must be one of these. */
export function isNodeKey(storageKey: string): boolean {
  return !storageKey.includes(SEPARATOR);
}

/** The soul of a node's record. */
export function parseNodeKey(storageKey: string): string {
  return unescapeName(storageKey.slice(GRAPH.length));
}

/** The key of one property, given its node's prefix. */
export function fieldKeyOf(prefix: string, key: string): string {
  return prefix + escapeName(key);
}

/** The key of one property of a large node. */
export function fieldKey(soul: string, key: string): string {
  return fieldKeyOf(nodePrefix(soul), key);
}

/** Soul and key of a property's storage key. */
export function parseFieldKey(storageKey: string): { readonly soul: string; readonly key: string } {
  const at = storageKey.indexOf(SEPARATOR);
  return {
    soul: unescapeName(storageKey.slice(GRAPH.length, at)),
    key: unescapeName(storageKey.slice(at + 1)),
  };
}

/** All properties of one large node. */
export function nodeRange(soul: string): KeyRange {
  const name = GRAPH + escapeName(soul);
  return { from: name + SEPARATOR, to: name + AFTER_SEPARATOR };
}

/** The properties of one large node whose keys may lie in a range of names. */
export function keyRange(soul: string, names: NameRange): KeyRange {
  const whole = nodeRange(soul);
  return narrow(whole.from, whole, names, SEPARATOR);
}

/** All records of the nodes whose souls may lie in a range of names; that of a node stands before its properties. */
export function soulRange(names: NameRange): KeyRange {
  return narrow(GRAPH, { from: GRAPH, to: GRAPH.slice(0, -1) + AFTER_SLASH }, names, AFTER_SEPARATOR);
}

/**
 * Narrows `whole` to the names of a range below `prefix`.
 *
 * @param afterName what to append to the key of the last name to get the first key after all of its own
 */
function narrow(prefix: string, whole: KeyRange, names: NameRange, afterName: string): KeyRange {
  let { from, to } = whole;
  if (names.prefix !== undefined && names.prefix !== '') {
    const start = prefix + escapeName(names.prefix);
    from = later(from, start);
    to = earlier(to, successor(start) ?? to);
  }
  if (names.from !== undefined) from = later(from, prefix + escapeName(names.from));
  if (names.to !== undefined) to = earlier(to, prefix + escapeName(names.to) + afterName);
  return { from, to };
}

/** First string after all that begin with `text`, in byte order; undefined when there is none. */
function successor(text: string): string | undefined {
  for (let length = text.length; length > 0; length -= 1) {
    const unit = text.charCodeAt(length - 1);
    if (unit === 0xffff) continue;
    // Escaped text holds no surrogates, and its successor must not either.
    const next = unit === SURROGATES - 1 ? HIGH_LEAD : String.fromCharCode(unit + 1);
    return text.slice(0, length - 1) + next;
  }
  return undefined;
}

/** Escaped keys hold no surrogates, so comparing units is comparing bytes. */
function later(a: string, b: string): string {
  return a < b ? b : a;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

/** A value in pieces. */
export interface LongValue {
  /** What the keys of its pieces begin with; no two values share one. */
  readonly id: string;
  readonly pieces: number;
  /** Characters of its JSON. */
  readonly length: number;
  /** What `%` counts for it. */
  readonly lexBytes: number;
}

/** What a property has whose value is in pieces. */
export interface LongEntry {
  readonly state: number;
  readonly json: undefined;
  readonly long: LongValue;
}

/** What a property has in the store. */
export type StoredEntry = Entry | LongEntry;

/** A property in the store; `value` is its JSON, or what {@link encodeLong} gives. */
export function encodeEntry(state: number, value: string): string {
  return `${state} ${value}`;
}

/** A property as it was stored. */
export function encodeStored(entry: StoredEntry): string {
  return encodeEntry(entry.state, entry.json ?? encodeLong(entry.long));
}

/** State and value of a property in the store. */
export function decodeEntry(record: string): StoredEntry {
  const at = record.indexOf(' ');
  const state = Number(record.slice(0, at));
  return record.charCodeAt(at + 1) === LONG_MARK
    ? { state, json: undefined, long: decodeLong(record.slice(at + 1)) }
    : { state, json: record.slice(at + 1) };
}

const LONG_MARK = 0x2a;

/** Stands for the JSON of a value in pieces. */
export function encodeLong({ id, pieces, length, lexBytes }: LongValue): string {
  return `*${id} ${pieces} ${length} ${lexBytes}`;
}

/** True when a record has what {@link encodeLong} gives in place of a JSON. */
export function isEncodedLong(value: string): boolean {
  return value.charCodeAt(0) === LONG_MARK;
}

/** The value of {@link encodeLong}. */
export function decodeLong(value: string): LongValue {
  const [id = '', pieces, length, lexBytes] = value.slice(1).split(' ');
  return { id, pieces: Number(pieces), length: Number(length), lexBytes: Number(lexBytes) };
}

const PIECE_DIGITS = 4;

/** The key of a piece of a value, which are counted from 0. */
export function pieceKey(id: string, number: number): string {
  return `${PIECE}${id}/${number.toString(16).padStart(PIECE_DIGITS, '0')}`;
}

/** Value and number of a piece, from its key. */
export function parsePieceKey(key: string): { readonly id: string; readonly number: number } {
  const [id = '', number = ''] = key.slice(PIECE.length).split('/');
  return { id, number: Number.parseInt(number, 16) };
}

/** All pieces of all values. */
export function pieceRange(): KeyRange {
  return { from: PIECE, to: PIECE.slice(0, -1) + AFTER_SLASH };
}

const STATE_DIGITS = 16;
const stateView = new DataView(new ArrayBuffer(8));

const WORD_BYTES = 4;
const WORD_DIGITS = 8;
const SIGN = 0x8000_0000;
/** The last state: writes that come together have one. */
let last = { state: Number.NaN, hex: '' };

/** A finite state as 16 hex digits whose order is that of the numbers. */
export function stateToHex(state: number): string {
  if (state === last.state) return last.hex;
  stateView.setFloat64(0, state === 0 ? 0 : state);
  const [high, low] = [stateView.getUint32(0), stateView.getUint32(WORD_BYTES)];
  const hex = high >= SIGN ? wordToHex(~high) + wordToHex(~low) : wordToHex(high | SIGN) + wordToHex(low);
  last = { state, hex };
  return hex;
}

function wordToHex(word: number): string {
  return (word >>> 0).toString(16).padStart(WORD_DIGITS, '0');
}

/** The state of {@link stateToHex}. */
export function hexToState(hex: string): number {
  const ordered = BigInt(`0x${hex}`);
  const bits = ordered >> 63n === 1n ? ordered & ~(1n << 63n) : ~ordered & 0xffff_ffff_ffff_ffffn;
  stateView.setBigUint64(0, bits);
  return stateView.getFloat64(0);
}

/** The key of a write from the future; one state of one property has one place. */
export function deferredKey(state: number, soul: string, key: string): string {
  return DEFERRED + stateToHex(state) + escapeName(soul) + SEPARATOR + escapeName(key);
}

const FAR_LEAD = '@';

/**
 * The record of a deferred write.
 *
 * @param value its JSON, or what {@link encodeLong} gives
 * @param farOwner the author, without spaces, whose share of the far future it takes; undefined when it takes none
 */
export function encodeDeferred(value: string, farOwner: string | undefined): string {
  return farOwner === undefined ? value : `${FAR_LEAD}${farOwner} ${value}`;
}

/** What {@link encodeDeferred} was given. */
export function decodeDeferred(record: string): {
  readonly owner: string | undefined;
  readonly value: string;
} {
  if (!record.startsWith(FAR_LEAD)) return { owner: undefined, value: record };
  const end = record.indexOf(' ');
  return { owner: record.slice(FAR_LEAD.length, end), value: record.slice(end + 1) };
}

/** State, soul and key of a deferred write's storage key. */
export function parseDeferredKey(storageKey: string): {
  readonly state: number;
  readonly soul: string;
  readonly key: string;
} {
  const start = DEFERRED.length + STATE_DIGITS;
  const at = storageKey.indexOf(SEPARATOR, start);
  return {
    state: hexToState(storageKey.slice(DEFERRED.length, start)),
    soul: unescapeName(storageKey.slice(start, at)),
    key: unescapeName(storageKey.slice(at + 1)),
  };
}

/** All deferred writes, ordered by state. */
export function deferredRange(): KeyRange {
  return { from: DEFERRED, to: DEFERRED.slice(0, -1) + AFTER_SLASH };
}
