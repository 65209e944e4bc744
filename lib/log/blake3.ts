import { finish } from '../base/slices.ts';

/** First words of SHA-256, which the state begins with (BLAKE3 specification, section 2.2). */
const IV: Int32Array = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);
/** Where the words of a message go after each round (section 2.2, table 2). */
const PERMUTATION: readonly number[] = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const ROUNDS = 7;
const WORDS = 16;
const WORD_BYTES = 4;
const BLOCK_BYTES = 64;
const CHUNK_START = 1;
const CHUNK_END = 2;
const ROOT = 8;

const PARENT = 4;
const CHUNK_BYTES = 1024;
/** Chunks that are hashed in one step. */
const STEP_CHUNKS = 64;
const HASH_BYTES = 32;

/** The order of the message's words in all rounds, one after the other. */
const SCHEDULE: Uint8Array = scheduleOf();

// Signed words are what engines keep as they are; half of the unsigned ones would be boxed.
const words = new Int32Array(WORDS);
const chained = new Int32Array(8);

function scheduleOf(): Uint8Array {
  let order = Array.from({ length: WORDS }, (_, at) => at);
  const orders: number[] = [];
  for (let left = ROUNDS; left > 0; left -= 1) {
    orders.push(...order);
    order = PERMUTATION.map((from) => order[from]!);
  }
  return Uint8Array.from(orders);
}

function rotated(word: number, right: number): number {
  return (word >>> right) | (word << (32 - right));
}

/**
 * Mixes the block under way into what came before: in each round the columns of the state, then its diagonals. One
 * function with the state in variables takes a quarter of the time of one with the state in an array.
 */
// oxlint-disable-next-line max-lines-per-function -- eight times the same mixing, which no engine inlines so often
function compress(length: number, counter: number, flags: number): void {
  let v0 = chained[0]!;
  let v1 = chained[1]!;
  let v2 = chained[2]!;
  let v3 = chained[3]!;
  let v4 = chained[4]!;
  let v5 = chained[5]!;
  let v6 = chained[6]!;
  let v7 = chained[7]!;
  let v8 = IV[0]!;
  let v9 = IV[1]!;
  let v10 = IV[2]!;
  let v11 = IV[3]!;
  let v12 = counter | 0;
  let v13 = 0;
  let v14 = length;
  let v15 = flags;
  for (let at = 0; at < SCHEDULE.length; at += WORDS) {
    v0 = (v0 + v4 + words[SCHEDULE[at + 0]!]!) | 0;
    v12 = rotated(v12 ^ v0, 16);
    v8 = (v8 + v12) | 0;
    v4 = rotated(v4 ^ v8, 12);
    v0 = (v0 + v4 + words[SCHEDULE[at + 1]!]!) | 0;
    v12 = rotated(v12 ^ v0, 8);
    v8 = (v8 + v12) | 0;
    v4 = rotated(v4 ^ v8, 7);
    v1 = (v1 + v5 + words[SCHEDULE[at + 2]!]!) | 0;
    v13 = rotated(v13 ^ v1, 16);
    v9 = (v9 + v13) | 0;
    v5 = rotated(v5 ^ v9, 12);
    v1 = (v1 + v5 + words[SCHEDULE[at + 3]!]!) | 0;
    v13 = rotated(v13 ^ v1, 8);
    v9 = (v9 + v13) | 0;
    v5 = rotated(v5 ^ v9, 7);
    v2 = (v2 + v6 + words[SCHEDULE[at + 4]!]!) | 0;
    v14 = rotated(v14 ^ v2, 16);
    v10 = (v10 + v14) | 0;
    v6 = rotated(v6 ^ v10, 12);
    v2 = (v2 + v6 + words[SCHEDULE[at + 5]!]!) | 0;
    v14 = rotated(v14 ^ v2, 8);
    v10 = (v10 + v14) | 0;
    v6 = rotated(v6 ^ v10, 7);
    v3 = (v3 + v7 + words[SCHEDULE[at + 6]!]!) | 0;
    v15 = rotated(v15 ^ v3, 16);
    v11 = (v11 + v15) | 0;
    v7 = rotated(v7 ^ v11, 12);
    v3 = (v3 + v7 + words[SCHEDULE[at + 7]!]!) | 0;
    v15 = rotated(v15 ^ v3, 8);
    v11 = (v11 + v15) | 0;
    v7 = rotated(v7 ^ v11, 7);
    v0 = (v0 + v5 + words[SCHEDULE[at + 8]!]!) | 0;
    v15 = rotated(v15 ^ v0, 16);
    v10 = (v10 + v15) | 0;
    v5 = rotated(v5 ^ v10, 12);
    v0 = (v0 + v5 + words[SCHEDULE[at + 9]!]!) | 0;
    v15 = rotated(v15 ^ v0, 8);
    v10 = (v10 + v15) | 0;
    v5 = rotated(v5 ^ v10, 7);
    v1 = (v1 + v6 + words[SCHEDULE[at + 10]!]!) | 0;
    v12 = rotated(v12 ^ v1, 16);
    v11 = (v11 + v12) | 0;
    v6 = rotated(v6 ^ v11, 12);
    v1 = (v1 + v6 + words[SCHEDULE[at + 11]!]!) | 0;
    v12 = rotated(v12 ^ v1, 8);
    v11 = (v11 + v12) | 0;
    v6 = rotated(v6 ^ v11, 7);
    v2 = (v2 + v7 + words[SCHEDULE[at + 12]!]!) | 0;
    v13 = rotated(v13 ^ v2, 16);
    v8 = (v8 + v13) | 0;
    v7 = rotated(v7 ^ v8, 12);
    v2 = (v2 + v7 + words[SCHEDULE[at + 13]!]!) | 0;
    v13 = rotated(v13 ^ v2, 8);
    v8 = (v8 + v13) | 0;
    v7 = rotated(v7 ^ v8, 7);
    v3 = (v3 + v4 + words[SCHEDULE[at + 14]!]!) | 0;
    v14 = rotated(v14 ^ v3, 16);
    v9 = (v9 + v14) | 0;
    v4 = rotated(v4 ^ v9, 12);
    v3 = (v3 + v4 + words[SCHEDULE[at + 15]!]!) | 0;
    v14 = rotated(v14 ^ v3, 8);
    v9 = (v9 + v14) | 0;
    v4 = rotated(v4 ^ v9, 7);
  }
  chained[0] = v0 ^ v8;
  chained[1] = v1 ^ v9;
  chained[2] = v2 ^ v10;
  chained[3] = v3 ^ v11;
  chained[4] = v4 ^ v12;
  chained[5] = v5 ^ v13;
  chained[6] = v6 ^ v14;
  chained[7] = v7 ^ v15;
}

