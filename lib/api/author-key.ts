import { GraphError } from '../base/errors.ts';
import { concatBytes } from '../base/bytes.ts';
import { KeyPair, type LaterSigner } from '../log/key-pair.ts';
import type { GraphKeeper } from './keeper.ts';

/** Where the storage of an app has the secret of its author. */
const KEY = 'a/key';
/** What comes before the seed in PKCS #8 (RFC 8410 section 7). */
const PKCS8_HEAD = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20);
const ALGORITHM = 'Ed25519';

/** Signs by Web Crypto where that knows Ed25519, several times as fast and with the same bytes; else by the pair itself. */
export async function fastSigner(pair: KeyPair): Promise<LaterSigner> {
  try {
    const { subtle } = globalThis.crypto;
    const secret = pair.exportSecret();
    const key = await subtle.importKey('pkcs8', concatBytes(PKCS8_HEAD, secret), ALGORITHM, false, ['sign']);
    const { publicKey } = pair;
    return {
      publicKey,
      sign: async (message) => new Uint8Array(await subtle.sign(ALGORITHM, key, Uint8Array.from(message))),
    };
  } catch {
    return pair;
  }
}

/**
 * The key pair that a graph keeps in its storage, made there when there is none; of several tabs all get the same.
 *
 * @throws GraphError OPTION_INVALID for a graph without a storage, KEY_INVALID when the record is damaged, STORAGE_FAILED
 */
export async function storedKey(keeper: GraphKeeper): Promise<KeyPair> {
  let pair: KeyPair | undefined;
  let fault: unknown;
  const outcome = await keeper.commit([], true, async (storage, changes) => {
    try {
      const text = await storage.getText(KEY);
      pair = text === undefined ? KeyPair.random() : KeyPair.fromText(text);
      if (text === undefined) changes.push([KEY, pair.exportText()]);
    } catch (error) {
      fault = error;
    }
  });
  if (!outcome.ok) throw new GraphError('STORAGE_FAILED', outcome.reason);
  if (fault !== undefined) throw fault;
  if (pair === undefined) throw new GraphError('OPTION_INVALID', 'a key is stored where there is a storage');
  return pair;
}
