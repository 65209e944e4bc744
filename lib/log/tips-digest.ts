import { fromHex } from '../base/byte-texts.ts';
import type { Tip, Tips } from './heights.ts';
import { HASH_BYTES, hashBytes } from './hash.ts';

/** Parts of a state vector that are hashed by themselves, so that none takes long: by the first byte of the author. */
const PARTS = 256;
const DIGITS = 2;
const HEIGHT_BYTES = 4;
/** Bytes of a log at most: author, log, height, tip, whether it has a side branch, and the tip of that. */
const LOG_BYTES = 4 * HASH_BYTES + HEIGHT_BYTES + 1;

/**
 * What tells equal state vectors by 32 bytes, in steps: the BLAKE3 of the BLAKE3s of 256 parts. A part has the logs of the
 * authors whose keys begin with its number, in the order of authors and logs, each as author, log, height as four bytes
 * with the high one first, tip, and 0, or 1 and the tip of the side branch.
 */
export function* digestOf(tips: Tips): Generator<void, Uint8Array> {
  const authors = Array.from({ length: PARTS }, (): string[] => []);
  let count = 0;
  for (const author of tips.keys()) {
    authors[Number.parseInt(author.slice(0, DIGITS), 16)]!.push(author);
    count += 1;
    if (count % PARTS === 0) yield;
  }
  const hashes = new Uint8Array(PARTS * HASH_BYTES);
  for (let part = 0; part < PARTS; part += 1) {
    hashes.set(hashBytes(bytesOf(tips, authors[part]!)), part * HASH_BYTES);
    yield;
  }
  return hashBytes(hashes);
}

function bytesOf(tips: Tips, authors: string[]): Uint8Array {
  let logs = 0;
  for (const author of authors) logs += tips.get(author)?.size ?? 0;
  const bytes = new Uint8Array(logs * LOG_BYTES);
  let at = 0;
  for (const author of authors.toSorted()) {
    const key = fromHex(author)!;
    for (const [log, tip] of [...(tips.get(author) ?? [])].toSorted(byName)) {
      at = put(bytes, at, [key, fromHex(log)!], tip);
    }
  }
  return bytes.subarray(0, at);
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
