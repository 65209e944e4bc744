/** First words of SHA-256, which the state begins with (BLAKE3 specification, section 2.2). */
const IV: Uint32Array = Uint32Array.of(
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
const BLOCK_BYTES = 64;
const CHUNK_START = 1;
const CHUNK_END = 2;
const ROOT = 8;

const PARENT = 4;
const CHUNK_BYTES = 1024;

/** The order of the message's words in all rounds, one after the other. */
const SCHEDULE: Uint8Array = scheduleOf();

const state = new Uint32Array(16);
const words = new Uint32Array(16);
const block = new Uint8Array(words.buffer);
const chained = new Uint32Array(8);

function scheduleOf(): Uint8Array {
  let order = Array.from({ length: 16 }, (_, at) => at);
  const orders: number[] = [];
  for (let left = ROUNDS; left > 0; left -= 1) {
    orders.push(...order);
    order = PERMUTATION.map((from) => order[from]!);
  }
  return Uint8Array.from(orders);
}

/** The mixing function over four words of the state and two of the message. */
function mix(a: number, b: number, c: number, d: number, x: number, y: number): void {
  let va = state[a]!;
  let vb = state[b]!;
  let vc = state[c]!;
  let vd = state[d]!;
  va = (va + vb + x) | 0;
  vd ^= va;
  vd = (vd >>> 16) | (vd << 16);
  vc = (vc + vd) | 0;
  vb ^= vc;
  vb = (vb >>> 12) | (vb << 20);
  va = (va + vb + y) | 0;
  vd ^= va;
  vd = (vd >>> 8) | (vd << 24);
  vc = (vc + vd) | 0;
  vb ^= vc;
  vb = (vb >>> 7) | (vb << 25);
  state[a] = va;
  state[b] = vb;
  state[c] = vc;
  state[d] = vd;
}

/** Mixes the block under way into what came before. */
function compress(length: number, counter: number, flags: number): void {
  for (let word = 0; word < 8; word += 1) state[word] = chained[word]!;
  for (let word = 0; word < 4; word += 1) state[word + 8] = IV[word]!;
  state[12] = counter;
  state[13] = 0;
  state[14] = length;
  state[15] = flags;
  for (let at = 0; at < SCHEDULE.length; at += 16) round(at);
  for (let word = 0; word < 8; word += 1) chained[word] = state[word]! ^ state[word + 8]!;
}

/** One round: the columns of the state, then its diagonals. */
function round(at: number): void {
  mix(0, 4, 8, 12, words[SCHEDULE[at]!]!, words[SCHEDULE[at + 1]!]!);
  mix(1, 5, 9, 13, words[SCHEDULE[at + 2]!]!, words[SCHEDULE[at + 3]!]!);
  mix(2, 6, 10, 14, words[SCHEDULE[at + 4]!]!, words[SCHEDULE[at + 5]!]!);
  mix(3, 7, 11, 15, words[SCHEDULE[at + 6]!]!, words[SCHEDULE[at + 7]!]!);
  mix(0, 5, 10, 15, words[SCHEDULE[at + 8]!]!, words[SCHEDULE[at + 9]!]!);
  mix(1, 6, 11, 12, words[SCHEDULE[at + 10]!]!, words[SCHEDULE[at + 11]!]!);
  mix(2, 7, 8, 13, words[SCHEDULE[at + 12]!]!, words[SCHEDULE[at + 13]!]!);
  mix(3, 4, 9, 14, words[SCHEDULE[at + 14]!]!, words[SCHEDULE[at + 15]!]!);
}

/** Leaves the chaining value of a chunk; the counter tells which one it is. */
function hashChunk(bytes: Uint8Array, from: number, to: number, counter: number, lastFlags: number): void {
  chained.set(IV);
  let at = from;
  do {
    const length = Math.min(BLOCK_BYTES, to - at);
    const isLast = at + length === to;
    if (length < BLOCK_BYTES) block.fill(0);
    for (let byte = 0; byte < length; byte += 1) block[byte] = bytes[at + byte]!;
    compress(length, counter, (at === from ? CHUNK_START : 0) | (isLast ? CHUNK_END | lastFlags : 0));
    at += BLOCK_BYTES;
  } while (at < to);
}

/** The chaining value over two others. */
function hashParent(left: Uint32Array, right: Uint32Array, flags: number): Uint32Array {
  chained.set(IV);
  words.set(left);
  words.set(right, left.length);
  compress(BLOCK_BYTES, 0, PARENT | flags);
  return chained.slice();
}

/** The root over many chunks: each subtree is whole but for the last ones (section 2.1). */
function hashTree(bytes: Uint8Array): Uint32Array {
  const subtrees: Uint32Array[] = [];
  for (let chunk = 0; ; chunk += 1) {
    const from = chunk * CHUNK_BYTES;
    const isLast = from + CHUNK_BYTES >= bytes.length;
    hashChunk(bytes, from, isLast ? bytes.length : from + CHUNK_BYTES, chunk, 0);
    let value: Uint32Array = chained.slice();
    if (isLast) {
      while (subtrees.length > 0)
        value = hashParent(subtrees.pop()!, value, subtrees.length === 0 ? ROOT : 0);
      return value;
    }
    for (let chunks = chunk + 1; chunks % 2 === 0; chunks /= 2) value = hashParent(subtrees.pop()!, value, 0);
    subtrees.push(value);
  }
}

/**
 * BLAKE3-256 on machines whose words begin with their low byte: operations have two such hashes each, which a general
 * implementation takes several times as long for.
 */
export function fastBlake3(bytes: Uint8Array): Uint8Array {
  if (bytes.length > CHUNK_BYTES) return new Uint8Array(hashTree(bytes).buffer);
  hashChunk(bytes, 0, bytes.length, 0, ROOT);
  return new Uint8Array(chained.slice().buffer);
}

/** True where {@link fastBlake3} can be used. */
export const IS_LITTLE_ENDIAN: boolean = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
