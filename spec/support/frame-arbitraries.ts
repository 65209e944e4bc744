/** Random frames of every type. */
import * as fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { toHex } from '../../lib/base/byte-texts.ts';
import type { Tip, Tips } from '../../lib/log/heights.ts';
import { PART_HASHES_BYTES } from '../../lib/log/parted-tips.ts';
import type { LogFrame } from '../../lib/sync/log-frames.ts';

const session = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
const header = fc.uint8Array({ minLength: 1, maxLength: 60 });
const body = fc.option(fc.uint8Array({ minLength: 1, maxLength: 60 }), { nil: undefined });

function aMap<T>(item: Arbitrary<T>): Arbitrary<ReadonlyMap<string, T>> {
  return fc.array(fc.tuple(key.map(toHex), item), { maxLength: 3 }).map((entries) => new Map(entries));
}

function aFrameOf<T>(
  type: LogFrame['type'],
  fields: { [K in keyof T]: Arbitrary<T[K]> },
): Arbitrary<LogFrame> {
  return fc.record(fields).map((content) => Object.assign({ type }, content) as unknown as LogFrame);
}

/** As many bytes as the hashes of all parts have, which come to an end sooner than random ones. */
function partHashesLike(some: Uint8Array): Uint8Array {
  return new Uint8Array(PART_HASHES_BYTES).map((_, at) => some[at % some.length]!);
}

/** Tips of a few logs. */
export function someTips(): Arbitrary<Tips> {
  const tip = fc.tuple(session, key, fc.option(key, { nil: undefined }));
  return aMap(aMap(tip.map(([height, id, side]): Tip => ({ height, id, side }))));
}

/** Any frame. */
export function aFrame(): Arbitrary<LogFrame> {
  const operation = { session, header, body };
  const places = fc
    .uniqueArray(session, { minLength: 1, maxLength: 64 })
    .map((some) => some.toSorted((a, b) => a - b));
  const features = fc
    .array(fc.tuple(fc.string({ minLength: 1, maxLength: 9 }), session), { maxLength: 4 })
    .map((entries) => new Map(entries.filter(([name]) => name !== '__proto__')));
  return fc.oneof(
    aFrameOf('hello', { nodeKey: key, network: key, nonce: key, features }),
    aFrameOf('proof', { signature: fc.uint8Array({ minLength: 64, maxLength: 64 }) }),
    aFrameOf('topic', { session, topic: key }),
    aFrameOf('agreed', { session }),
    aFrameOf('have', { session, tips: someTips(), more: fc.boolean() }),
    aFrameOf('preSync', { session, operations: fc.maxSafeNat(), bytes: fc.maxSafeNat() }),
    aFrameOf('operation', operation),
    aFrameOf('done', { session }),
    aFrameOf('live', operation),
    aFrameOf('close', { session }),
    aFrameOf('fork', { session, first: header, second: header }),
    aFrameOf('bodies', { session, author: key, log: key, places }),
    aFrameOf('given', { session }),
    aFrameOf('digest', { session, digest: key }),
    aFrameOf('digestParts', { session, hashes: key.map(partHashesLike) }),
    aFrameOf('error', { session, code: fc.maxSafeNat(), text: fc.string({ maxLength: 60 }) }),
  );
}
