/**
 * CPU time and memory of a process as the operating system accounts them, all threads included.
 */
import { readFileSync } from 'node:fs';

/** Clock ticks per second in /proc/PID/stat; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;

/** Resident memory of a process, in MiB; NaN where the system has no /proc. */
export interface Memory {
  readonly nowMib: number;
  readonly peakMib: number;
}

/** Seconds of CPU in the text of /proc/PID/stat: user and system time of all threads. */
export function cpuSecondsIn(stat: string): number {
  // The command's name is in parentheses and may hold blanks; user and system time are fields 14 and 15 of all.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory in the text of /proc/PID/status. */
export function memoryIn(status: string): Memory {
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return { nowMib: kib('VmRSS') / KIB_PER_MIB, peakMib: kib('VmHWM') / KIB_PER_MIB };
}

function procText(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}

/** CPU seconds a process has used so far; NaN where the system has no /proc. */
export function cpuSecondsOf(pid: number): number {
  return cpuSecondsIn(procText(pid, 'stat'));
}

/** Memory of a process now and at its peak. */
export function memoryOf(pid: number): Memory {
  return memoryIn(procText(pid, 'status'));
}
