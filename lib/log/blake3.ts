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
/** Words of the state that a quarter of a round mixes: its columns, then its diagonals. */
const QUARTERS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

const BLOCK_BYTES = 64;
const CHUNK_START = 1;
const CHUNK_END = 2;
const ROOT = 8;

/** Bytes that one chunk has; longer inputs are trees of chunks. */
export const CHUNK_BYTES = 1024;

/** The order of the message's words in all rounds, one after the other. */
const SCHEDULE: Uint8Array = scheduleOf();

const state = new Uint32Array(16);
const words = new Uint32Array(16);
const block = new Uint8Array(words.buffer);
const chained = new Uint32Array(8);

function scheduleOf(): Uint8Array {
  let order = Array.from({ length: 16 }, (_, at) => at);
  const orders: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
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
function compress(length: number, flags: number): void {
  state.set(chained);
  state.set(IV.subarray(0, 4), 8);
  state[12] = 0;
  state[13] = 0;
  state[14] = length;
  state[15] = flags;
  let at = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [a, b, c, d] of QUARTERS) {
      mix(a, b, c, d, words[SCHEDULE[at]!]!, words[SCHEDULE[at + 1]!]!);
      at += 2;
    }
  }
  for (let word = 0; word < 8; word += 1) chained[word] = state[word]! ^ state[word + 8]!;
}

/**
 * BLAKE3-256 of up to {@link CHUNK_BYTES} bytes, on machines whose words begin with their low byte; operations have
 * two such hashes each, which a general implementation takes several times as long for.
 */
export function hashChunk(bytes: Uint8Array): Uint8Array {
  chained.set(IV);
  let at = 0;
  do {
    const length = Math.min(BLOCK_BYTES, bytes.length - at);
    const isLast = at + length === bytes.length;
    if (length < BLOCK_BYTES) block.fill(0);
    block.set(bytes.subarray(at, at + length));
    compress(length, (at === 0 ? CHUNK_START : 0) | (isLast ? CHUNK_END | ROOT : 0));
    at += BLOCK_BYTES;
  } while (at < bytes.length);
  return new Uint8Array(chained.slice().buffer);
}

/** True where {@link hashChunk} can be used. */
export const HASHES_CHUNKS: boolean = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
