/** What lies in a data folder besides LevelDB's own affairs, looked at before LevelDB opens it. */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fromUtf8 } from '../lib/base/bytes.ts';
import { logState, type LogState } from './write-ahead-log.ts';

const COUNTER = 'commits';
const MARK = 'DAMAGED';
const CURRENT = 'CURRENT';
const REBUILD = 'rebuild';
const TABLE_OR_LOG = /^\d+\.(?:ldb|sst|log)$/;
const LOG = /^\d+\.log$/;
/** Lines of LevelDB's own journal that tell what it dropped while it opened. */
const DROPPED = /dropping \d+ bytes|ignoring error/i;

/** The files of a store; LevelDB leaves those it does not know alone. */
export class DataFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The number of commits, see `commit-counter.ts`. */
  get counterFile(): string {
    return join(this.path, COUNTER);
  }

  /** Where the graph out of logs lies while it is needed, see `folder-graph.ts`. */
  get rebuildFolder(): string {
    return join(this.path, REBUILD);
  }

  /** Removes what a rebuild of the graph has left there that was killed; for who has the lock of the store. */
  async removeRebuild(): Promise<void> {
    await rm(this.rebuildFolder, { recursive: true, force: true });
  }

  /** Why the store was found damaged before, undefined when it was not. */
  get mark(): string | undefined {
    return this.#read(MARK)?.trim();
  }

  /** Notes that the store is damaged, for good: LevelDB wipes the traces of what it dropped. */
  setMark(reason: string): void {
    try {
      mkdirSync(this.path, { recursive: true });
      writeFileSync(join(this.path, MARK), `${reason}\n`, { flush: true });
    } catch {
      // A disk that takes no note has not hidden anything: whoever asks is told all the same.
    }
  }

  /** Takes the note back. */
  clearMark(): void {
    rmSync(join(this.path, MARK), { force: true });
  }

  /** True when LevelDB has written here. */
  get hasStore(): boolean {
    const names = this.#names();
    return names.includes(CURRENT) || names.some((name) => TABLE_OR_LOG.test(name));
  }

  /** True when there are tables or logs, but nothing that says which: LevelDB would begin anew and delete them. */
  get isHeadless(): boolean {
    const names = this.#names();
    return !names.includes(CURRENT) && names.some((name) => TABLE_OR_LOG.test(name));
  }

  /** The worst state of the write-ahead logs. */
  get logState(): LogState {
    const states = this.#names()
      .filter((name) => LOG.test(name))
      .map((name) => logState(this.#readBytes(name)));
    return states.find((state) => state === 'damaged') ?? states.find((state) => state === 'torn') ?? 'whole';
  }

  /** The first line in LevelDB's journal of its last opening that tells of something dropped. */
  get dropped(): string | undefined {
    return this.#read('LOG')
      ?.split('\n')
      .find((line) => DROPPED.test(line));
  }

  /** Puts the names of new files on the disk. */
  sync(): void {
    const descriptor = openSync(this.path, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.path);
    } catch {
      return [];
    }
  }

  /** Another process may have deleted a log since it was listed. */
  #readBytes(name: string): Uint8Array {
    try {
      return readFileSync(join(this.path, name));
    } catch {
      return new Uint8Array();
    }
  }

  #read(name: string): string | undefined {
    const bytes = this.#readBytes(name);
    return bytes.length === 0 ? undefined : fromUtf8(bytes);
  }
}
