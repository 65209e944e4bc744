/** Maps a table is spread over; a power of two. */
const SHARDS = 256;
/** Characters of a key that decide where it goes, at most. */
const SAMPLED = 32;

/**
 * A map of texts that grows in small pieces: a plain one with a million entries holds the event loop for tens of
 * milliseconds each time it makes room. Entries stand in no order.
 */
export class ShardedMap<V> {
  readonly #shards: readonly Map<string, V>[] = Array.from({ length: SHARDS }, () => new Map<string, V>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Entries of the largest of the maps it consists of. */
  get largest(): number {
    return Math.max(...this.#shards.map(({ size }) => size));
  }

  get(key: string): V | undefined {
    return this.#shardOf(key).get(key);
  }

  set(key: string, value: V): void {
    const shard = this.#shardOf(key);
    const before = shard.size;
    shard.set(key, value);
    this.#size += shard.size - before;
  }

  delete(key: string): void {
    if (this.#shardOf(key).delete(key)) this.#size -= 1;
  }

  /** The entries there are now; what is set during the walk is left out, what is deleted may be. */
  *entries(): Generator<readonly [string, V]> {
    const sizes = this.#shards.map(({ size }) => size);
    for (const [at, shard] of this.#shards.entries()) {
      let left = sizes[at]!;
      for (const entry of shard) {
        // What came during the walk stands at the end.
        if (left === 0) break;
        left -= 1;
        yield entry;
      }
    }
  }

  #shardOf(key: string): Map<string, V> {
    const step = 1 + Math.floor(key.length / SAMPLED);
    let hash = key.length;
    for (let at = key.length - 1; at >= 0; at -= step) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) | 0;
    return this.#shards[(hash ^ (hash >>> 8)) & (SHARDS - 1)]!;
  }
}
