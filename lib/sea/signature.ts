import { utf8 } from '../base/bytes.ts';
import { GraphError } from '../base/errors.ts';
import { failure, success, type Result } from '../base/result.ts';
import { fromBase64, toBase64 } from './base64.ts';
import { isRecord, parseBounded, sortedJson } from './json-text.ts';
import { signingKey, verifyingKey, type KeyPair } from './keys.ts';

/** What SEA puts in front of its own JSON texts. */
export const SEA_MARK = 'SEA';
const ECDSA = { name: 'ECDSA', hash: 'SHA-256' };
/** Two numbers of 32 bytes, r and s. */
const SIGNATURE_BYTES = 64;
/** Characters of these in base64. */
const SIGNATURE_LENGTH = 88;
/** Nesting of what applications sign. */
const MAX_DEPTH = 64;

/** The bytes of a signature, undefined unless it is the one base64 text of 64 bytes. */
export function signatureBytes(text: unknown): Uint8Array<ArrayBuffer> | undefined {
  // A stranger's text may be long.
  if (typeof text !== 'string' || text.length !== SIGNATURE_LENGTH) return undefined;
  const bytes = fromBase64(text);
  return bytes?.length === SIGNATURE_BYTES ? bytes : undefined;
}

/** SHA-256 of a text's UTF-8. */
export function sha256(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return digestOf(utf8(text));
}

/** SHA-256 of bytes. */
export async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Signs a text as SEA does: ECDSA over the digest of its digest; base64 of r and s. */
export async function signText(text: string, key: CryptoKey): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.sign(ECDSA, key, await sha256(text))));
}

/** True when the signature is one of the key's over this text. */
export async function verifyText(
  text: string,
  signature: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
): Promise<boolean> {
  return verifyDigest(await sha256(text), signature, key);
}

/** {@link verifyText} for the SHA-256 of a text's UTF-8. */
export function verifyDigest(
  digest: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  key: CryptoKey,
): Promise<boolean> {
  return crypto.subtle.verify(ECDSA, key, signature, digest);
}

/**
 * Reads what may be JSON, with or without SEA's mark, as SEA does at every door: texts that are no JSON stand for
 * themselves.
 */
export function parseLoosely(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  const text = data.startsWith(`${SEA_MARK}{`) ? data.slice(SEA_MARK.length) : data;
  const value = parseBounded(text, MAX_DEPTH);
  return value === undefined ? data : value;
}

/**
 * Signs data: `SEA{"m":data,"s":signature}`. Text that is JSON is signed as what it stands for; data that this pair has
 * signed already comes back as it is. Keys are sorted, so that both gun in browsers and gun in Node can verify it.
 *
 * @throws GraphError SEA_BAD_INPUT for what JSON cannot hold, SEA_BAD_KEY
 */
export async function sign(data: unknown, pair: Pick<KeyPair, 'pub' | 'priv'>): Promise<string> {
  const message = parseLoosely(data);
  const text = typeof message === 'string' ? message : sortedJson(message);
  if (text === undefined) throw new GraphError('SEA_BAD_INPUT', 'not JSON');
  if (isRecord(message) && (await verify(message, pair.pub)).ok) return SEA_MARK + text;
  const signature = await signText(text, await signingKey(pair));
  const json = typeof message === 'string' ? JSON.stringify(message) : text;
  return `${SEA_MARK}{"m":${json},"s":${JSON.stringify(signature)}}`;
}

/**
 * The data of `SEA{"m","s"}`, as text or as the object itself, if it was signed by `pub`; text that is JSON comes back
 * as what it stands for.
 */
export async function verify(signed: unknown, pub: string): Promise<Result<unknown>> {
  const envelope = parseLoosely(signed);
  if (!isRecord(envelope)) return failure('not signed');
  const { m: message, s } = envelope;
  const signature = signatureBytes(s);
  if (message === undefined || signature === undefined) return failure('not signed');
  const key = await verifyingKey(pub);
  if (key === undefined) return failure('not a public key');
  for (const text of spellings(message)) {
    if (await verifyText(text, signature, key)) return success(parseLoosely(message));
  }
  return failure('signature did not match');
}

/** The texts that SEA may have hashed: browsers keep the order of keys, Node sorts them. */
function spellings(message: unknown): ReadonlySet<string> {
  if (typeof message === 'string') return new Set([message]);
  return new Set([JSON.stringify(message), sortedJson(message)!]);
}
