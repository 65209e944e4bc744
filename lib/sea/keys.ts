import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { GraphError } from '../base/errors.ts';
import { failure, success, type Result } from '../base/result.ts';
import { TwoGenerations } from '../base/two-generations.ts';

/**
 * The keys of a user as SEA keeps them: P-256, `pub` and `priv` for signing, `epub` and `epriv` for agreeing on secrets.
 *
 * Public keys are two coordinates in base64url joined by a dot (43 characters each), private ones 43 characters.
 */
export interface KeyPair {
  readonly pub: string;
  readonly priv: string;
  readonly epub: string;
  readonly epriv: string;
}

const SIGNING = { name: 'ECDSA', namedCurve: 'P-256' };
const AGREEMENT = { name: 'ECDH', namedCurve: 'P-256' };
/** 32 bytes in base64url; the last character holds four bits only. */
const NUMBER = '[\\w-]{42}[AEIMQUYcgkosw048]';
const PUBLIC = new RegExp(`^${NUMBER}\\.${NUMBER}$`);
const PRIVATE = new RegExp(`^${NUMBER}$`);
const BAD_PAIR = 'not a key pair of SEA';

/** True for text in the form of a public key; whether it is a point of the curve shows when it is imported. */
export function isPublicKey(text: unknown): text is string {
  return typeof text === 'string' && PUBLIC.test(text);
}

/** Makes new keys. */
export async function createPair(): Promise<KeyPair> {
  const [signing, agreement] = await Promise.all([
    crypto.subtle.generateKey(SIGNING, true, ['sign', 'verify']),
    crypto.subtle.generateKey(AGREEMENT, true, ['deriveBits']),
  ]);
  const [mine, shared] = await Promise.all([exportPrivate(signing), exportPrivate(agreement)]);
  return { pub: mine.pub, priv: mine.priv, epub: shared.pub, epriv: shared.priv };
}

async function exportPrivate(keys: CryptoKeyPair): Promise<{ readonly pub: string; readonly priv: string }> {
  const { x, y, d } = await crypto.subtle.exportKey('jwk', keys.privateKey);
  return { pub: `${x!}.${y!}`, priv: d! };
}

/**
 * Checks keys that come from outside: their form, that the points lie on the curve and that the private keys belong to
 * the public ones. Other fields are left out of the answer.
 */
export async function readPair(raw: unknown): Promise<Result<KeyPair>> {
  if (typeof raw !== 'object' || raw === null) return failure(BAD_PAIR);
  const { pub, priv, epub, epriv } = raw as Record<string, unknown>;
  if (!isPublicKey(pub) || !isPublicKey(epub) || !isPrivateKey(priv) || !isPrivateKey(epriv)) {
    return failure(BAD_PAIR);
  }
  const pair = { pub, priv, epub, epriv };
  try {
    const [signs, agrees] = await Promise.all([signsForItself(pair), agreesWithItself(pair)]);
    return signs && agrees ? success(pair) : failure(BAD_PAIR);
  } catch {
    return failure(BAD_PAIR);
  }
}

function isPrivateKey(text: unknown): text is string {
  return typeof text === 'string' && PRIVATE.test(text);
}

async function signsForItself(pair: KeyPair): Promise<boolean> {
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const probe = crypto.getRandomValues(new Uint8Array(32));
  const [mine, shown] = await Promise.all([
    importKey(SIGNING, pair.pub, ['sign'], pair.priv),
    importKey(SIGNING, pair.pub, ['verify']),
  ]);
  return crypto.subtle.verify(algorithm, shown, await crypto.subtle.sign(algorithm, mine, probe), probe);
}

async function agreesWithItself(pair: KeyPair): Promise<boolean> {
  const other = await crypto.subtle.generateKey(AGREEMENT, false, ['deriveBits']);
  const mine = await importKey(AGREEMENT, pair.epub, ['deriveBits'], pair.epriv);
  const shown = await importKey(AGREEMENT, pair.epub, []);
  const [here, there] = await Promise.all([agree(mine, other.publicKey), agree(other.privateKey, shown)]);
  return here.every((byte, at) => byte === there[at]);
}

/** The 32 bytes two keys agree on: the x-coordinate of their Diffie-Hellman point. */
export async function agree(mine: CryptoKey, theirs: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: theirs }, mine, 256));
}

function importKey(
  algorithm: EcKeyImportParams,
  pub: string,
  usages: KeyUsage[],
  priv?: string,
): Promise<CryptoKey> {
  const [x = '', y = ''] = pub.split('.');
  const jwk: JsonWebKey = { kty: 'EC', crv: 'P-256', x, y, ext: true };
  if (priv !== undefined) jwk.d = priv;
  return crypto.subtle.importKey('jwk', jwk, algorithm, false, usages);
}

/**
 * The key that signs for a pair.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export function signingKey(pair: Pick<KeyPair, 'pub' | 'priv'>): Promise<CryptoKey> {
  return ownKey(SIGNING, pair.pub, pair.priv, 'sign');
}

/**
 * The key that agrees on secrets for a pair.
 *
 * @throws GraphError SEA_BAD_KEY
 */
export function agreementKey(pair: Pick<KeyPair, 'epub' | 'epriv'>): Promise<CryptoKey> {
  return ownKey(AGREEMENT, pair.epub, pair.epriv, 'deriveBits');
}

async function ownKey(
  algorithm: EcKeyImportParams,
  pub: string,
  priv: string,
  usage: KeyUsage,
): Promise<CryptoKey> {
  if (!isPublicKey(pub) || !isPrivateKey(priv)) throw new GraphError('SEA_BAD_KEY');
  try {
    return await importKey(algorithm, pub, [usage], priv);
  } catch (cause) {
    throw new GraphError('SEA_BAD_KEY', undefined, { cause });
  }
}

/** The key that checks signatures of `pub`, undefined when it is no point of the curve. */
export function verifyingKey(pub: string): Promise<CryptoKey | undefined> {
  return othersKey(SIGNING, pub, ['verify']);
}

/** The key to agree on a secret with the holder of `epub`, undefined when it is no point of the curve. */
export function agreementKeyOf(epub: string): Promise<CryptoKey | undefined> {
  return othersKey(AGREEMENT, epub, []);
}

async function othersKey(
  algorithm: EcKeyImportParams,
  pub: string,
  usages: KeyUsage[],
): Promise<CryptoKey | undefined> {
  if (!isPublicKey(pub)) return undefined;
  try {
    return await importKey(algorithm, pub, usages);
  } catch {
    return undefined;
  }
}

/** Imported public keys, because importing one takes as long as checking a signature; the oldest are forgotten. */
export class PublicKeys {
  readonly #keys: TwoGenerations<string, CryptoKey>;
  /** Imports under way; as many as there are checks in flight. */
  readonly #importing = new Map<string, Promise<CryptoKey | undefined>>();

  /** @param capacity keys kept at most */
  constructor(capacity: number) {
    this.#keys = new TwoGenerations(capacity);
  }

  /** Keys that are kept. */
  get size(): number {
    return this.#keys.size;
  }

  /** The key that checks signatures of `pub`, undefined when it is none. */
  get(pub: string): MaybePromise<CryptoKey | undefined> {
    return this.#keys.get(pub) ?? this.#importing.get(pub) ?? this.#import(pub);
  }

  #import(pub: string): MaybePromise<CryptoKey | undefined> {
    const importing = verifyingKey(pub);
    this.#importing.set(pub, importing);
    return chain(importing, (key) => {
      this.#importing.delete(pub);
      if (key !== undefined) this.#keys.set(pub, key);
      return key;
    });
  }
}
