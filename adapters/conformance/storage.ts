/** The storage contract as specs, for any adapter and any test runner that has `describe` and `it`. */
import { expect } from 'chai';
import { compareBytes, utf8 } from '../../lib/base/bytes.ts';
import { inLaterTurn } from '../../lib/base/turns.ts';
import type { Change, Storage } from '../../lib/store/storage.ts';
import {
  drain,
  EVERYTHING,
  expectCode,
  keysOf,
  ORDERED_KEYS,
  puts,
  type Case,
  type Runner,
  type StorageSubject,
} from './storage-kit.ts';
import { modelCase, rangeCases, snapshotCases } from './storage-walk.ts';

/** What an adapter promises beyond the bare contract. */
export interface StorageSupports {
  /** Data outlives the object, and a place in use cannot be opened twice. */
  readonly persistent: boolean;
  /** A walk shows the storage as it was when it began. */
  readonly snapshots: boolean;
}

/** How to run the suite. */
export interface StorageSuiteOptions {
  readonly supports: StorageSupports;
  /** Seed of the random case, named in its title; default 1. */
  readonly seed?: number;
}

/** What each operation must do is stated once; the traits apply it to each state of a storage. */
const OPERATIONS: readonly (readonly [name: string, run: (storage: Storage) => unknown])[] = [
  ['getText', (storage) => storage.getText('a')],
  ['getTexts', (storage) => storage.getTexts(['a', 'b'])],
  ['getTexts of many keys', (storage) => storage.getTexts(ORDERED_KEYS.concat(ORDERED_KEYS))],
  ['getBytes', (storage) => storage.getBytes('a')],
  ['range', (storage) => storage.range(EVERYTHING).next(1)],
  ['commit', (storage) => storage.commit([['a', '1']])],
];

async function expectRefused(storage: Storage): Promise<void> {
  for (const [name, run] of OPERATIONS) {
    let answer: unknown;
    expect(() => {
      answer = run(storage);
    }, `${name} rejects, it does not throw`).not.to.throw();
    await expectCode('STORAGE_NOT_OPEN', () => answer);
  }
}

/**
 * Registers the storage contract as a suite.
 *
 * @param create gives a storage over a fresh place; called once for each case
 */
export function describeStorage(
  runner: Runner,
  name: string,
  create: () => Promise<StorageSubject> | StorageSubject,
  options: StorageSuiteOptions,
): void {
  const closed: Case = (title, use) =>
    void runner.it(title, async () => {
      const subject = await create();
      try {
        await use(subject.storage, subject);
      } finally {
        await subject.storage.close();
        await subject.remove?.();
      }
    });
  const opened: Case = (title, use) =>
    closed(title, async (storage, subject) => {
      await storage.open();
      await use(storage, subject);
    });

  runner.describe(`${name} as a storage`, () => {
    runner.describe('life', () => lifeCases(closed, opened));
    runner.describe('values', () => valueCases(opened));
    runner.describe('keys', () => keyCases(opened));
    runner.describe('commit', () => commitCases(opened));
    runner.describe('large commits', () => largeCommitCases(opened));
    runner.describe('range', () => rangeCases(opened));
    if (options.supports.snapshots) runner.describe('snapshots', () => snapshotCases(opened));
    if (options.supports.persistent) runner.describe('persistence', () => persistenceCases(opened));
    runner.describe('as a whole', () => modelCase(opened, options.seed ?? 1));
  });
}

function lifeCases(closed: Case, opened: Case): void {
  closed('refuses every operation before it is opened', (storage) => expectRefused(storage));
  opened('refuses every operation once it is closed', async (storage) => {
    await storage.close();
    await expectRefused(storage);
  });
  opened('refuses every operation while it closes', async (storage) => {
    const closing = storage.close();
    await expectRefused(storage);
    await closing;
  });
  opened('ends a walk when it is closed', async (storage) => {
    await storage.commit(puts(['a', 'b', 'c']));
    const cursor = storage.range(EVERYTHING);
    await cursor.next(1);
    await storage.close();
    await expectCode('STORAGE_NOT_OPEN', () => cursor.next(1));
    await cursor.close();
  });
  opened('opens and closes any number of times', async (storage) => {
    await Promise.all([storage.open(), storage.open()]);
    await Promise.all([storage.close(), storage.close()]);
    await storage.close();
    await storage.open();
    await storage.commit([['a', '1']]);
    expect(await storage.getText('a')).to.equal('1');
  });
  closed('closes without having been opened', (storage) => storage.close());
  opened('finishes a running commit before it closes', async (storage) => {
    const events: string[] = [];
    const committing = storage.commit(puts(ORDERED_KEYS)).then(() => events.push('committed'));
    const closing = storage.close().then(() => events.push('closed'));
    await Promise.all([committing, closing]);
    expect(events).to.deep.equal(['committed', 'closed']);
  });
}

