import { escapeName, unescapeName } from './keys.ts';

/** Keys an index lists at most; larger nodes are found by walking over them. */
const MOST_KEYS = 32;
/** Characters of these keys at most. */
const MOST_LENGTH = 1024;
const SEPARATOR = '\u0000';
/** Record of a node that outgrew its index; no escaped key looks like it. */
const MANY_RECORD = '\u0001';

/** Stands for the keys of a node that has too many to list. */
export const MANY = 'many';

/**
 * The keys of a node, stored beside its properties: tells with one read that a node is new, or which records
 * to read, where a walk over the store would cost ten times as much.
 */
export type NodeIndex = readonly string[] | typeof MANY;

const EMPTY: NodeIndex = [];

/** The index in a record; a node without one has no properties. */
export function decodeIndex(record: string | undefined): NodeIndex {
  if (record === undefined) return EMPTY;
  return record === MANY_RECORD ? MANY : record.split(SEPARATOR).map(unescapeName);
}

/** The record of an index that lists at least one key. */
export function encodeIndex(index: NodeIndex): string {
  if (index === MANY) return MANY_RECORD;
  let record = escapeName(index[0]!);
  for (let at = 1; at < index.length; at += 1) record += SEPARATOR + escapeName(index[at]!);
  return record;
}

/** The index of a node that got new properties, none of which it lists yet. */
export function growIndex(index: NodeIndex, keys: readonly string[]): NodeIndex {
  if (index === MANY || index.length + keys.length > MOST_KEYS) return MANY;
  const all = index.length === 0 ? keys : [...index, ...keys];
  let length = 0;
  for (const key of all) length += key.length;
  return length > MOST_LENGTH ? MANY : all;
}
