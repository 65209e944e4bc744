/** Folders for specs that need a disk: made on demand, gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How often what somebody writes into meanwhile is tried again. */
const RETRIES = 10;

/** An empty folder; `remove` or `await using` deletes it with all it holds. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  remove(): Promise<void>;
}

/** Makes an empty folder below the system's temporary one. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), 'thicket-'));
  // Hooks of a suite come later than this one's, so that a relay may still write there.
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true, maxRetries: RETRIES });
  return { path, remove, [Symbol.asyncDispose]: remove };
}

/**
 * Gives a suite fresh folders: call it inside `describe`, then the returned function inside a test. Every
 * folder is removed after the test that asked for it.
 */
export function temporaryFolders(): () => Promise<string> {
  const folders: TemporaryFolder[] = [];
  afterEach(async () => {
    await Promise.all(folders.splice(0).map((folder) => folder.remove()));
  });
  return async () => {
    const folder = await temporaryFolder();
    folders.push(folder);
    return folder.path;
  };
}
