import { fromHex } from '../base/byte-texts.ts';
import { Pace } from '../base/pace.ts';
import type { Tip } from './heights.ts';
import { HASH_BYTES, hashBytes, hashBytesInSteps } from './hash.ts';
import { PART_HASHES_BYTES, TIPS_PARTS, type PartedTips, type TipsPart } from './parted-tips.ts';

const HEIGHT_BYTES = 4;
/** Bytes of a log at most: author, log, height, tip, whether it has a side branch, and the tip of that. */
const LOG_BYTES = 4 * HASH_BYTES + HEIGHT_BYTES + 1;

/** What tells equal state vectors, and equal parts of two that are not. */
export interface TipsHashes {
  /** The BLAKE3 of the hashes of the parts. */
  readonly digest: Uint8Array;
  /** The hashes of the parts, one behind the other: {@link PART_HASHES_BYTES}. */
  readonly parts: Uint8Array;
}

/**
 * Hashes a state vector as it is now, in steps. The hash of a part is the BLAKE3 of the logs of its authors, in the order
 * of authors and logs, each as author, log, height as four bytes with the high one first, tip, and 0, or 1 and the tip of
 * the side branch.
 */
export function* hashesOf(tips: PartedTips): Generator<void, TipsHashes> {
  const parts = new Uint8Array(PART_HASHES_BYTES);
  for (const [at, part] of tips.snapshot().parts.entries()) {
    part.hash ??= yield* hashOf(part);
    parts.set(part.hash, at * HASH_BYTES);
    yield;
  }
  return { digest: hashBytes(parts), parts };
}

/** Numbers of the parts whose hashes are the same. */
export function equalParts(some: Uint8Array, others: Uint8Array): Set<number> {
  const equal = new Set<number>();
  for (let part = 0; part < TIPS_PARTS; part += 1) {
    const end = (part + 1) * HASH_BYTES;
    let at = part * HASH_BYTES;
    while (at < end && some[at] === others[at]) at += 1;
    if (at === end) equal.add(part);
  }
  return equal;
}

function* hashOf({ authors }: TipsPart): Generator<void, Uint8Array> {
  let logs = 0;
  for (const { size } of authors.values()) logs += size;
  const bytes = new Uint8Array(logs * LOG_BYTES);
  const pace = new Pace();
  let at = 0;
  for (const author of [...authors.keys()].toSorted()) {
    const key = fromHex(author)!;
    for (const [log, tip] of [...authors.get(author)!].toSorted(byName)) {
      at = put(bytes, at, [key, fromHex(log)!], tip);
    }
    if (pace.after(0)) yield;
  }
  return yield* hashBytesInSteps(bytes.subarray(0, at));
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function put(
  bytes: Uint8Array,
  from: number,
  names: readonly Uint8Array[],
  { height, id, side }: Tip,
): number {
  let at = from;
  for (const name of names) {
    bytes.set(name, at);
    at += name.length;
  }
  new DataView(bytes.buffer).setUint32(at, height);
  bytes.set(id, at + HEIGHT_BYTES);
  at += HEIGHT_BYTES + id.length;
  bytes[at] = side === undefined ? 0 : 1;
  if (side !== undefined) bytes.set(side, at + 1);
  return at + 1 + (side?.length ?? 0);
}
