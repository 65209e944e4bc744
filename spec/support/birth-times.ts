/** Whether the file system of temporary folders tells when files were made. */
import { mkdtempSync, rmdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function tellsBirths(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'thicket-births-'));
  const { birthtimeNs } = statSync(folder, { bigint: true });
  rmdirSync(folder);
  return birthtimeNs !== 0n;
}

/** True where a copy of a file can be told from it. */
export const TELLS_BIRTHS: boolean = tellsBirths();
