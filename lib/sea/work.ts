import { utf8 } from '../base/bytes.ts';
import { GraphError } from '../base/errors.ts';
import { toBase64, toHex, toLatin1 } from './base64.ts';

/** How bytes become text; `utf8` is SEA's word for one character each. */
export type WorkEncoding = 'base64' | 'hex' | 'utf8';

/** How much work is done; the defaults are SEA's. */
export interface WorkOptions {
  /** 100000 when absent. */
  readonly iterations?: number;
  /** Bytes that come out, 64 when absent. */
  readonly bytes?: number;
  readonly hash?: 'SHA-1' | 'SHA-256' | 'SHA-384' | 'SHA-512';
  readonly encoding?: WorkEncoding;
}

const ITERATIONS = 100_000;
const BYTES = 64;
const ENCODERS: Readonly<Record<WorkEncoding, (bytes: Uint8Array) => string>> = {
  base64: toBase64,
  hex: toHex,
  utf8: toLatin1,
};

/** Text stands for itself, anything else for its JSON. */
export function textOf(data: unknown): string {
  const text = typeof data === 'string' ? data : (JSON.stringify(data) as string | undefined);
  if (text === undefined) throw new GraphError('SEA_BAD_INPUT', 'not JSON');
  return text;
}

/**
 * Stretches a password by PBKDF2, so that guessing takes time.
 *
 * @throws GraphError SEA_BAD_INPUT for what JSON cannot hold
 */
export async function work(data: unknown, salt: string, options: WorkOptions = {}): Promise<string> {
  return ENCODERS[options.encoding ?? 'base64'](await workBytes(data, salt, options));
}

/** {@link work} before it becomes text. */
export async function workBytes(
  data: unknown,
  salt: string,
  { iterations = ITERATIONS, bytes = BYTES, hash = 'SHA-256' }: WorkOptions = {},
): Promise<Uint8Array> {
  const key = await crypto.subtle.importKey('raw', utf8(textOf(data)), 'PBKDF2', false, ['deriveBits']);
  const parameters = { name: 'PBKDF2', hash, iterations, salt: utf8(salt) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, 8 * bytes));
}

/**
 * The hash of data, which names it in content-addressed souls (`#`).
 *
 * @throws GraphError SEA_BAD_INPUT for what JSON cannot hold
 */
export async function hashOf(data: unknown, encoding: WorkEncoding = 'base64'): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', utf8(textOf(data)));
  return ENCODERS[encoding](new Uint8Array(digest));
}
