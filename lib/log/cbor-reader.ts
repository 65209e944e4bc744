import { Decoder } from 'cbor-x/decode-no-eval';
import { failure, success, type Result } from '../base/result.ts';
import { scanCbor, type CborRules } from './cbor-scanner.ts';
import type { CborValue } from './cbor-writer.ts';

/** Maps stay maps: objects would give a meaning to keys such as `__proto__`. */
const decoder = new Decoder({ useRecords: false, mapsAsObjects: false, tagUint8Array: false });

/**
 * Reads one untrusted CBOR item: the scanner refuses whatever is not canonical before the decoder sees it.
 *
 * Integers are numbers where they are safe and bigints beyond; byte strings are copies.
 */
export function readCbor(bytes: Uint8Array, rules?: CborRules): Result<CborValue> {
  const fault = scanCbor(bytes, rules);
  if (fault !== undefined) return failure(fault);
  return success(tidy(decoder.decode(bytes) as CborValue));
}

function tidy(value: CborValue): CborValue {
  if (typeof value === 'bigint') return isSafe(value) ? Number(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value instanceof Map) {
    const tidied = new Map<CborValue, CborValue>();
    for (const [key, item] of value as Map<CborValue, CborValue>) tidied.set(tidy(key), tidy(item));
    return tidied;
  }
  return (value as readonly CborValue[]).map(tidy);
}

function isSafe(value: bigint): boolean {
  return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
}
