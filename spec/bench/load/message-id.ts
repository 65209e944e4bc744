/**
 * Message ids and a random source for load: cheap, of fixed length, never two alike in a run.
 */

/** Letters of Gun's ids: digits and letters without capital Y. */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXZabcdefghijklmnopqrstuvwxyz';
const THIRD_LENGTH = 3;
const THIRDS = ALPHABET.length ** THIRD_LENGTH;

/** Random numbers from 0 to below 2^32 that repeat for a seed (mulberry32). */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function third(number: number): string {
  const { length } = ALPHABET;
  const high = ALPHABET[Math.floor(number / length ** 2) % length]!;
  return high + ALPHABET[Math.floor(number / length) % length]! + ALPHABET[number % length]!;
}

const thirds = Array.from({ length: THIRDS }, (_, number) => third(number));
const random = randomSource(Date.now());

/** A new id of 9 characters. gun derives further ids by appending counters, so ids must not be each other's beginnings. */
export function messageId(): string {
  return thirds[random() % THIRDS]! + thirds[random() % THIRDS]! + thirds[random() % THIRDS]!;
}
