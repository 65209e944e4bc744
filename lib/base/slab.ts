/** Bytes of a buffer that is shared. */
const SLAB_BYTES = 8192;
/** Longer byte strings have a buffer of their own, as they would leave much of a shared one unused. */
const MOST_SHARED = 1024;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/**
 * Room for a byte string, all zeros. Small ones share buffers with those before and after, as a buffer for each costs
 * more than what is in it: whoever keeps one keeps 8 KiB at most.
 */
export function roomFor(length: number): Uint8Array {
  if (length > MOST_SHARED) return new Uint8Array(length);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  used += length;
  return slab.subarray(used - length, used);
}

/** A copy in {@link roomFor} as many bytes. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = roomFor(bytes.length);
  copy.set(bytes);
  return copy;
}
