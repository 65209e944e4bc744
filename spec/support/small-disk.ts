/**
 * A disk that fills up: a file system of a few megabytes in a namespace of its own, or, where the system does
 * not allow that, a bound on the size of files.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endProcess } from './end-process.ts';

const MEGABYTES = 8;
const BLOCK_BYTES = 512;

/** A command line that runs another one on the small disk. */
export type Wrap = (command: readonly string[]) => string[];

/** A place that a spec can fill up and make room in. */
export interface SmallDisk {
  /** Folder on the disk, as processes on it see it. */
  readonly path: string;
  readonly wrap: Wrap;
  /** {@link wrap} for a command that starts while the disk is full. */
  readonly wrapFull: Wrap;
  /** Leaves a process on the disk no room. */
  fill(child: ChildProcess): Promise<void>;
  /** Gives it room again. */
  makeRoom(child: ChildProcess): Promise<void>;
  remove(): Promise<void>;
}

/** Makes a small disk at a folder. */
export async function smallDisk(path: string): Promise<SmallDisk> {
  const keeper = spawn(
    'unshare',
    [
      '-rm',
      'sh',
      '-c',
      `mount -t tmpfs -o size=${MEGABYTES}m none "$1" && echo ready && exec cat`,
      'sh',
      path,
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  const answer = await Promise.race([
    once(keeper.stdout, 'data').then(([data]) => String(data)),
    once(keeper, 'exit').then(() => ''),
    once(keeper, 'error').then(() => ''),
  ]);
  return answer.includes('ready') ? mountedDisk(path, keeper) : boundedFiles(path);
}

function mountedDisk(path: string, keeper: ChildProcess): SmallDisk {
  const enter = ['nsenter', '-t', String(keeper.pid), '-U', '-m', '--preserve-credentials'];
  const filler = join('/proc', String(keeper.pid), 'root', path, 'filler');
  const wrap: Wrap = (command) => [...enter, ...command];
  return {
    path,
    wrap,
    wrapFull: wrap,
    fill: async () => {
      for (let bytes = MEGABYTES * 1024 * 1024; bytes >= 1; bytes = Math.floor(bytes / 2)) {
        await writeFile(filler, new Uint8Array(bytes), { flag: 'a' }).catch(() => undefined);
      }
    },
    makeRoom: () => rm(filler),
    remove: async () => void (await endProcess(keeper, 'SIGKILL')),
  };
}

function bound(child: ChildProcess, bytes: string): void {
  const { status } = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`]);
  if (status !== 0) throw new Error('neither unshare nor prlimit can make a disk small here');
}

/** No file may grow any more, which LevelDB meets in the same place. */
function boundedFiles(path: string): SmallDisk {
  return {
    path,
    wrap: (command) => [...command],
    wrapFull: (command) => ['prlimit', `--fsize=${BLOCK_BYTES}:`, ...command],
    fill: async (child) => bound(child, String(BLOCK_BYTES)),
    makeRoom: async (child) => {
      if (child.exitCode === null && child.signalCode === null) bound(child, 'unlimited');
    },
    remove: async () => undefined,
  };
}
