import { fromUtf8, utf8 } from '../base/bytes.ts';
import { GraphError } from '../base/errors.ts';
import { isRecord } from '../base/record.ts';
import { failure, success, type Result } from '../base/result.ts';
import { fromBase64, fromLatin1, toBase64, toBase64Url, toLatin1 } from './base64.ts';
import { agree, agreementKey, agreementKeyOf, type KeyPair } from './keys.ts';
import { parseLoosely, SEA_MARK, sha256 } from './signature.ts';
import { textOf } from './work.ts';

/** What opens a sealed text: any text, or the pair whose `epriv` is that text. */
export type SealKey = string | Pick<KeyPair, 'epriv'>;

/** A sealed text in parts, each base64: bytes with their tag, initialisation vector, salt. */
export interface Sealed {
  readonly ct: string;
  readonly iv: string;
  readonly s: string;
}

/** A sealed text as bytes. */
interface SealedBytes {
  readonly ciphertext: Uint8Array<ArrayBuffer>;
  readonly vector: Uint8Array<ArrayBuffer>;
  readonly salt: Uint8Array<ArrayBuffer>;
}

type Decode = (text: string) => Uint8Array<ArrayBuffer> | undefined;

const SALT_BYTES = 9;
const VECTOR_BYTES = 15;
const REFUSED = 'could not decrypt';
/** Texts of before 2019 hold one character for each byte. */
const DECODERS: readonly Decode[] = [fromBase64, fromLatin1];

/** SEA hashes the salt as text of one character for each byte, behind the key. */
async function aesKey(key: string, salt: Uint8Array, usage: KeyUsage): Promise<CryptoKey> {
  const digest = await sha256(key + toLatin1(salt));
  return crypto.subtle.importKey('raw', digest, 'AES-GCM', false, [usage]);
}

function textKey(key: SealKey): string {
  const text = typeof key === 'string' ? key : key.epriv;
  if (text === '') throw new GraphError('SEA_BAD_INPUT', 'the key is empty');
  return text;
}

/**
 * Seals data with AES-256-GCM; what is no text is sealed as JSON.
 *
 * @throws GraphError SEA_BAD_INPUT for what JSON cannot hold and for an empty key
 */
export async function seal(data: unknown, key: SealKey): Promise<Sealed> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const iv = crypto.getRandomValues(new Uint8Array(VECTOR_BYTES));
  const aes = await aesKey(textKey(key), salt, 'encrypt');
  const ciphertext = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, aes, utf8(textOf(data)));
  return { ct: toBase64(new Uint8Array(ciphertext)), iv: toBase64(iv), s: toBase64(salt) };
}

/**
 * {@link seal} as the text SEA writes: `SEA{"ct","iv","s"}`.
 *
 * @throws GraphError SEA_BAD_INPUT
 */
export async function encrypt(data: unknown, key: SealKey): Promise<string> {
  return SEA_MARK + JSON.stringify(await seal(data, key));
}

/**
 * Opens what {@link encrypt} or {@link seal} made, older forms included; text that is JSON comes back as what it
 * stands for.
 *
 * @throws GraphError SEA_BAD_INPUT for an empty key
 */
export async function decrypt(sealed: unknown, key: SealKey): Promise<Result<unknown>> {
  const text = textKey(key);
  const parts = parseLoosely(sealed);
  if (!isRecord(parts)) return failure(REFUSED);
  for (const decode of DECODERS) {
    const bytes = bytesOf(parts, decode);
    const opened = bytes === undefined ? undefined : await open(bytes, text);
    if (opened !== undefined) return success(parseLoosely(fromUtf8(opened)));
  }
  return failure(REFUSED);
}

function bytesOf({ ct, iv, s }: Record<string, unknown>, decode: Decode): SealedBytes | undefined {
  if (typeof ct !== 'string' || typeof iv !== 'string' || typeof s !== 'string') return undefined;
  const ciphertext = decode(ct);
  const vector = decode(iv);
  const salt = decode(s);
  if (ciphertext === undefined || vector === undefined || salt === undefined) return undefined;
  return { ciphertext, vector, salt };
}

async function open({ ciphertext, vector, salt }: SealedBytes, key: string): Promise<Uint8Array | undefined> {
  try {
    const aes = await aesKey(key, salt, 'decrypt');
    return new Uint8Array(await crypto.subtle.decrypt({ name: 'AES-GCM', iv: vector }, aes, ciphertext));
  } catch {
    return undefined;
  }
}

/**
 * The secret that two users share and nobody else knows, 43 characters; each gets it from the other's `epub`.
 *
 * @throws GraphError SEA_BAD_KEY for the own pair
 */
export async function secret(epub: string, pair: Pick<KeyPair, 'epub' | 'epriv'>): Promise<Result<string>> {
  const mine = await agreementKey(pair);
  const theirs = await agreementKeyOf(epub);
  if (theirs === undefined) return failure('not a public key');
  return success(toBase64Url(await agree(mine, theirs)));
}
