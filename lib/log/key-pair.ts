import { getPublicKey, hashes, sign, utils } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { fromHex, toHex } from '../base/byte-texts.ts';
import { relayError } from '../base/errors.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { KEY_BYTES } from './strict-ed25519.ts';

// The synchronous half of noble has no hash of its own.
hashes.sha512 = sha512;

/** Who signs operations: an author's key, wherever its secret is. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The signature, 64 bytes; of one message always the same. */
  sign(message: Uint8Array): Uint8Array;
}

/** Who signs operations and may take time to: a key in hardware, of Web Crypto, or behind a question to a person. */
export interface LaterSigner {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The signature, 64 bytes; of one message always the same. */
  sign(message: Uint8Array): MaybePromise<Uint8Array>;
}

/** An Ed25519 key pair; whoever prints it sees the public half only. */
export class KeyPair implements Signer {
  readonly publicKey: Uint8Array;
  readonly #secret: Uint8Array;

  /**
   * @param secret seed of 32 bytes (RFC 8032 section 5.1.5)
   * @throws GraphError KEY_INVALID for another length
   */
  constructor(secret: Uint8Array) {
    if (secret.length !== KEY_BYTES) throw relayError('KEY_INVALID', `${secret.length} bytes`);
    this.#secret = Uint8Array.from(secret);
    this.publicKey = getPublicKey(this.#secret);
  }

  /** A new pair from Web Crypto. */
  static random(): KeyPair {
    return new KeyPair(utils.randomSecretKey());
  }

  /**
   * The pair of a text that {@link exportText} gave.
   *
   * @throws GraphError KEY_INVALID for everything but 64 lower-case hex digits; the error does not say what it was
   */
  static fromText(text: string): KeyPair {
    const secret = fromHex(text);
    if (secret === undefined) throw relayError('KEY_INVALID', 'not 64 hex digits');
    return new KeyPair(secret);
  }

  /** The public key as hex. */
  get id(): string {
    return toHex(this.publicKey);
  }

  sign(message: Uint8Array): Uint8Array {
    return sign(message, this.#secret);
  }

  /** A copy of the secret, for those who keep it. */
  exportSecret(): Uint8Array {
    return Uint8Array.from(this.#secret);
  }

  /** The secret as 64 hex digits, for those who keep it. */
  exportText(): string {
    return toHex(this.#secret);
  }
}
