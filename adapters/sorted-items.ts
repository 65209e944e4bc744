/** A key with its value. */
export type Item<V> = readonly [key: string, value: V];

/** Items of one chunk at most; a fuller one is halved. Inserting moves no more than one chunk. */
const CHUNK_ITEMS = 512;

/** Rank of a UTF-16 unit among the UTF-8 sequences: surrogates stand for what lies beyond U+FFFF. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

/** Orders well-formed strings by their UTF-8 bytes; `<` orders them by UTF-16 units, which differs. */
function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const unitA = a.charCodeAt(i);
    const unitB = b.charCodeAt(i);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** First of `count` places where `isBefore` no longer holds. */
function lowerBound(count: number, isBefore: (place: number) => boolean): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Place of the first item of a chunk whose key is `key` or later. */
function placeOf<V>(chunk: readonly Item<V>[], key: string): number {
  return lowerBound(chunk.length, (place) => compareKeys(chunk[place]![0], key) < 0);
}

/** Number of the chunk that holds `key` or would hold it. */
function chunkOf<V>(chunks: readonly (readonly Item<V>[])[], key: string): number {
  return Math.max(0, lowerBound(chunks.length, (place) => compareKeys(chunks[place]![0]![0], key) <= 0) - 1);
}

function* forward<V>(chunks: readonly (readonly Item<V>[])[], from: string, to: string): Generator<Item<V>> {
  const first = chunkOf(chunks, from);
  for (let number = first; number < chunks.length; number += 1) {
    const chunk = chunks[number]!;
    for (let place = number === first ? placeOf(chunk, from) : 0; place < chunk.length; place += 1) {
      const item = chunk[place]!;
      if (compareKeys(item[0], to) >= 0) return;
      yield item;
    }
  }
}

function* backward<V>(chunks: readonly (readonly Item<V>[])[], from: string, to: string): Generator<Item<V>> {
  const last = Math.min(chunkOf(chunks, to), chunks.length - 1);
  for (let number = last; number >= 0; number -= 1) {
    const chunk = chunks[number]!;
    for (let place = (number === last ? placeOf(chunk, to) : chunk.length) - 1; place >= 0; place -= 1) {
      const item = chunk[place]!;
      if (compareKeys(item[0], from) < 0) return;
      yield item;
    }
  }
}

/**
 * Items ordered by the UTF-8 bytes of their keys, which are well-formed: a sorted list of sorted chunks. Chunks that
 * a walk or a copy may still read are copied before they are changed.
 */
export class SortedItems<V> {
  /** Sorted; no chunk is empty. */
  #chunks: Item<V>[][] = [];
  /** Chunks that nobody else can see, so that they may be changed in place. */
  #own = new WeakSet<readonly Item<V>[]>();

  /** The same items, to be changed apart; as cheap as a walk. */
  copy(): SortedItems<V> {
    const copy = new SortedItems<V>();
    copy.#chunks = [...this.#chunks];
    this.#own = new WeakSet();
    return copy;
  }

  /** Walks over the items between two keys as they are now, the second key excluded. */
  walk(from: string, to: string, reverse: boolean): Generator<Item<V>> {
    const chunks = this.#chunks;
    this.#chunks = [...chunks];
    this.#own = new WeakSet();
    return reverse ? backward(chunks, from, to) : forward(chunks, from, to);
  }

  /** The value of a key, undefined when there is none. */
  get(key: string): V | undefined {
    const chunk = this.#chunks[chunkOf(this.#chunks, key)];
    const item = chunk?.[placeOf(chunk, key)];
    return item?.[0] === key ? item[1] : undefined;
  }

  /** Puts a value in place of the one its key had. */
  put(key: string, value: V): void {
    if (this.#chunks.length === 0) {
      this.#insertChunk(0, [[key, value]]);
      return;
    }
    const number = chunkOf(this.#chunks, key);
    const chunk = this.#writable(number);
    const place = placeOf(chunk, key);
    chunk.splice(place, chunk[place]?.[0] === key ? 1 : 0, [key, value]);
    if (chunk.length > CHUNK_ITEMS) this.#insertChunk(number + 1, chunk.splice(CHUNK_ITEMS >>> 1));
  }

  /** Takes a key out, if it is there. */
  delete(key: string): void {
    const number = chunkOf(this.#chunks, key);
    const current = this.#chunks[number];
    const place = current === undefined ? 0 : placeOf(current, key);
    if (current?.[place]?.[0] !== key) return;
    if (current.length === 1) this.#chunks.splice(number, 1);
    else this.#writable(number).splice(place, 1);
  }

  #insertChunk(number: number, chunk: Item<V>[]): void {
    this.#own.add(chunk);
    this.#chunks.splice(number, 0, chunk);
  }

  #writable(number: number): Item<V>[] {
    const chunk = this.#chunks[number]!;
    if (this.#own.has(chunk)) return chunk;
    const copy = [...chunk];
    this.#chunks[number] = copy;
    this.#own.add(copy);
    return copy;
  }
}
