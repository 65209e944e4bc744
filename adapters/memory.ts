/** Storage in memory, ordered as LevelDB orders; what it holds lives as long as the object. */
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import { GraphError } from '../lib/base/errors.ts';
import { Lifecycle } from '../lib/base/lifecycle.ts';
import type {
  Change,
  MaybePromise,
  RangeOptions,
  Storage,
  TextCursor,
  TextEntry,
} from '../lib/store/storage.ts';

type Value = string | Uint8Array;
type Item = readonly [key: string, value: Value];

/** Items of one chunk at most; a fuller one is halved. Inserting moves no more than one chunk. */
const CHUNK_ITEMS = 512;

const LONE_SURROGATE = /\p{Surrogate}/u;

/** Text as it comes back from UTF-8. */
function asUtf8(text: string): string {
  return LONE_SURROGATE.test(text) ? fromUtf8(utf8(text)) : text;
}

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
function placeOf(chunk: readonly Item[], key: string): number {
  return lowerBound(chunk.length, (place) => compareKeys(chunk[place]![0], key) < 0);
}

/** Number of the chunk that holds `key` or would hold it. */
function chunkOf(chunks: readonly (readonly Item[])[], key: string): number {
  return Math.max(0, lowerBound(chunks.length, (place) => compareKeys(chunks[place]![0]![0], key) <= 0) - 1);
}

function* forward(chunks: readonly (readonly Item[])[], from: string, to: string): Generator<Item> {
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

function* backward(chunks: readonly (readonly Item[])[], from: string, to: string): Generator<Item> {
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

/** A walk over the items that were there when it began. */
class MemoryCursor implements TextCursor {
  readonly #items: Generator<Item>;
  readonly #assertOpen: () => void;

  constructor(items: Generator<Item>, assertOpen: () => void) {
    this.#items = items;
    this.#assertOpen = assertOpen;
  }

  async next(size: number): Promise<TextEntry[]> {
    this.#assertOpen();
    const entries: TextEntry[] = [];
    while (entries.length < size) {
      const { value: item, done } = this.#items.next();
      if (done === true) break;
      entries.push([item[0], textOf(item[1])]);
    }
    return entries;
  }

  async close(): Promise<void> {
    this.#items.return(undefined);
  }
}

function textOf(value: Value): string {
  return typeof value === 'string' ? value : fromUtf8(value);
}

/** A value as it is kept; bytes are copied, because the caller may use them again. */
function kept(change: Change): Value | undefined {
  const value = change[1];
  if (typeof value === 'string') return asUtf8(value);
  if (value instanceof Uint8Array) return Uint8Array.from(value);
  if (value === undefined) return undefined;
  throw new GraphError('STORAGE_FAILED', 'a value is neither text nor bytes');
}

/** All changes as they are kept, before the first one is made. */
function checkedItems(changes: Iterable<Change>): (readonly [key: string, value: Value | undefined])[] {
  try {
    return Array.from(changes, (change) => [asUtf8(change[0]), kept(change)] as const);
  } catch (error) {
    throw error instanceof GraphError ? error : new GraphError('STORAGE_FAILED', undefined, { cause: error });
  }
}

/**
 * The storage contract in memory: reads answer at once, walks see the store as it was when they began.
 *
 * Items stand in a sorted list of sorted chunks. Chunks that a walk may still read are copied before they
 * are changed. Closing forgets nothing: opening the same object again finds what was committed.
 */
export class MemoryStorage implements Storage {
  readonly #lifecycle = new Lifecycle(
    () => undefined,
    () => undefined,
  );
  /** Sorted; no chunk is empty. */
  #chunks: Item[][] = [];
  /** Chunks that no walk can see, so that they may be changed in place. */
  #own = new WeakSet<readonly Item[]>();

  open(): Promise<void> {
    return this.#lifecycle.open();
  }

  close(): Promise<void> {
    return this.#lifecycle.close();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return this.#read(() => {
      const value = this.#get(key);
      return value === undefined ? undefined : textOf(value);
    });
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    return this.#read(() =>
      keys.map((key) => {
        const value = this.#get(key);
        return value === undefined ? undefined : textOf(value);
      }),
    );
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return this.#read(() => {
      const value = this.#get(key);
      return typeof value === 'string' ? utf8(value) : value?.slice();
    });
  }

  range({ from, to, reverse = false }: RangeOptions): TextCursor {
    const chunks = this.#chunks;
    this.#chunks = [...chunks];
    this.#own = new WeakSet();
    const walk = reverse ? backward : forward;
    return new MemoryCursor(walk(chunks, asUtf8(from), asUtf8(to)), () => this.#assertOpen());
  }

  async commit(changes: Iterable<Change>): Promise<void> {
    this.#assertOpen();
    const checked = checkedItems(changes);
    for (const [key, value] of checked) {
      if (value === undefined) this.#delete(key);
      else this.#put(key, value);
    }
  }

  #assertOpen(): void {
    this.#lifecycle.assertOpen('STORAGE_NOT_OPEN');
  }

  /** Answers at once; what goes wrong comes as a rejection, as it does from storages that answer later. */
  #read<T>(read: () => T): MaybePromise<T> {
    try {
      this.#assertOpen();
      return read();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #get(given: string): Value | undefined {
    const key = asUtf8(given);
    const chunk = this.#chunks[chunkOf(this.#chunks, key)];
    const item = chunk?.[placeOf(chunk, key)];
    return item?.[0] === key ? item[1] : undefined;
  }

  #put(key: string, value: Value): void {
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

  #insertChunk(number: number, chunk: Item[]): void {
    this.#own.add(chunk);
    this.#chunks.splice(number, 0, chunk);
  }

  #delete(key: string): void {
    const number = chunkOf(this.#chunks, key);
    const current = this.#chunks[number];
    const place = current === undefined ? 0 : placeOf(current, key);
    if (current?.[place]?.[0] !== key) return;
    if (current.length === 1) this.#chunks.splice(number, 1);
    else this.#writable(number).splice(place, 1);
  }

  #writable(number: number): Item[] {
    const chunk = this.#chunks[number]!;
    if (this.#own.has(chunk)) return chunk;
    const copy = [...chunk];
    this.#chunks[number] = copy;
    this.#own.add(copy);
    return copy;
  }
}
