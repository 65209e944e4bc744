/** Looking through the values that stand in pieces: is every piece there, and does every piece belong to a value. */
import type { RawLevel } from '../adapters/level-raw.ts';
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import {
  decodeEntry,
  decodeLong,
  deferredRange,
  isEncodedLong,
  parsePieceKey,
  pieceRange,
  soulRange,
  type KeyRange,
  type LongValue,
} from '../lib/store/keys.ts';
import { unsealed } from './store-examination.ts';

/** A record that is of no use: that of a value which lacks pieces, or a piece of no value. */
export interface LongValueFault {
  readonly kind: 'incomplete' | 'loose';
  readonly key: Uint8Array;
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

/** Every record whose value is in pieces. */
async function* longRecords(raw: RawLevel): AsyncGenerator<readonly [key: Uint8Array, long: LongValue]> {
  for await (const [key, record] of soundOnes(raw, soulRange({}))) {
    const entry = decodeEntry(record);
    if (entry.json === undefined) yield [key, entry.long];
  }
  for await (const [key, value] of soundOnes(raw, deferredRange())) {
    if (isEncodedLong(value)) yield [key, decodeLong(value)];
  }
}

/**
 * Finds values that lack pieces, and pieces without a value; damaged records count as missing.
 *
 * @throws Error that LevelDB gave when it cannot read all of them
 */
export async function* longValueFaults(raw: RawLevel): AsyncGenerator<LongValueFault> {
  const counts = await countPieces(raw);
  const whole = new Set<string>();
  for await (const [key, { id, pieces }] of longRecords(raw)) {
    if (counts.get(id) === pieces) whole.add(id);
    else yield { kind: 'incomplete', key };
  }
  for await (const [key] of soundOnes(raw, pieceRange())) {
    if (!whole.has(parsePieceKey(fromUtf8(key)).id)) yield { kind: 'loose', key };
  }
}
