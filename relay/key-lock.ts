/** Lock on a key file: two relays that signed with one key would contradict each other. */
import { LevelStorage } from '../adapters/level.ts';
import { GraphError, relayError } from '../lib/base/errors.ts';

/** What a lock is called beside its key file. */
const SUFFIX = '.lock';

/** A lock that is held. */
export interface KeyLock {
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
    throw relayError('KEY_INVALID', `${file}${SUFFIX} cannot be opened`, { cause: error });
  }
  return { release: () => storage.close() };
}
