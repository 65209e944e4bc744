/** A relay whose syncs to the disk are counted: by the system calls of its process, or where it asks for them. */
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startRelay, type RelayProcessOptions, type ThicketProcess } from './relay-process.ts';

const COUNTER = fileURLToPath(new URL('count-syncs.js', import.meta.url));
/** A call that has come back; one that other threads interrupt stands on two lines. */
const DONE = /(?:f(?:data)?sync\(.*|f(?:data)?sync resumed>.*)= 0$/;

/** A place where syncs can be counted. */
export interface SyncSeam {
  readonly name: string;
  /** How a relay is started that writes a line for each of them. */
  options(file: string): Partial<RelayProcessOptions>;
  /** True for such a line. */
  isSync(line: string): boolean;
}

/** Batches that LevelDB has written with `sync`; its word for that is taken. */
const ASKED: SyncSeam = {
  name: 'batches synced by LevelDB',
  options: (file) => ({
    nodeArgs: ['--import', COUNTER],
    wrap: (command) => ['env', `SYNCS=${file}`, ...command],
  }),
  isSync: (line) => line === 'sync',
};

/** Calls of the system, for which `strace` has to be there, and has to be allowed. */
const CALLED: SyncSeam = {
  name: 'calls of fsync and fdatasync',
  options: (file) => ({
    // With -D the relay is the child, and gets the signals.
    wrap: (command) => ['strace', '-D', '-f', '-qq', '-e', 'trace=fsync,fdatasync', '-o', file, ...command],
  }),
  isSync: (line) => DONE.test(line),
};

/** True where calls of the system can be watched. */
export function hasStrace(): boolean {
  return spawnSync('strace', ['-D', '-f', '-o', '/dev/null', 'true']).status === 0;
}

/** The places where syncs can be counted on this machine. */
export const SYNC_SEAMS: readonly SyncSeam[] = hasStrace() ? [ASKED, CALLED] : [ASKED];

/** A relay and the number of its syncs so far. */
export interface SyncedRelay {
  readonly relay: ThicketProcess;
  syncs(): Promise<number>;
}

/** Starts a relay in a folder, and counts. */
export async function startSynced(
  seam: SyncSeam,
  folder: string,
  args: readonly string[],
): Promise<SyncedRelay> {
  const file = join(folder, 'syncs');
  await writeFile(file, '');
  const relay = await startRelay({ data: join(folder, 'data'), args, ...seam.options(file) });
  return {
    relay,
    syncs: async () =>
      (await readFile(file, 'latin1')).split('\n').filter((line) => seam.isSync(line)).length,
  };
}
