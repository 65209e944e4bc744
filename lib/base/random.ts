/** Letters of Gun's message ids: digits and letters without capital Y (gun-wire section 3). */
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 9;
const POOL_BYTES = 4096;
/** Bytes from here on would favour the first letters and are skipped. */
const FAIR_LIMIT = 256 - (256 % ALPHABET.length);

let pool = new Uint8Array(0);
let position = 0;

function nextByte(): number {
  if (position === pool.length) {
    pool = crypto.getRandomValues(new Uint8Array(POOL_BYTES));
    position = 0;
  }
  const byte = pool[position]!;
  position += 1;
  return byte;
}

/** Random text over the alphabet of Gun's message ids. */
export function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    const byte = nextByte();
    if (byte < FAIR_LIMIT) text += ALPHABET[byte % ALPHABET.length]!;
  }
  return text;
}

/** A message id: 9 characters from Web Crypto. */
export function randomId(): string {
  return randomText(ID_LENGTH);
}
