/** The file that holds the secret of the key a relay signs its log with: made at the first start, for its owner alone. */
import { chmod, constants, copyFile, link, lstat, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GraphError, relayError } from '../lib/base/errors.ts';
import { fromHex, toHex } from '../lib/base/byte-texts.ts';
import { randomId } from '../lib/base/random.ts';
import { KeyPair } from '../lib/log/key-pair.ts';
import { KEY_BYTES } from '../lib/log/strict-ed25519.ts';

/** Read and write for the owner, nothing for others. */
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;
/** What file systems answer that know no second name of a file. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP']);

/** What to do about a key file. */
export interface KeyFileOptions {
  /** True to take a file from others who may read it, as far as the file system does that; false to refuse it then. */
  readonly closes?: boolean;
}

/** What a key file gave. */
export interface KeyFile {
  readonly pair: KeyPair;
  /** True when there was none before. */
  readonly isNew: boolean;
  /** True when others could read it. */
  readonly wasOpen: boolean;
}

/**
 * Reads a key file, or makes one with a new key when there is none. It holds 64 hex digits and a line end.
 *
 * @throws GraphError KEY_INVALID when it holds something else, when others may read it, or when it can neither be read
 * nor made; the error never says what is in it
 */
export async function loadKeyFile(path: string, { closes = false }: KeyFileOptions = {}): Promise<KeyFile> {
  try {
    if (await isMissing(path)) return { pair: await makeKeyFile(path), isNew: true, wasOpen: false };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, error);
  }
  try {
    const wasOpen = await isOpen(path);
    if (wasOpen && !closes) throw relayError('KEY_INVALID', `${path} may be read by others: chmod 600 it`);
    // Volumes that are shared with other systems know no owners.
    if (wasOpen) await chmod(path, OWNER_ONLY).catch(() => undefined);
    return { pair: pairOf(path, await readFile(path, 'utf8')), isNew: false, wasOpen };
  } catch (error) {
    throw error instanceof GraphError ? error : unusable(path, error);
  }
}

function pairOf(path: string, text: string): KeyPair {
  const secret = fromHex(text.trim());
  if (secret?.length !== KEY_BYTES) throw relayError('KEY_INVALID', `${path} does not hold 64 hex digits`);
  return new KeyPair(secret);
}

async function isMissing(path: string): Promise<boolean> {
  try {
    // A link to nowhere is none to be made through: what it means may only be away.
    await lstat(path);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return true;
    throw error;
  }
}

/** Makes it under another name first, so that no kill and no full disk leaves half of it. */
async function makeKeyFile(path: string): Promise<KeyPair> {
  const draft = `${path}.${randomId()}`;
  try {
    const pair = KeyPair.random();
    const file = await open(draft, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(`${toHex(pair.exportSecret())}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await putInPlace(draft, path);
    // What is signed with a key that a power cut takes away could never go on.
    await syncAt(dirname(path));
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
    await syncAt(path);
  }
}

/** Puts a file, or the names of a folder, on the disk; where a system knows no such thing it does without. */
async function syncAt(path: string): Promise<void> {
  const handle = await open(path).catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // The key is there, if not for sure after a power cut.
  } finally {
    await handle?.close();
  }
}

async function isOpen(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  // Windows knows no such modes.
  return process.platform !== 'win32' && (mode & OTHERS) !== 0;
}

function unusable(path: string, cause: unknown): GraphError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException;
  return relayError('KEY_INVALID', `${path} (none is needed with --legacy graph): ${code}`, { cause });
}
