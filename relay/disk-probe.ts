/** Whether the disk takes writes, asked after one has failed. */
import { open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

const PROBE = 'probe';
const LOG = /^\d+\.log$/;
/** For whatever else LevelDB writes when it opens a store. */
const SPARE_BYTES = 256 * 1024;
const CHUNK_BYTES = 64 * 1024;

/**
 * True when there is room to open the store of a folder anew, which turns its logs into tables: writes as much
 * into a file of its own, syncs it and removes it.
 */
export async function isWritable(folder: string): Promise<boolean> {
  const file = join(folder, PROBE);
  try {
    const bytes = SPARE_BYTES + (await logBytes(folder));
    const { bavail, bsize } = await statfs(folder);
    // A disk that is almost full is not filled up just to see that.
    if (bavail * bsize < bytes) return false;
    await fill(file, bytes);
    return true;
  } catch {
    return false;
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
  }
}

async function logBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder)) {
    if (LOG.test(name)) bytes += (await stat(join(folder, name))).size;
  }
  return bytes;
}

async function fill(file: string, bytes: number): Promise<void> {
  const handle = await open(file, 'w');
  try {
    const chunk = new Uint8Array(CHUNK_BYTES);
    for (let written = 0; written < bytes; written += CHUNK_BYTES) await handle.write(chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
