/** Random CBOR for laws: values, and bytes that are nearly canonical. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { encodeCbor, type CborValue } from '../../lib/log/cbor-writer.ts';

/** Every kind of scalar, at the borders of their forms. */
function aScalar(): Arbitrary<CborValue> {
  return fc.oneof(
    fc.constantFrom<CborValue>(null, true, false, 0, 23, 24, 255, 256, 65_536, 2 ** 32, -1, -25, 0.5, -0, ''),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.uint8Array({ maxLength: 30 }),
  );
}

/** Any value, with containers in containers. */
export function aCborValue(): Arbitrary<CborValue> {
  return fc.letrec<{ value: CborValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 5, depthSize: 'small' },
      aScalar(),
      fc.array(tie('value'), { maxLength: 5 }),
      fc
        .array(fc.tuple(aScalar(), tie('value')), { maxLength: 5 })
        .map((entries) => new Map(new Map(entries.map((entry) => [bytesKey(entry[0]), entry])).values())),
    ),
  })).value;
}

/** A key by its bytes, as 1 and 1n are one; a map makes 0 of -0, which then is 0n as well. */
function bytesKey(key: CborValue): string {
  return encodeCbor(key === 0 ? 0 : key).join(' ');
}

/** One change of bytes. */
type Damage = (bytes: Uint8Array) => Uint8Array;

const place = (bytes: Uint8Array, part: number): number => Math.floor(part * bytes.length);

/** What lines and strangers do to bytes: flip, cut, insert, repeat. */
export function aDamage(): Arbitrary<Damage> {
  const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  return fc.oneof(
    fc.tuple(at, fc.integer({ min: 1, max: 255 })).map(([part, mask]) => (bytes: Uint8Array) => {
      const changed = bytes.slice();
      if (changed.length > 0) changed[place(bytes, part)]! ^= mask;
      return changed;
    }),
    at.map((part) => (bytes: Uint8Array) => bytes.slice(0, place(bytes, part))),
    fc
      .tuple(at, fc.uint8Array({ minLength: 1, maxLength: 9 }))
      .map(([part, extra]) => (bytes: Uint8Array) => {
        const cut = place(bytes, part);
        return Uint8Array.from([...bytes.subarray(0, cut), ...extra, ...bytes.subarray(cut)]);
      }),
    at.map(
      (part) => (bytes: Uint8Array) => Uint8Array.from([...bytes, ...bytes.subarray(place(bytes, part))]),
    ),
  );
}
