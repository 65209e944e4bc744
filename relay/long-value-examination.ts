/** Looking through the values that stand in pieces: is every piece there, and does every piece belong to a value. */
import type { RawLevel } from '../adapters/level-raw.ts';
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import {
  decodeDeferred,
  decodeLong,
  deferredRange,
  encodeStored,
  isEncodedLong,
  isNodeKey,
  parsePieceKey,
  pieceRange,
  soulRange,
  type KeyRange,
} from '../lib/store/keys.ts';
import { NodeRecordBuilder } from '../lib/store/node-record.ts';
import { storedFields, type StoredField } from '../lib/store/stored-field.ts';
import { unsealed } from './store-examination.ts';

/** A record that is of no use as it is: one with values that lack pieces, or a piece of no value. */
export interface LongValueFault {
  readonly kind: 'incomplete' | 'loose';
  readonly key: Uint8Array;
  /** What stays of the record, undefined when nothing does. */
  readonly rest: string | undefined;
}

type Walked = AsyncGenerator<readonly [key: Uint8Array, text: string]>;

/** The sound records of a range. */
async function* soundOnes(raw: RawLevel, { from, to }: KeyRange): Walked {
  for await (const [key, value] of raw.walk({ from: utf8(from), to: utf8(to) })) {
    const content = unsealed(key, value);
    if (content !== undefined) yield [key, fromUtf8(content)];
  }
}

/** How many pieces there are of each value, counted from the first one up to the first that is missing. */
async function countPieces(raw: RawLevel): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for await (const [key] of soundOnes(raw, pieceRange())) {
    const { id, number } = parsePieceKey(fromUtf8(key));
    const count = counts.get(id) ?? 0;
    if (number === count) counts.set(id, count + 1);
  }
  return counts;
}

/** Values in pieces, by their ids. */
type PieceCounts = ReadonlyMap<string, number>;

/** Faults of records; ids of values that have all their pieces are put into `whole`. */
async function* incompleteOnes(
  raw: RawLevel,
  counts: PieceCounts,
  whole: Set<string>,
): AsyncGenerator<LongValueFault> {
  const lacks = ({ entry }: StoredField): boolean =>
    entry.json === undefined && counts.get(entry.long.id) !== entry.long.pieces;
  for await (const [key, record] of soundOnes(raw, soulRange({}))) {
    const storageKey = fromUtf8(key);
    const fields = [...storedFields([[storageKey, record]], false)];
    for (const field of fields)
      if (field.entry.json === undefined && !lacks(field)) whole.add(field.entry.long.id);
    if (!fields.some(lacks)) continue;
    const rest = fields.filter((field) => !lacks(field));
    yield { kind: 'incomplete', key, rest: isNodeKey(storageKey) ? recordOf(rest) : undefined };
  }
  for await (const [key, record] of soundOnes(raw, deferredRange())) {
    const { value } = decodeDeferred(record);
    if (!isEncodedLong(value)) continue;
    const { id, pieces } = decodeLong(value);
    if (counts.get(id) === pieces) whole.add(id);
    else yield { kind: 'incomplete', key, rest: undefined };
  }
}

/** The record of a small node. */
function recordOf(fields: readonly StoredField[]): string | undefined {
  const builder = new NodeRecordBuilder();
  for (const { key, entry } of fields) builder.add(key, encodeStored(entry));
  return fields.length === 0 ? undefined : builder.build();
}

/**
 * Finds values that lack pieces, and pieces without a value; damaged records count as missing.
 *
 * @throws Error that LevelDB gave when it cannot read all of them
 */
export async function* longValueFaults(raw: RawLevel): AsyncGenerator<LongValueFault> {
  const counts = await countPieces(raw);
  const whole = new Set<string>();
  yield* incompleteOnes(raw, counts, whole);
  for await (const [key] of soundOnes(raw, pieceRange())) {
    if (!whole.has(parsePieceKey(fromUtf8(key)).id)) yield { kind: 'loose', key, rest: undefined };
  }
}
