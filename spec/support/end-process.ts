/**
 * Ends a child process by its own handle.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Sends the signal, unless the process is gone already, and resolves with the exit code once it is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
  return child.exitCode;
}