function valueCases(opened: Case): void {
  opened('knows nothing at first', async (storage) => {
    expect(await storage.getText('a')).to.equal(undefined);
    expect(await storage.getBytes('a')).to.equal(undefined);
    expect(await storage.getTexts(['a', 'b'])).to.deep.equal([undefined, undefined]);
    expect(await drain(storage, EVERYTHING)).to.deep.equal([]);
  });
  opened('gives texts back exactly', async (storage) => {
    const texts = ['', 'plain', '\u0000', 'é\u{1f600}\uffff', '\ufeffafter a byte order mark', '"\\\n'];
    await storage.commit(texts.map((text, i) => [`k${i}`, text]));
    for (const [i, text] of texts.entries()) expect(await storage.getText(`k${i}`)).to.equal(text);
    expect((await drain(storage, EVERYTHING)).map(([, value]) => value)).to.deep.equal(texts);
  });
  opened('gives bytes back exactly, also those that are not UTF-8', async (storage) => {
    const bytes = Uint8Array.from([0, 255, 128, 10, 237, 160, 128]);
    await storage.commit([
      ['some', bytes],
      ['none', new Uint8Array(0)],
    ]);
    expect([...(await storage.getBytes('some'))!]).to.deep.equal([...bytes]);
    expect([...(await storage.getBytes('none'))!]).to.deep.equal([]);
  });
  opened('shows one value as text and as its UTF-8 bytes', async (storage) => {
    const text = '\ufeffé\u{1f600}';
    await storage.commit([
      ['text', text],
      ['bytes', utf8(text)],
    ]);
    expect([...(await storage.getBytes('text'))!]).to.deep.equal([...utf8(text)]);
    expect(await storage.getTexts(['text', 'bytes'])).to.deep.equal([text, text]);
    expect(await storage.getText('bytes')).to.equal(text);
  });
  opened('keeps bytes apart from the arrays they came in and went out by', async (storage) => {
    const bytes = Uint8Array.from([1, 2, 3]);
    await storage.commit([['a', bytes]]);
    bytes.fill(9);
    (await storage.getBytes('a'))!.fill(8);
    expect([...(await storage.getBytes('a'))!]).to.deep.equal([1, 2, 3]);
  });
  opened('turns a lone surrogate of a text into U+FFFD, as UTF-8 does', async (storage) => {
    await storage.commit([['a', 'x\ud800y\udc00']]);
    expect(await storage.getText('a')).to.equal('x\ufffdy\ufffd');
  });
  opened('keeps values of a megabyte', async (storage) => {
    const text = 'é\u{1f600}7'.repeat(150_000);
    await storage.commit([
      ['text', text],
      ['bytes', utf8(text)],
    ]);
    expect((await storage.getText('text')) === text).to.equal(true);
    expect(compareBytes((await storage.getBytes('bytes'))!, utf8(text))).to.equal(0);
  });
  opened('reads many keys in the order asked for, with gaps and repetitions', async (storage) => {
    const keys = Array.from({ length: 100 }, (_, i) => `k${(i * 37) % 100}`);
    await storage.commit(keys.map((key) => [key, `value of ${key}`]));
    const asked = ['k5', 'missing', 'k4', 'k5', ...keys, 'k', 'k100'];
    const expected = asked.map((key) => (keys.includes(key) ? `value of ${key}` : undefined));
    expect(await storage.getTexts(asked)).to.deep.equal(expected);
    expect(await storage.getTexts(asked.slice(0, 4))).to.deep.equal(expected.slice(0, 4));
    expect(await storage.getTexts([])).to.deep.equal([]);
  });
}