/** Reads a block as words that begin with their low byte, whatever the machine's do. */
function readBlock(bytes: Uint8Array, from: number): void {
  for (let word = 0, at = from; word < WORDS; word += 1, at += WORD_BYTES) {
    words[word] = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }
}

/** Reads what is shorter than a block; the rest of that is empty. */
function readShortBlock(bytes: Uint8Array, from: number, length: number): void {
  words.fill(0);
  for (let at = 0; at < length; at += 1) {
    words[at >> 2] = words[at >> 2]! | (bytes[from + at]! << (8 * (at % WORD_BYTES)));
  }
}

/** Leaves the chaining value of a chunk; the counter tells which one it is. */
function hashChunk(bytes: Uint8Array, from: number, to: number, counter: number, lastFlags: number): void {
  chained.set(IV);
  let at = from;
  do {
    const length = Math.min(BLOCK_BYTES, to - at);
    const isLast = at + length === to;
    if (length === BLOCK_BYTES) readBlock(bytes, at);
    else readShortBlock(bytes, at, length);
    compress(length, counter, (at === from ? CHUNK_START : 0) | (isLast ? CHUNK_END | lastFlags : 0));
    at += BLOCK_BYTES;
  } while (at < to);
}

/** The chaining value over two others. */
function hashParent(left: Int32Array, right: Int32Array, flags: number): Int32Array {
  chained.set(IV);
  words.set(left);
  words.set(right, left.length);
  compress(BLOCK_BYTES, 0, PARENT | flags);
  return chained.slice();
}

/** The root over many chunks, in steps: each subtree is whole but for the last ones (section 2.1). */
function* hashTree(bytes: Uint8Array): Generator<void, Int32Array> {
  const subtrees: Int32Array[] = [];
  for (let chunk = 0; ; chunk += 1) {
    const from = chunk * CHUNK_BYTES;
    const isLast = from + CHUNK_BYTES >= bytes.length;
    hashChunk(bytes, from, isLast ? bytes.length : from + CHUNK_BYTES, chunk, 0);
    let value: Int32Array = chained.slice();
    if (isLast) {
      while (subtrees.length > 0)
        value = hashParent(subtrees.pop()!, value, subtrees.length === 0 ? ROOT : 0);
      return value;
    }
    for (let chunks = chunk + 1; chunks % 2 === 0; chunks /= 2) value = hashParent(subtrees.pop()!, value, 0);
    subtrees.push(value);
    if ((chunk + 1) % STEP_CHUNKS === 0) yield;
  }
}

/**
 * BLAKE3-256: operations have two such hashes each, which a general implementation takes several times as long for.
 *
 * @param into where the hash is put: 32 bytes, new ones when absent
 */
export function fastBlake3(bytes: Uint8Array, into: Uint8Array = new Uint8Array(HASH_BYTES)): Uint8Array {
  if (bytes.length > CHUNK_BYTES) return putBytes(finish(hashTree(bytes)), into);
  hashChunk(bytes, 0, bytes.length, 0, ROOT);
  return putBytes(chained, into);
}

/** {@link fastBlake3} in steps of 64 KiB. */
export function* fastBlake3InSteps(bytes: Uint8Array): Generator<void, Uint8Array> {
  const into = new Uint8Array(HASH_BYTES);
  return bytes.length > CHUNK_BYTES ? putBytes(yield* hashTree(bytes), into) : fastBlake3(bytes, into);
}

/** Puts the bytes of a hash to their place; a view of the words would cost a buffer outside of the heap. */
function putBytes(hash: Int32Array, into: Uint8Array): Uint8Array {
  for (let at = 0; at < HASH_BYTES; at += 1) into[at] = hash[at >> 2]! >> (8 * (at % WORD_BYTES));
  return into;
}
