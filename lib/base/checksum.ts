const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

function scramble(word: number): number {
  const product = Math.imul(word, C1);
  return Math.imul((product << 15) | (product >>> 17), C2);
}

function finish(hash: number, length: number): number {
  let final = hash ^ length;
  final = Math.imul(final ^ (final >>> 16), 0x85ebca6b);
  final = Math.imul(final ^ (final >>> 13), 0xc2b2ae35);
  return (final ^ (final >>> 16)) >>> 0;
}

/**
 * MurmurHash3 (x86, 32 bits) of bytes: a number from 0 to 2^32 - 1. It tells damage by accident, with one
 * miss in four thousand million; it is no defence against forgery.
 *
 * @param from first byte taken
 * @param to first byte not taken
 */
export function checksumIn(view: DataView, seed: number, from: number, to: number): number {
  const whole = from + ((to - from) & ~3);
  let hash = seed | 0;
  for (let at = from; at < whole; at += 4) {
    hash ^= scramble(view.getInt32(at, true));
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let at = to - 1; at >= whole; at -= 1) tail = (tail << 8) | view.getUint8(at);
  return finish(whole < to ? hash ^ scramble(tail) : hash, to - from);
}

/** {@link checksumIn} of all of some bytes. */
export function checksum(bytes: Uint8Array, seed = 0): number {
  return checksumIn(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), seed, 0, bytes.length);
}
