/** What the parts of the storage suite share: its words, its keys and its ways to look at a storage. */
import { expect } from 'chai';
import { GraphError, type ErrorCode } from '../../lib/base/errors.ts';
import type { Change, RangeOptions, Storage, TextEntry } from '../../lib/store/storage.ts';

/** What the suites need of a test runner; mocha, vitest and node:test fit. */
export interface Runner {
  describe(title: string, body: () => void): unknown;
  it(title: string, body: () => Promise<void>): unknown;
}

/** One storage to try, and how to come back to what it holds. */
export interface StorageSubject {
  /** A storage over a place that nobody used before; not open yet. */
  readonly storage: Storage;
  /** Another storage over the same place; needed when `persistent` is supported. */
  again?(): Storage;
  /** Removes the place; every storage over it is closed by then. */
  remove?(): Promise<void>;
}

/** What one case does with a storage. */
export type Use = (storage: Storage, subject: StorageSubject) => Promise<void>;
/** Registers one case. */
export type Case = (title: string, use: Use) => void;

/** The range of all keys that the suite uses. */
export const EVERYTHING: RangeOptions = { from: '', to: '\u{10ffff}' };

/** Keys in the byte order of UTF-8, which is not the order of `<` beyond U+FFFF. */
export const ORDERED_KEYS: readonly string[] = [
  '\u0000',
  'a',
  'a\u0000',
  'a\u0000b',
  'a\u0001',
  'ab',
  'a\u007f',
  'a\u0080',
  'a\u07ff',
  'a\u0800',
  'b',
  '\ud7ff',
  '\ue000',
  '\uff5e',
  '\uffff',
  '\u{10000}',
  '\u{1f600}',
  '\u{1f601}',
  '\u{10fffe}',
];

/** All entries of a range, read in pages. */
export async function drain(storage: Storage, options: RangeOptions, size = 100): Promise<TextEntry[]> {
  const cursor = storage.range(options);
  const entries: TextEntry[] = [];
  for (let page = await cursor.next(size); page.length > 0; page = await cursor.next(size)) {
    expect(page.length).to.be.at.most(size);
    entries.push(...page);
  }
  await cursor.close();
  return entries;
}

/** All keys of a range. */
export async function keysOf(storage: Storage, options: RangeOptions): Promise<string[]> {
  return (await drain(storage, options)).map(([key]) => key);
}

/** Changes that give every key the same value. */
export function puts(keys: readonly string[], value = 'v'): Change[] {
  return keys.map((key) => [key, value]);
}

/** Fails unless `run` fails with a code. */
export async function expectCode(code: ErrorCode, run: () => unknown): Promise<void> {
  let caught: unknown;
  try {
    await run();
  } catch (error) {
    caught = error;
  }
  expect(caught, `expected ${code}`).to.be.instanceOf(GraphError);
  expect((caught as GraphError).code).to.equal(code);
}
