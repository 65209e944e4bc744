/**
 * The record of a node: all its properties while it is small, so that one read gives and one write changes it
 * whole; a mark once it has outgrown that, and a record for each property beside it.
 *
 * A small node is `<key>U+0000<state> <value>` for each property, with U+0000 between them; keys are escaped. Where one
 * operation says all of it, `U+0001=<source>U+0000` stands before that, see `node-source.ts`.
 */
import { decodeEntry, escapeName, unescapeName, type StoredEntry } from './keys.ts';
import type { WrittenNode } from './written-nodes.ts';

/** Properties of a small node at most. */
const MOST_FIELDS = 32;
/** Characters of its record at most. */
const MOST_LENGTH = 4096;
/** Characters of an entry beside key and value, and of one that is escaped, at most. */
const ENTRY_LENGTH = 32;
const ESCAPED_LENGTH = 2;
const SEPARATOR = '\u0000';
/** Separators of each property: between key and entry, and before the next one. */
const SEPARATORS = 2;
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

/** True when a node that has nothing but what is written to it stays small for sure. */
export function staysSmall({ writes, from, to }: WrittenNode): boolean {
  if (isTooMany(to - from)) return false;
  let length = 0;
  for (let at = from; at < to; at += 1)
    length += ENTRY_LENGTH + ESCAPED_LENGTH * writes[at]!.key.length + writes[at]!.json.length;
  return length <= MOST_LENGTH;
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
  /** Keys and entries by turns: they are joined at once, as a text that grew is copied again by whoever reads it. */
  readonly #parts: string[] = [];
  #length = 0;

  /** Adds a property as `encodeEntry` gives it. */
  add(key: string, encoded: string): void {
    const name = escapeName(key);
    this.#parts.push(name, encoded);
    this.#length += name.length + encoded.length + SEPARATORS;
  }

  /** True when the node has no property: then it has no record. */
  get isEmpty(): boolean {
    return this.#parts.length === 0;
  }

  /**
   * The record, undefined when the node is not small; it must have a property. Asked for once.
   *
   * @param source what is noted of the one operation that says all of it
   */
  build(source?: string): string | undefined {
    if (isTooMany(this.#parts.length / 2) || this.#length - 1 > MOST_LENGTH) return undefined;
    if (source !== undefined) this.#parts.unshift(SOURCE_LEAD + source);
    return this.#parts.join(SEPARATOR);
  }
}
