/** The command `thicket repair`: makes a damaged store writable again, without what cannot be trusted. */
import { cp, link, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RawLevel, repairLevel } from '../adapters/level-raw.ts';
import { salvage } from '../adapters/level-salvage.ts';
import { sealChanges } from '../adapters/seal.ts';
import { ownRecords } from '../adapters/sealed-storage.ts';
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import { GraphError } from '../lib/base/errors.ts';
import type { Change } from '../lib/store/storage.ts';
import { CommitCounter, readCommitCount } from './commit-counter.ts';
import { DataFolder } from './data-folder.ts';
import { assertStore, reasonOf, throwIfLocked } from './store-check.ts';
import { logFaults } from './log-examination.ts';
import { longValueFaults } from './long-value-examination.ts';
import { examineRecords, nodeFaults, type RecordFindings } from './store-examination.ts';

/** How to repair. */
export interface RepairOptions {
  /** The data folder. */
  readonly data: string;
  /** False to go without the copy of the folder, for disks that have no room for one. */
  readonly backup: boolean;
  readonly now?: Date;
}

/** Changes written at once. */
const STEP = 1000;
const CURRENT = 'CURRENT';
const LEVEL_FILE = /^(?:\d+\.(?:ldb|sst|log)|MANIFEST-\d+)$/;

type RawChange = readonly [key: Uint8Array, value: Uint8Array | undefined];

/** Gathers changes and writes them in steps. */
class Changes {
  readonly #raw: RawLevel;
  #waiting: RawChange[] = [];

  constructor(raw: RawLevel) {
    this.#raw = raw;
  }

