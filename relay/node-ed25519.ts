import {
  createPrivateKey,
  createPublicKey,
  sign as signWith,
  verify as verifyWith,
  type KeyObject,
} from 'node:crypto';
import { toBase64Url, toHex } from '../lib/base/byte-texts.ts';
import { equalBytes } from '../lib/base/bytes.ts';
import { TwoGenerations } from '../lib/base/two-generations.ts';
import type { KeyPair, Signer } from '../lib/log/key-pair.ts';
import {
  strictly,
  strictlyLater,
  verifyStrict,
  type VerifyLater,
  type VerifySignature,
} from '../lib/log/strict-ed25519.ts';

/** Public keys that are kept in OpenSSL's form, as making one takes half as long as a check. */
const KEPT_KEYS = 2000;

/** Makes keys in OpenSSL's form, and keeps them. */
function keyTable(): (publicKey: Uint8Array) => KeyObject {
  const keys = new TwoGenerations<string, KeyObject>(KEPT_KEYS);
  let last: { readonly publicKey: Uint8Array; readonly key: KeyObject } | undefined;
  return (publicKey) => {
    // Operations come in the order of their logs.
    if (last !== undefined && equalBytes(last.publicKey, publicKey)) return last.key;
    const id = toHex(publicKey);
    let key = keys.get(id);
    if (key === undefined) {
      key = publicKeyOf(publicKey);
      keys.set(id, key);
    }
    last = { publicKey: publicKey.slice(), key };
    return key;
  };
}

/** How `node:crypto` checks a signature at once. */
export type DirectVerify = (
  algorithm: null,
  message: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
) => boolean;

/**
 * Checks signatures by `node:crypto`, with the verdicts of the strict check and several times as fast
 * (node-api section 3); by the strict check itself where OpenSSL comes to none.
 *
 * @param verify what checks them
 */
export function nodeVerifier(verify: DirectVerify = verifyWith): VerifySignature {
  const keyOf = keyTable();
  return strictly((publicKey, message, signature) => {
    try {
      return verify(null, message, keyOf(publicKey), signature);
    } catch {
      // An error, as for want of memory, is no verdict: who sent it may be innocent.
      return verifyStrict(publicKey, message, signature);
    }
  });
}

/** How `node:crypto` checks a signature in its thread pool. */
export type PoolVerify = (
  algorithm: null,
  message: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
  done: (error: Error | null, isRight: boolean) => void,
) => void;

/**
 * The same in the thread pool, which leaves the event loop to others and uses more than one core. It comes to no
 * verdict when the pool does not: OpenSSL has one for all keys and signatures that the strict rules let pass.
 *
 * @param verify what checks them
 */
export function poolVerifier(verify: PoolVerify = verifyWith): VerifyLater {
  const keyOf = keyTable();
  return strictlyLater((publicKey, message, signature, decided) => {
    verify(null, message, keyOf(publicKey), signature, (error, isRight) => decided(error ?? isRight));
  });
}

/** A public key in OpenSSL's form; throws for what is none. */
function publicKeyOf(publicKey: Uint8Array): KeyObject {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: toBase64Url(publicKey) };
  return createPublicKey({ key: jwk, format: 'jwk' });
}

/** Signs by `node:crypto` with the key in OpenSSL's form; signatures are those of the pair itself. */
export function nodeSigner(pair: KeyPair): Signer {
  const { publicKey } = pair;
  const jwk = {
    kty: 'OKP',
    crv: 'Ed25519',
    x: toBase64Url(publicKey),
    d: toBase64Url(pair.exportSecret()),
  };
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  return { publicKey, sign: (message) => Uint8Array.from(signWith(null, message, key)) };
}
