import { Point } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { fromHex, toHex } from '../base/byte-texts.ts';
import { compareBytes, concatBytes, equalBytes } from '../base/bytes.ts';

/** Bytes of a public key and of a secret. */
export const KEY_BYTES = 32;
/** Bytes of a signature: R, then S. */
export const SIGNATURE_BYTES = 64;

/**
 * Checks a signature of 64 bytes by a public key of 32 bytes; false for everything else. The message may change once it
 * has returned.
 */
export type VerifySignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** What a check comes to; an error for no verdict, which says nothing about the signature. */
export type Verdict = boolean | Error;

/**
 * The same by somebody who takes his time, as other threads do, and calls back once: within the call or after it. All three
 * may change once it has returned.
 */
export type VerifyLater = (
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  decided: (verdict: Verdict) => void,
) => void;

/** Order of the group, and the prime of the field, as 32 bytes with the highest first. */
const ORDER = bigEndian('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed');
const PRIME = bigEndian('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed');
const ORDER_NUMBER = BigInt(`0x${toHex(ORDER)}`);
const SIGN_BIT = 0x80;

/** The eight points of small order, in their canonical encodings. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
]);

function bigEndian(hex: string): Uint8Array {
  return fromHex(hex)!;
}

function toNumber(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${toHex(littleEndian.toReversed())}`);
}

/** First bytes of the points of small order, so that most others need no closer look. */
const SMALL_STARTS: ReadonlySet<number> = new Set(
  Array.from(SMALL_ORDER, (point) => Number.parseInt(point.slice(0, 2), 16)),
);

/** True for bytes whose first 32 may be a key or R: a canonical y, and no point of small order. */
function mayBePoint(bytes: Uint8Array): boolean {
  // Only a y whose highest byte is that of the prime can be no less than it.
  const isHigh = (bytes[KEY_BYTES - 1]! & ~SIGN_BIT) === PRIME[0]!;
  if (isHigh && !isCanonicalY(bytes.subarray(0, KEY_BYTES))) return false;
  if (!SMALL_STARTS.has(bytes[0]!)) return true;
  const signed = bytes.slice(0, KEY_BYTES);
  // The neutral element and the point of order two have x = 0, which has no sign.
  const unsigned = signed.slice();
  unsigned[KEY_BYTES - 1]! &= ~SIGN_BIT;
  return !SMALL_ORDER.has(toHex(signed)) && !SMALL_ORDER.has(toHex(unsigned));
}

function isCanonicalY(bytes: Uint8Array): boolean {
  const y = bytes.toReversed();
  y[0]! &= ~SIGN_BIT;
  return compareBytes(y, PRIME) < 0;
}

/** What the strict rules say of a key alone: 32 bytes, canonical, of no small order. */
export function mayBeKey(publicKey: Uint8Array): boolean {
  return publicKey.length === KEY_BYTES && mayBePoint(publicKey);
}

/** True for a signature whose S is below the order of the group. */
function isBelowOrder(signature: Uint8Array): boolean {
  const highest = signature[SIGNATURE_BYTES - 1]!;
  if (highest !== ORDER[0]!) return highest < ORDER[0]!;
  return compareBytes(signature.slice(KEY_BYTES).toReversed(), ORDER) < 0;
}

/** What the strict rules say of a signature alone: S below the order, R canonical and of no small order. */
function mayBeSignature(signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return isBelowOrder(signature) && mayBePoint(signature);
}

/**
 * Checks an Ed25519 signature with the verdicts of `verify_strict` (node-api section 3): S below the order, canonical
 * A and R, neither of small order, and the equation without cofactor, by comparing bytes of R. A plain check is laxer
 * and would split the network.
 */
export const verifyStrict: VerifySignature = (publicKey, message, signature) => {
  if (!mayBeKey(publicKey) || !mayBeSignature(signature)) return false;
  const r = signature.subarray(0, KEY_BYTES);
  const s = toNumber(signature.subarray(KEY_BYTES));
  const k = toNumber(sha512(concatBytes(r, publicKey, message))) % ORDER_NUMBER;
  try {
    const kA = Point.fromBytes(publicKey, false).multiply(k, false);
    return equalBytes(Point.BASE.multiply(s, false).subtract(kA).toBytes(), r);
  } catch {
    return false;
  }
};

/**
 * Gives another implementation the verdicts of {@link verifyStrict}, for engines that have a faster one.
 *
 * @param verify compares R by its bytes without cofactor, as OpenSSL does
 */
export function strictly(verify: VerifySignature): VerifySignature {
  return (publicKey, message, signature) =>
    mayBeKey(publicKey) && mayBeSignature(signature) && verify(publicKey, message, signature);
}

/** {@link strictly} for an implementation that takes its time. */
export function strictlyLater(verify: VerifyLater): VerifyLater {
  return (publicKey, message, signature, decided) => {
    if (mayBeKey(publicKey) && mayBeSignature(signature)) verify(publicKey, message, signature, decided);
    else decided(false);
  };
}
