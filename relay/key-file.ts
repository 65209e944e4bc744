/** The file that holds the secret of the key a relay signs its log with: made at the first start, for its owner alone. */
import { constants, copyFile, link, lstat, open, readFile, rm, stat } from 'node:fs/promises';
import { fromHex, toHex } from '../lib/base/byte-texts.ts';
import { GraphError, relayError } from '../lib/base/errors.ts';
import { KeyPair } from '../lib/log/key-pair.ts';
import { KEY_BYTES } from '../lib/log/strict-ed25519.ts';

/** Read and write for the owner, nothing for others. */
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
/** Digits that tell the drafts of two processes apart. */
const DRAFT_DIGITS = 16;
/** What file systems say that know no links. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/**
 * Reads a key file, or makes one with a new key when there is none. It holds 64 hex digits and a line end.
 *
 * @throws GraphError KEY_INVALID when it holds something else, when others may read it, or when it can neither be read
 * nor made; the error never says what is in it
 */
export async function loadKeyFile(path: string): Promise<KeyPair> {
  try {
    return await makeKeyFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, error);
  }
  const text = await readKeyFile(path);
  const secret = fromHex(text.trim());
  if (secret?.length !== KEY_BYTES) throw relayError('KEY_INVALID', `${path} does not hold 64 hex digits`);
  return new KeyPair(secret);
}

/** Makes the file whole or not at all: what a crash or a full disk leaves of it would be no key for ever. */
async function makeKeyFile(path: string): Promise<KeyPair> {
  if (await isThere(path)) throw Object.assign(new Error('it is there'), { code: 'EEXIST' });
  const pair = KeyPair.random();
  const draft = `${path}.${pair.id.slice(0, DRAFT_DIGITS)}`;
  try {
    const file = await open(draft, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(`${toHex(pair.exportSecret())}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await putInPlace(draft, path);
    return pair;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Fails when the file is there, so that two processes never make two keys. */
async function putInPlace(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code)) throw error;
    await copyFile(draft, path, constants.COPYFILE_EXCL);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function readKeyFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    // Windows knows no such modes.
    if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
      throw relayError('KEY_INVALID', `${path} may be read by others: chmod 600 it`);
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    throw error instanceof GraphError ? error : unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): GraphError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException;
  return relayError('KEY_INVALID', `${path} (none is needed with --legacy graph): ${code}`, { cause });
}
