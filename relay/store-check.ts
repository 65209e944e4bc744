/** The command `thicket check`: is a store sound, and if not, what is wrong with it. */
import { RawLevel } from '../adapters/level-raw.ts';
import { GraphError } from '../lib/base/errors.ts';
import { readCommitCount, type CommitCount } from './commit-counter.ts';
import { DataFolder } from './data-folder.ts';
import { logFaults } from './log-examination.ts';
import { longValueFaults } from './long-value-examination.ts';
import { examineRecords, nodeFaults, type RecordFindings } from './store-examination.ts';
import type { LogState } from './write-ahead-log.ts';

/** What was found. */
export interface CheckReport {
  readonly isSound: boolean;
  /** For people; a line each. */
  readonly lines: readonly string[];
}

/** Everything that may be wrong, as far as it could be looked at. */
interface Findings {
  readonly records?: RecordFindings;
  readonly wrongNodes?: number;
  readonly faults: string[];
}

/** The innermost error's text; abstract-level wraps what LevelDB says. */
export function reasonOf(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause instanceof Error) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}

/** @throws GraphError STORAGE_LOCKED when the error says so */
export function throwIfLocked(error: unknown, data: string): void {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && at.code === 'LEVEL_LOCKED') throw new GraphError('STORAGE_LOCKED', data);
  }
}

/** @throws GraphError OPTION_INVALID when there is no store in the folder */
export function assertStore(folder: DataFolder): void {
  if (!folder.hasStore) {
    throw new GraphError('OPTION_INVALID', `--data ${JSON.stringify(folder.path)}: there is no store`);
  }
}

/**
 * Looks through a store without changing what it holds. LevelDB tidies up its log when it is opened, so what
 * that log tells is noted first.
 *
 * @throws GraphError OPTION_INVALID when there is no store, STORAGE_LOCKED when a relay runs on it
 */
export async function checkStore(data: string): Promise<CheckReport> {
  const folder = new DataFolder(data);
  assertStore(folder);
  const { mark, logState } = folder;
  const faults: string[] = [];
  if (mark !== undefined) faults.push(`found damaged before: ${mark}`);
  if (logState === 'damaged') note(folder, 'the write-ahead log cannot be read in its middle', faults);
  const count = readCommitCount(folder.counterFile);
  const findings = folder.isHeadless ? headless(faults) : await examine(folder, logState, faults);
  compareCounts(findings, count);
  return { isSound: faults.length === 0, lines: linesOf(data, findings, count) };
}

/** What shows only once, because LevelDB deletes the logs it has read, must be known to the next relay as well. */
function note(folder: DataFolder, reason: string, faults: string[]): void {
  faults.push(reason);
  if (folder.mark === undefined) folder.setMark(reason);
}

function headless(faults: string[]): Findings {
  faults.push('the file CURRENT is missing; opening it would delete the tables');
  return { faults };
}

async function examine(folder: DataFolder, logs: LogState, faults: string[]): Promise<Findings> {
  const raw = new RawLevel(folder.path);
  try {
    await raw.open();
    if (logs === 'whole' && folder.dropped !== undefined) note(folder, folder.dropped, faults);
    const records = await examineRecords(raw);
    let wrongNodes = 0;
    for await (const _ of nodeFaults(raw)) wrongNodes += 1;
    let incomplete = 0;
    for await (const { kind } of longValueFaults(raw)) if (kind === 'incomplete') incomplete += 1;
    faults.push(...(await logFaultLines(raw)));
    if (incomplete > 0) faults.push(`${incomplete} values lack pieces`);
    if (records.isForeign) faults.push('it holds data of an unknown format');
    const damaged = [...records.tallies.values()].reduce((sum, tally) => sum + tally.damaged, 0);
    if (damaged > 0) faults.push(`${damaged} records do not fit their checksums`);
    if (wrongNodes > 0) faults.push(`${wrongNodes} nodes do not fit their properties`);
    return { records, wrongNodes, faults };
  } catch (error) {
    throwIfLocked(error, folder.path);
    faults.push(`LevelDB cannot read it: ${reasonOf(error)}`);
    return { faults };
  } finally {
    await raw.close();
  }
}

async function logFaultLines(raw: RawLevel): Promise<string[]> {
  const found = { end: 0, place: 0, body: 0 };
  for await (const { kind } of logFaults(raw)) found[kind] += 1;
  return [
    ...(found.end > 0 ? [`${found.end} logs do not tell where they end`] : []),
    ...(found.body > 0 ? [`${found.body} operations have lost their bodies`] : []),
    ...(found.place > 0 ? [`${found.place} operations are not found by their ids`] : []),
  ];
}

function compareCounts({ records, faults }: Findings, count: CommitCount | undefined): void {
  // Where other formats count their commits is not known here.
  if (records === undefined || records.isForeign) return;
  const commits = records.commits ?? 0;
  if (count === undefined || count.commits <= commits) return;
  const lost = `the last ${count.commits - commits} of ${count.commits} commits are gone`;
  if (count.durability === 'fsync') faults.push(lost);
}

function linesOf(data: string, { records, wrongNodes, faults }: Findings, count?: CommitCount): string[] {
  const lines = [data];
  if (records !== undefined) {
    lines.push(...tallyLines(records, wrongNodes ?? 0));
    const counted = count?.commits ?? 'not';
    lines.push(`  commits: ${records.commits ?? 'not known'}, ${counted} counted beside the store`);
  }
  lines.push(...faults.map((fault) => `  ${fault}`));
  return [...lines, faults.length === 0 ? 'sound' : whatToDo(data, records?.isForeign)];
}

function whatToDo(data: string, isForeign = false): string {
  if (isForeign) return 'not a store of this version of the relay: nothing here reads or repairs it';
  return `damaged; stop the relay and run: thicket repair --data ${JSON.stringify(data)}`;
}

function tallyLines({ tallies }: RecordFindings, wrongNodes: number): string[] {
  return [...tallies]
    .filter(([kind, { records }]) => records > 0 || kind !== 'others')
    .map(([kind, { records, damaged }]) => {
      const wrong = kind === 'nodes' ? `, ${wrongNodes} wrong` : '';
      return `  ${kind}: ${records} records, ${damaged} damaged${wrong}`;
    });
}
