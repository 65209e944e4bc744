import type { Result } from '../base/result.ts';
import {
  certify,
  createPair,
  decrypt,
  encrypt,
  hashOf,
  secret,
  sign,
  verify,
  work,
  type KeyPair,
  type Policy,
  type WorkOptions,
} from '../sea/index.ts';
import { parseLoosely } from '../sea/signature.ts';
import type { Anything } from './anything.ts';

/** Called with what a promise gives as well; undefined when it came to nothing. */
export type SeaCallback<T> = (result: T | undefined) => void;

/** How much work is done, and in which way, with SEA's names. */
export interface GunWorkOptions {
  /** `SHA-256` for a hash alone, `PBKDF2` for a password. */
  readonly name?: string;
  readonly encode?: 'base64' | 'hex' | 'utf8';
  readonly iterations?: number;
  readonly hash?: WorkOptions['hash'];
  /** Bits that come out. */
  readonly length?: number;
}

/** Terms of a certificate beside guests and policy, with SEA's names. */
export interface GunCertifyOptions {
  /** Last millisecond at which it holds. */
  readonly expiry?: number;
  /** Where those stand who may not write. */
  readonly block?: string | { readonly write?: string; readonly read?: string };
}

/** Gun's SEA: every function gives a promise, calls back, and gives undefined for what cannot be done, with `err`. */
export interface GunSea {
  /** Why the last call came to nothing. */
  err: string | undefined;
  /** New keys. */
  pair(callback?: SeaCallback<KeyPair>): Promise<KeyPair>;
  sign(
    data: unknown,
    pair: Pick<KeyPair, 'pub' | 'priv'>,
    callback?: SeaCallback<string>,
  ): Promise<string | undefined>;
  /** The data, if its signature is the key's; with `false` whatever its signature. */
  verify(
    signed: unknown,
    key: string | { readonly pub: string } | false,
    callback?: SeaCallback<Anything>,
  ): Promise<Anything>;
  encrypt(
    data: unknown,
    key: string | { readonly epriv: string },
    callback?: SeaCallback<string>,
  ): Promise<string | undefined>;
  decrypt(
    sealed: unknown,
    key: string | { readonly epriv: string },
    callback?: SeaCallback<Anything>,
  ): Promise<Anything>;
  /** The secret that two users share. */
  secret(
    theirs: string | { readonly epub: string },
    pair: Pick<KeyPair, 'epub' | 'epriv'>,
    callback?: SeaCallback<string>,
  ): Promise<string | undefined>;
  /** A password made long, or a hash. */
  work(
    data: unknown,
    salt?: unknown,
    callback?: SeaCallback<string> | null,
    options?: GunWorkOptions,
  ): Promise<string | undefined>;
  /** Lets guests write, or read, where the policy says. */
  certify(
    guests: string | { readonly pub: string } | readonly (string | { readonly pub: string })[],
    policy: Policy | { readonly write?: Policy; readonly read?: Policy },
    owner: Pick<KeyPair, 'pub' | 'priv'>,
    callback?: SeaCallback<string> | null,
    options?: GunCertifyOptions,
  ): Promise<string | undefined>;
}

/** Gun's SEA over this library's. */
export const SEA: GunSea = {
  err: undefined,
  // Nothing can fail but a host without WebCrypto.
  pair: (callback) => told(callback, createPair) as Promise<KeyPair>,
  sign: (data, pair, callback) => told(callback, () => sign(data, pair)),
  verify: (signed, key, callback) =>
    told(callback, async () => {
      if (key === false) return (parseLoosely(signed) as { m?: unknown } | undefined)?.m;
      return taken(await verify(signed, typeof key === 'string' ? key : key.pub));
    }),
  encrypt: (data, key, callback) => told(callback, () => encrypt(data, key)),
  decrypt: (sealed, key, callback) => told(callback, async () => taken(await decrypt(sealed, key))),
  secret: (theirs, pair, callback) =>
    told(callback, async () => taken(await secret(typeof theirs === 'string' ? theirs : theirs.epub, pair))),
  work: (data, salt, callback, options) => told(callback ?? undefined, () => worked(data, salt, options)),
  certify: (guests, policy, owner, callback, { expiry, block } = {}) =>
    told(callback ?? undefined, () => {
      const all = (Array.isArray(guests) ? guests : [guests]) as (string | { readonly pub: string })[];
      const keys = all.map((guest) => (typeof guest === 'string' ? guest : guest.pub));
      const blocks: { write?: string; read?: string } =
        typeof block === 'object' ? block : block === undefined ? {} : { write: block };
      return certify(
        {
          guests: keys.length === 1 ? keys[0]! : keys,
          ...policiesIn(policy),
          ...(expiry === undefined ? {} : { expires: expiry }),
          ...(blocks.write === undefined ? {} : { writeBlock: blocks.write }),
          ...(blocks.read === undefined ? {} : { readBlock: blocks.read }),
        },
        owner,
      );
    }),
};

function policiesIn(policy: unknown): { write?: Policy; read?: Policy } {
  const isBoth = typeof policy === 'object' && policy !== null && ('write' in policy || 'read' in policy);
  return isBoth ? (policy as { write?: Policy; read?: Policy }) : { write: policy as Policy };
}

function worked(data: unknown, salt: unknown, options: GunWorkOptions = {}): Promise<string> {
  const { encode = 'base64', iterations, hash, length, name = 'PBKDF2' } = options;
  if (/^sha/i.test(name)) return hashOf(data, encode);
  const text = typeof salt === 'string' ? salt : ((salt as { epub?: string } | undefined)?.epub ?? '');
  return work(data, text, {
    encoding: encode,
    ...(iterations === undefined ? {} : { iterations }),
    ...(hash === undefined ? {} : { hash }),
    ...(length === undefined ? {} : { bytes: length / 8 }),
  });
}

async function told<T>(callback: SeaCallback<T> | undefined, run: () => Promise<T>): Promise<T | undefined> {
  let result: T | undefined;
  try {
    result = await run();
    SEA.err = undefined;
  } catch (error) {
    SEA.err = (error as Error).message;
  }
  callback?.(result);
  return result;
}

function taken<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