function keyCases(opened: Case): void {
  opened('tells apart keys of any characters', async (storage) => {
    await storage.commit(ORDERED_KEYS.map((key, i) => [key, `${i}`]));
    expect(await storage.getTexts(ORDERED_KEYS)).to.deep.equal(ORDERED_KEYS.map((_, i) => `${i}`));
  });
  opened('takes keys of ten kilobytes that differ at the end', async (storage) => {
    const long = 'k\u{1f600}'.repeat(2000);
    await storage.commit([
      [`${long}1`, 'first'],
      [`${long}2`, 'second'],
    ]);
    expect(await storage.getTexts([`${long}2`, `${long}1`, long])).to.deep.equal([
      'second',
      'first',
      undefined,
    ]);
    expect(await keysOf(storage, { from: long, to: `${long}2` })).to.deep.equal([`${long}1`]);
  });
  opened('reads keys of every script, whatever key it read before', async (storage) => {
    const keys = ['日本語の長い名前', 'Ελληνικά', 'длинные имена', '👩‍👩‍👧', 'ascii'].map((key) => key.repeat(9));
    await storage.commit(puts(keys, 'value'));
    for (const key of keys) {
      await storage.getText('k');
      expect(await storage.getText(key), key).to.equal('value');
      await storage.getTexts(['k']);
      expect(await storage.getTexts([key]), key).to.deep.equal(['value']);
      await storage.getBytes('k');
      expect(await storage.getBytes(key), key).to.not.equal(undefined);
    }
  });
  opened('takes a lone surrogate of a key for U+FFFD, which is why callers escape names', async (storage) => {
    await storage.commit([['k\ud800', '1']]);
    expect(await storage.getTexts(['k\ufffd', 'k\udfff'])).to.deep.equal(['1', '1']);
    expect(await keysOf(storage, EVERYTHING)).to.deep.equal(['k\ufffd']);
  });
}

function commitCases(opened: Case): void {
  opened('overwrites and deletes', async (storage) => {
    await storage.commit(puts(['a', 'b', 'c'], 'old'));
    await storage.commit([
      ['a', 'new'],
      ['b', undefined],
      ['missing', undefined],
    ]);
    expect(await drain(storage, EVERYTHING)).to.deep.equal([
      ['a', 'new'],
      ['c', 'old'],
    ]);
    expect(await storage.getText('b')).to.equal(undefined);
  });
  opened('lets the later of two changes of one key win', async (storage) => {
    await storage.commit([
      ['a', '1'],
      ['b', '1'],
      ['c', undefined],
      ['a', '2'],
      ['b', undefined],
      ['c', '2'],
    ]);
    expect(await storage.getTexts(['a', 'b', 'c'])).to.deep.equal(['2', undefined, '2']);
  });
  opened('makes no change at all when one of them is impossible', async (storage) => {
    await storage.commit(puts(['a', 'b'], 'old'));
    const impossible = null as unknown as string;
    const changes: Change[] = [['a', 'new'], ['b', undefined], ['c', impossible], ...puts(['d'])];
    await expectCode('STORAGE_FAILED', () => storage.commit(changes));
    expect(await drain(storage, EVERYTHING)).to.deep.equal([
      ['a', 'old'],
      ['b', 'old'],
    ]);
  });
  opened('works on after a refused commit', async (storage) => {
    await expectCode('STORAGE_FAILED', () => storage.commit([['a', null as unknown as string]]));
    await storage.commit([['a', '1']]);
    expect(await storage.getText('a')).to.equal('1');
  });
  opened('accepts a commit of nothing', async (storage) => {
    await storage.commit([]);
    expect(await drain(storage, EVERYTHING)).to.deep.equal([]);
  });
  opened('applies commits in the order they were asked for', async (storage) => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => storage.commit([['a', `${i}`]])));
    expect(await storage.getText('a')).to.equal('19');
  });
}

/** More changes than any adapter makes in one go. */
function many(value: string): Change[] {
  return Array.from({ length: 5000 }, (_, i) => [`k${i}`, value]);
}

function* broken(): Generator<Change> {
  yield* many('1');
  throw new Error('broken');
}

