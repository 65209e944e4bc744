/** Letters of Gun's message ids: digits and letters without capital Y (gun-wire section 3). */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXZabcdefghijklmnopqrstuvwxyz';
const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const POOL_BYTES = 4096;
/** Bytes from here on would favour the first letters and are skipped. */
const FAIR_LIMIT = 256 - (256 % ALPHABET.length);

let pool = new Uint8Array(0);
let position = 0;

/** The code of a random letter. */
function nextCode(): number {
  for (;;) {
    if (position === pool.length) {
      pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
      position = 0;
    }
    const byte = pool[position]!;
    position += 1;
    if (byte < FAIR_LIMIT) return CODES[byte % CODES.length]!;
  }
}

/** Random text over the alphabet of Gun's message ids. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length) text += String.fromCharCode(nextCode());
  return text;
}

/** A message id: 9 characters from Web Crypto. */
export function randomId(): string {
  // In one call, because every message said needs an id: half the time of adding up the letters.
  return String.fromCharCode(
    nextCode(),
    nextCode(),
    nextCode(),
    nextCode(),
    nextCode(),
    nextCode(),
    nextCode(),
    nextCode(),
    nextCode(),
  );
}
