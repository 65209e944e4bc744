/** Content-addressed souls (`#`): a key names the hash of its value, so that nobody can change it. */
import { fromHex, toBase64 } from './base64.ts';
import { sha256 } from './signature.ts';

const HEX_DIGITS = 64;

/**
 * True when the last part of a key is the hash of the value: SHA-256 in base64 or as 64 hexadecimal digits, over the
 * UTF-8 of a text or the JSON of any other value.
 *
 * @param json the value as JSON text
 */
export async function namesItsContent(key: string, json: string): Promise<boolean> {
  const text = json.startsWith('"') ? (JSON.parse(json) as string) : json;
  return namesHash(key, await sha256(text));
}

/** True when the last part of a key is this hash. */
export function namesHash(key: string, hash: Uint8Array): boolean {
  return toBase64(hash) === namedHash(key);
}

function namedHash(key: string): string {
  const name = key.slice(key.lastIndexOf('#') + 1);
  const bytes = name.length === HEX_DIGITS ? fromHex(name) : undefined;
  return bytes === undefined ? name : toBase64(bytes);
}