function largeCommitCases(opened: Case): void {
  opened(
    'takes changes from anything that can be gone through, and goes through them once',
    async (storage) => {
      let rounds = 0;
      function* changes(): Generator<Change> {
        rounds += 1;
        yield* many('1');
      }
      await storage.commit(changes());
      expect(rounds).to.equal(1);
      expect((await drain(storage, EVERYTHING)).length).to.equal(5000);
    },
  );
  opened('shows a large commit whole or not at all', async (storage) => {
    await storage.commit(many('old'));
    const seen = new Set<string>();
    let isDone = false;
    const committing = storage.commit(many('new')).then(() => (isDone = true));
    for (;;) {
      const values = new Set((await drain(storage, EVERYTHING, 5000)).map(([, value]) => value));
      seen.add([...values].join());
      if (isDone) break;
      await new Promise<void>((resolve) => inLaterTurn(resolve));
    }
    await committing;
    expect([...seen].filter((values) => values !== 'old' && values !== 'new')).to.deep.equal([]);
    expect(new Set((await drain(storage, EVERYTHING)).map(([, value]) => value))).to.deep.equal(
      new Set(['new']),
    );
  });
  opened('keeps small commits behind a large one that was asked for before', async (storage) => {
    await Promise.all([
      storage.commit(many('1')),
      storage.commit([['k4999', '2']]),
      storage.commit(many('3')),
      storage.commit([['k4998', '4']]),
    ]);
    expect(await storage.getTexts(['k0', 'k4998', 'k4999'])).to.deep.equal(['3', '4', '3']);
  });
  opened('makes no change at all when the last of many is impossible', async (storage) => {
    const bad = [...many('1'), ['z', null as unknown as string]] as const;
    const refused = expectCode('STORAGE_FAILED', () => storage.commit(bad));
    const next = storage.commit([['a', '1']]);
    await Promise.all([refused, next]);
    expect(await drain(storage, EVERYTHING)).to.deep.equal([['a', '1']]);
  });
  opened('makes no change at all when its changes cannot be gone through', async (storage) => {
    await expectCode('STORAGE_FAILED', () => storage.commit(broken()));
    expect(await drain(storage, EVERYTHING)).to.deep.equal([]);
  });
  opened('finishes a large commit before it closes', async (storage) => {
    const events: string[] = [];
    const committing = storage.commit(many('1')).then(() => events.push('committed'));
    const closing = storage.close().then(() => events.push('closed'));
    await Promise.all([committing, closing]);
    expect(events).to.deep.equal(['committed', 'closed']);
  });
  opened('takes values of megabytes in one commit', async (storage) => {
    const values = ['x', 'é', '\u{1f600}'].map((character) => character.repeat(500_000));
    await storage.commit(values.map((value, i) => [`k${i}`, value]));
    for (const [i, value] of values.entries())
      expect((await storage.getText(`k${i}`)) === value).to.equal(true);
  });
}

function persistenceCases(opened: Case): void {
  opened('finds everything again after it was closed', async (storage, subject) => {
    await storage.commit(ORDERED_KEYS.map((key, i) => [key, `${i}`]));
    await storage.commit([[ORDERED_KEYS[3]!, undefined]]);
    const before = await drain(storage, EVERYTHING);
    await storage.close();
    const second = subject.again!();
    await second.open();
    const after = await drain(second, EVERYTHING);
    await second.close();
    expect(after).to.deep.equal(before);
  });
  opened('keeps a commit that was running when it was closed', async (storage, subject) => {
    const committing = storage.commit(puts(ORDERED_KEYS));
    await Promise.all([storage.close(), committing]);
    const second = subject.again!();
    await second.open();
    const after = await keysOf(second, EVERYTHING);
    await second.close();
    expect(after).to.deep.equal(ORDERED_KEYS);
  });
  opened('keeps a large commit that was running when it was closed', async (storage, subject) => {
    const committing = storage.commit(many('1'));
    await Promise.all([storage.close(), committing]);
    const second = subject.again!();
    await second.open();
    const after = await keysOf(second, EVERYTHING);
    await second.close();
    expect(after).to.have.length(5000);
  });
  opened('refuses a second storage over its place until it is closed', async (storage, subject) => {
    await storage.commit([['a', '1']]);
    const second = subject.again!();
    await expectCode('STORAGE_LOCKED', () => second.open());
    await expectCode('STORAGE_NOT_OPEN', () => second.getText('a'));
    expect(await storage.getText('a')).to.equal('1');
    await storage.close();
    await second.open();
    const value = await second.getText('a');
    await second.close();
    expect(value).to.equal('1');
  });
}
