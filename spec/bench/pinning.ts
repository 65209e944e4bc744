/**
 * Keeps the relays on one core and the load on another, where the system can.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** The core of all relay processes. */
export const RELAY_CORE = 0;
/** The core of the load generator. */
export const LOAD_CORE = 1;

/** A core of processes, or any of them. */
export type Core = number | 'any';

/** Whether processes can be pinned here: `taskset` exists and there are two cores. */
export const PINNED: boolean =
  availableParallelism() > 1 && spawnSync('taskset', ['--version'], { stdio: 'ignore' }).status === 0;

/** A command and its arguments. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** The command that runs Node with some arguments on a core; `taskset` replaces itself, so the pid is Node's. */
export function nodeOnCore(core: Core, args: readonly string[]): Command {
  if (!PINNED || core === 'any') return { file: process.execPath, args };
  return { file: 'taskset', args: ['-c', String(core), process.execPath, ...args] };
}
