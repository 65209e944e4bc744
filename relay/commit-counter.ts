/** The number of commits, kept in a file beside the store: tells whether the store lost its latest ones. */
import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { checksum } from '../lib/base/checksum.ts';
import type { Durability } from './option-table.ts';

const DIGITS = 16;
const WORD = 5;
const RECORD = /^(\d{16}) (fsync|os {3}) ([0-9a-f]{8})\n$/;

/** What the file says. */
export interface CommitCount {
  readonly commits: number;
  /** What commits were promised when it was written. */
  readonly durability: Durability;
}

/** `<commits> <durability> <checksum>`, always of the same length, so that it is written in place. */
function recordOf({ commits, durability }: CommitCount): string {
  const text = `${String(commits).padStart(DIGITS, '0')} ${durability.padEnd(WORD)}`;
  return `${text} ${sumOf(text)}\n`;
}

function sumOf(text: string): string {
  return checksum(Buffer.from(text)).toString(16).padStart(8, '0');
}

/** What the file says; undefined when there is none, or none that can be read. */
export function readCommitCount(file: string): CommitCount | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
  const [, commits, durability = '', sum] = RECORD.exec(text) ?? [];
  if (sum === undefined || sum !== sumOf(text.slice(0, DIGITS + 1 + WORD))) return undefined;
  return { commits: Number(commits), durability: durability.trim() as Durability };
}

/**
 * The file, open for writing. It is written after each commit and not synced: a count that is too low is
 * harmless.
 */
export class CommitCounter {
  readonly #descriptor: number;
  readonly #durability: Durability;

  /** Opens the file, creating it when it is missing, and puts a first count on the disk. */
  constructor(file: string, count: CommitCount) {
    this.#durability = count.durability;
    this.#descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT);
    this.write(count.commits);
    fsyncSync(this.#descriptor);
  }

  /** Writes a count in place. */
  write(commits: number): void {
    writeSync(this.#descriptor, recordOf({ commits, durability: this.#durability }), 0, 'latin1');
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