  async add(key: Uint8Array, value: Uint8Array | undefined): Promise<void> {
    this.#waiting.push([key, value]);
    if (this.#waiting.length >= STEP) await this.flush();
  }

  /** Adds a change of what the storage holds behind its seals. */
  async addSealed(change: Change): Promise<void> {
    for (const [key, value] of sealChanges([change])) {
      await this.add(utf8(key), typeof value === 'string' ? utf8(value) : value);
    }
  }

  async flush(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    if (waiting.length > 0) await this.#raw.write(waiting);
  }
}

/**
 * Repairs a store: copies the folder, lets LevelDB gather what it can read, drops records that do not fit their
 * checksums, puts right what nodes and logs have in two places, and begins to count anew.
 *
 * @returns what was done, a line each
 * @throws GraphError OPTION_INVALID when there is no store, STORAGE_LOCKED when a relay runs on it,
 * STORAGE_FAILED when it cannot be copied, STORAGE_UNREADABLE when what it holds was not written by a relay of
 * this kind, and nothing is dropped then
 */
export async function repairStore({ data, backup, now = new Date() }: RepairOptions): Promise<string[]> {
  const folder = new DataFolder(data);
  assertStore(folder);
  const lines = [data];
  await locked(data, async () => {
    if (backup) lines.push(`  copied to ${await copyOf(data, now)}`);
  });
  const raw = await openReadable(folder, lines);
  try {
    await putRight(raw, folder, lines);
  } finally {
    await raw.close();
  }
  folder.clearMark();
  return [...lines, 'repaired'];
}

/** Runs something while LevelDB's lock of the folder is held, without opening the store, which changes it. */
async function locked(data: string, run: () => Promise<void>): Promise<void> {
  const place = await mkdtemp(join(data, 'lock-'));
  const holder = new RawLevel(place, true);
  try {
    // A second name of the same file is the same lock; where there are no such names, there is no lock either.
    await link(join(data, 'LOCK'), join(place, 'LOCK')).catch(() => undefined);
    await holder.open();
    await run();
  } catch (error) {
    throwIfLocked(error, data);
    throw error;
  } finally {
    await holder.close();
    await rm(place, { recursive: true, force: true });
  }
}

async function copyOf(data: string, now: Date): Promise<string> {
  const copy = `${data.replace(/[/\\]+$/, '')}.before-repair-${now.toISOString().replaceAll(':', '-')}`;
  try {
    await cp(data, copy, {
      recursive: true,
      errorOnExist: true,
      force: false,
      preserveTimestamps: true,
      filter: (source) => !source.startsWith(join(data, 'lock-')),
    });
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    const detail = `the folder cannot be copied (${reasonOf(error)}); make room, or use --no-backup`;
    throw new GraphError('STORAGE_FAILED', detail, { cause: error });
  }
  return copy;
}

/** The store, after as much of a repair as it takes to read every record. */
async function openReadable(folder: DataFolder, lines: string[]): Promise<RawLevel> {
  const { path } = folder;
  const asItIs = folder.isHeadless ? undefined : await openWhole(path, lines);
  if (asItIs !== undefined) return asItIs;
  await locked(path, () => repairLevel(path));
  lines.push('  LevelDB gathered what it could read');
  const gathered = await openWhole(path, lines);
  if (gathered !== undefined) return gathered;
  await rebuild(path);
  lines.push('  what could be read was written anew');
  const rebuilt = new RawLevel(path);
  await rebuilt.open();
  return rebuilt;
}

/** Opens a store if every record can be read. */
async function openWhole(path: string, lines: string[]): Promise<RawLevel | undefined> {
  const raw = new RawLevel(path);
  try {
    await raw.open();
    await examineRecords(raw);
    return raw;
  } catch (error) {
    await raw.close();
    throwIfLocked(error, path);
    lines.push(`  LevelDB cannot read it: ${reasonOf(error)}`);
    return undefined;
  }
}

/** Writes what can be read around the damage into a new database, and puts that in the place of the old one. */
async function rebuild(path: string): Promise<void> {
  const place = join(path, 'rebuilt');
  await rm(place, { recursive: true, force: true });
  const [from, to] = [new RawLevel(path), new RawLevel(place, true)];
  await from.open();
  await to.open();
  try {
    const changes = new Changes(to);
    await salvage(from, ([key, value]) => changes.add(key, value));
    await changes.flush();
  } finally {
    await from.close();
    await to.close();
  }
  await replaceDatabase(path, place);
}

/** Without CURRENT, a folder is not opened; so that comes last, and a repair that was cut off can begin again. */
async function replaceDatabase(path: string, place: string): Promise<void> {
  await rm(join(path, CURRENT));
  for (const name of await readdir(path)) if (LEVEL_FILE.test(name)) await rm(join(path, name));
  const names = (await readdir(place)).filter((name) => LEVEL_FILE.test(name));
  for (const name of names) await rename(join(place, name), join(path, name));
  await rename(join(place, CURRENT), join(path, CURRENT));
  await rm(place, { recursive: true });
}

async function putRight(raw: RawLevel, folder: DataFolder, lines: string[]): Promise<void> {
  const { isForeign } = await examineRecords(raw);
  if (isForeign) throw new GraphError('STORAGE_UNREADABLE', 'holds data of an unknown format');
  const changes = new Changes(raw);
  const findings = await examineRecords(raw, (key) => changes.add(key, undefined));
  await changes.flush();
  const pieces = { incomplete: 0, loose: 0 };
  for await (const { kind, key, rest } of longValueFaults(raw)) {
    pieces[kind] += 1;
    await changes.addSealed([fromUtf8(key), rest]);
  }
  await changes.flush();
  let nodes = 0;
  for await (const fault of nodeFaults(raw)) {
    nodes += 1;
    for (const change of fault.changes) await changes.addSealed(change);
  }
  await changes.flush();
  const logs = { end: 0, place: 0, body: 0 };
  for await (const fault of logFaults(raw)) {
    logs[fault.kind] += 1;
    for (const change of fault.changes) await changes.addSealed(change);
  }
  await changes.flush();
  await countAnew(raw, folder, findings);
  lines.push(...linesOf(findings));
  lines.push(`  values that lack pieces: ${pieces.incomplete} dropped, with ${pieces.loose} loose pieces`);
  lines.push(`  nodes put right: ${nodes}`);
  lines.push(`  logs put right: ${logs.end}, and places of ${logs.place} operations`);
  lines.push(`  bodies of operations that are gone, to be asked for: ${logs.body}`);
}

/** The count never goes back, so that no older copy of the counter looks newer than the store. */
async function countAnew(raw: RawLevel, folder: DataFolder, { commits = 0 }: RecordFindings): Promise<void> {
  const counted = readCommitCount(folder.counterFile)?.commits ?? 0;
  const next = Math.max(commits, counted) + 1;
  const changes = ownRecords(next).map(([key, value]: Change): RawChange => [
    utf8(key),
    utf8(value as string),
  ]);
  await raw.write(changes);
  new CommitCounter(folder.counterFile, { commits: next, durability: 'fsync' }).close();
}

function linesOf({ tallies }: RecordFindings): string[] {
  return [...tallies]
    .filter(([kind, { records }]) => records > 0 || kind !== 'others')
    .map(([kind, { records, damaged }]) => `  ${kind}: ${records - damaged} kept, ${damaged} dropped`);
}
