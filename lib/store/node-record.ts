/**
 * The record of a node: all its properties while it is small, so that one read gives and one write changes it
 * whole; a mark once it has outgrown that, and a record for each property beside it.
 *
 * A small node is `<key>U+0000<state> <value>` for each property, with U+0000 between them; keys are escaped. Where one
 * operation says all of it, `U+0001=<source>U+0000` stands before that, see `node-source.ts`.
 */
import { decodeEntry, escapeName, unescapeName, type StoredEntry } from './keys.ts';

/** Properties of a small node at most. */
const MOST_FIELDS = 32;
/** Characters of its record at most. */
const MOST_LENGTH = 4096;
const SEPARATOR = '\u0000';
/** The record of a large node; no small one looks like it. */
export const LARGE_RECORD = '\u0001';
/** What the record of a small node begins with that has a source; no escaped key does. */
const SOURCE_LEAD = '\u0001=';

/** Stands for the properties of a large node. */
export const LARGE = 'large';

/** The properties of a small node, in the order they came to it; or that it is large, which it stays for ever. */
export type NodeRecord = ReadonlyMap<string, StoredEntry> | typeof LARGE;

const EMPTY: NodeRecord = new Map();

/** True when a small node cannot have so many properties. */
export function isTooMany(fields: number): boolean {
  return fields > MOST_FIELDS;
}

/** The node in a record; one without a record has no properties. */
export function decodeNode(record: string | undefined): NodeRecord {
  if (record === undefined) return EMPTY;
  if (record === LARGE_RECORD) return LARGE;
  const fields = new Map<string, StoredEntry>();
  let start = record.startsWith(SOURCE_LEAD) ? record.indexOf(SEPARATOR) + 1 : 0;
  while (start <= record.length) {
    const middle = record.indexOf(SEPARATOR, start);
    const next = record.indexOf(SEPARATOR, middle + 1);
    const end = next < 0 ? record.length : next;
    fields.set(unescapeName(record.slice(start, middle)), decodeEntry(record.slice(middle + 1, end)));
    start = end + 1;
  }
  return fields;
}

/** What is noted in a record of the one operation that says all of it; undefined when nothing is. */
export function sourceIn(record: string | undefined): string | undefined {
  if (record?.startsWith(SOURCE_LEAD) !== true) return undefined;
  return record.slice(SOURCE_LEAD.length, record.indexOf(SEPARATOR));
}

/** Puts the record of a small node together. */
export class NodeRecordBuilder {
  #record = '';
  #fields = 0;

  /** Adds a property as `encodeEntry` gives it. */
  add(key: string, encoded: string): void {
    this.#record += (this.#fields === 0 ? '' : SEPARATOR) + escapeName(key) + SEPARATOR + encoded;
    this.#fields += 1;
  }

  /** True when it has no property: then the node has no record. */
  get isEmpty(): boolean {
    return this.#fields === 0;
  }

  /**
   * The record, undefined when the node is not small; it must have a property.
   *
   * @param source what is noted of the one operation that says all of it
   */
  build(source?: string): string | undefined {
    if (isTooMany(this.#fields) || this.#record.length > MOST_LENGTH) return undefined;
    return source === undefined ? this.#record : SOURCE_LEAD + source + SEPARATOR + this.#record;
  }
}
