/** The nonces that this process gave in handshakes: known again without being remembered, so nobody can have one forgotten. */
import { concatBytes, equalBytes } from '../lib/base/bytes.ts';
import { hashBytes } from '../lib/log/hash.ts';
import { NONCE_BYTES } from '../lib/sync/frame-fields.ts';

/** Half of a nonce is random, the other half follows from it. */
const HALF = NONCE_BYTES / 2;
const SECRET_BYTES = 32;

/** Makes nonces, and knows them. */
export class OwnNonces {
  readonly #secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));

  /** A new one, of 32 bytes. */
  next(): Uint8Array {
    return this.#whole(crypto.getRandomValues(new Uint8Array(HALF)));
  }

  /** True for what {@link OwnNonces.next} gave. */
  has(nonce: Uint8Array): boolean {
    return equalBytes(nonce, this.#whole(nonce.subarray(0, HALF)));
  }

  #whole(random: Uint8Array): Uint8Array {
    return concatBytes(random, hashBytes(concatBytes(this.#secret, random)).subarray(0, HALF));
  }
}
