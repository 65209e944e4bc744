/** Lock on a key file: two relays that signed with one key would contradict each other. */
import { setTimeout } from 'node:timers/promises';
import { chmod, mkdir, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LevelStorage } from '../adapters/level.ts';
import { GraphError, relayError } from '../lib/base/errors.ts';
import { randomId } from '../lib/base/random.ts';

/** What a lock is called beside its key file. */
const SUFFIX = '.lock';
/** Where a lock notes when its key file was made. */
const BIRTH = 'birth';
/** Time in which the clock of a file system goes on, in milliseconds. */
const TICK_MS = 20;
const PERMISSIONS = 0o777;
/** What file systems answer who let nothing be made somewhere. */
const READ_ONLY: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS']);

/** A lock that is held. */
export interface KeyLock {
  /** True when a file was noted before, by whoever had the lock. */
  hasNote(): Promise<boolean>;
  /** True when the key file is not the one that was noted, but a copy of it, as in a copied folder. */
  isOfCopy(): Promise<boolean>;
  /** Notes which file is locked, where the file system tells when files were made. */
  note(): Promise<void>;
  /** Gives it back. */
  release(): Promise<void>;
}

/**
 * Locks a key file, by the lock of a small database beside it: that is the operating system's, so it ends with the
 * process however that ends, and holds between containers on one machine too. Copies of the file are other files.
 *
 * @throws GraphError STORAGE_LOCKED when another relay runs with this file, KEY_INVALID when it cannot be locked
 */
export async function lockKey(file: string): Promise<KeyLock> {
  const storage = new LevelStorage({ location: file + SUFFIX, durability: 'os' });
  try {
    await storage.open();
  } catch (error) {
    if (error instanceof GraphError && error.code === 'STORAGE_LOCKED')
      throw new GraphError('STORAGE_LOCKED', `another relay signs with ${file}`, { cause: error });
    throw relayError('KEY_INVALID', await reasonFor(file), { cause: error });
  }
  return {
    hasNote: async () => (await storage.getText(BIRTH)) !== undefined,
    isOfCopy: async () => {
      const [noted, birth] = [await storage.getText(BIRTH), await birthOf(file)];
      return noted !== undefined && birth !== undefined && noted !== birth;
    },
    note: async () => {
      const birth = await birthOf(file);
      if ((await storage.getText(BIRTH)) !== birth) await storage.commit([[BIRTH, birth]]);
    },
    release: () => storage.close(),
  };
}

/** Why a lock cannot be had, and what to do. */
async function reasonFor(file: string): Promise<string> {
  const lock = file + SUFFIX;
  for (const folder of [dirname(file), lock]) {
    if (await isReadOnly(folder)) {
      const todo = `${folder} must be writable for ${basename(lock)}, which keeps other relays from the key`;
      return `${file}: ${todo}; move the key to a folder that is, or put a link to it there`;
    }
  }
  return `${lock} cannot be opened`;
}

/** True for a folder that is there and in which nothing may be made; what its mode says holds not for everybody. */
async function isReadOnly(folder: string): Promise<boolean> {
  const probe = join(folder, `.${randomId()}`);
  try {
    await mkdir(probe);
    await rmdir(probe);
    return false;
  } catch (error) {
    return READ_ONLY.has((error as NodeJS.ErrnoException).code);
  }
}

/**
 * When a file was made, which no copy has in common with it; undefined where that is not known. Some systems give the
 * time of the last change for it, so one is made that is later.
 */
async function birthOf(file: string): Promise<string | undefined> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    // Who may not do that sees the time of the last change as it was.
    const { mode } = await stat(file);
    await chmod(file, mode & PERMISSIONS).catch(() => undefined);
    const { birthtimeNs, ctimeNs } = await stat(file, { bigint: true });
    if (birthtimeNs === 0n) return undefined;
    if (birthtimeNs !== ctimeNs) return String(birthtimeNs);
    await setTimeout(TICK_MS);
  }
  return undefined;
}
