/** The part of the storage suite about walks over ranges, and the random comparison with a simple model. */
import { expect } from 'chai';
import { compareBytes, utf8 } from '../../lib/base/bytes.ts';
import type { Change, RangeOptions, TextEntry } from '../../lib/store/storage.ts';
import { drain, EVERYTHING, keysOf, ORDERED_KEYS, puts, type Case } from './storage-kit.ts';

/** Order, bounds, direction and pages of a walk. */
export function rangeCases(opened: Case): void {
  opened('orders keys by their UTF-8 bytes', async (storage) => {
    await storage.commit(puts(ORDERED_KEYS.toReversed()));
    expect(await keysOf(storage, EVERYTHING)).to.deep.equal(ORDERED_KEYS);
    expect(await keysOf(storage, { ...EVERYTHING, reverse: true })).to.deep.equal(ORDERED_KEYS.toReversed());
  });
  opened('includes the first bound and excludes the second, in both directions', async (storage) => {
    await storage.commit(puts(['a', 'b', 'c', 'd']));
    const cases: [from: string, to: string, keys: string[]][] = [
      ['b', 'd', ['b', 'c']],
      ['a\u0000', 'c\u0000', ['b', 'c']],
      ['', 'a', []],
      ['d\u0000', 'e', []],
      ['b', 'b', []],
      ['c', 'b', []],
    ];
    for (const [from, to, keys] of cases) {
      expect(await keysOf(storage, { from, to })).to.deep.equal(keys);
      expect(await keysOf(storage, { from, to, reverse: true })).to.deep.equal(keys.toReversed());
    }
  });
  opened('takes bounds beyond U+FFFF', async (storage) => {
    await storage.commit(puts(ORDERED_KEYS));
    expect(await keysOf(storage, { from: '\uff5e', to: '\u{1f600}' })).to.deep.equal([
      '\uff5e',
      '\uffff',
      '\u{10000}',
    ]);
  });
  opened('gives at most as many entries as asked for, then nothing for ever', async (storage) => {
    await storage.commit(puts(['a', 'b', 'c']));
    const cursor = storage.range(EVERYTHING);
    expect(await cursor.next(2)).to.have.lengthOf(2);
    expect(await cursor.next(2)).to.deep.equal([['c', 'v']]);
    expect(await cursor.next(2)).to.deep.equal([]);
    expect(await cursor.next(2)).to.deep.equal([]);
    await cursor.close();
  });
  opened('gives nothing more from a walk that was closed', async (storage) => {
    await storage.commit(puts(['a', 'b']));
    const cursor = storage.range(EVERYTHING);
    await cursor.next(1);
    await cursor.close();
    await cursor.close();
    expect(await cursor.next(1)).to.deep.equal([]);
  });
  opened('walks thousands of entries in pages of any size', async (storage) => {
    const keys = Array.from({ length: 3000 }, (_, i) => `k${String((i * 7) % 3000).padStart(4, '0')}`);
    await storage.commit(puts(keys));
    const sorted = keys.toSorted();
    for (const size of [7, 1000, 5000]) {
      const entries = await drain(storage, EVERYTHING, size);
      expect(entries.map(([key]) => key)).to.deep.equal(sorted);
    }
  });
  opened('keeps several walks and reads apart', async (storage) => {
    await storage.commit(puts(['a', 'b', 'c']));
    const up = storage.range(EVERYTHING);
    const down = storage.range({ ...EVERYTHING, reverse: true });
    expect(await up.next(1)).to.deep.equal([['a', 'v']]);
    expect(await down.next(1)).to.deep.equal([['c', 'v']]);
    expect(await storage.getText('b')).to.equal('v');
    expect(await up.next(5)).to.deep.equal([
      ['b', 'v'],
      ['c', 'v'],
    ]);
    expect(await down.next(1)).to.deep.equal([['b', 'v']]);
    await Promise.all([up.close(), down.close()]);
  });
}

/** A walk sees no change that came after its beginning. */
export function snapshotCases(opened: Case): void {
  for (const reverse of [false, true]) {
    opened(
      `shows the storage as it was when ${reverse ? 'a reverse' : 'the'} walk began`,
      async (storage) => {
        const keys = Array.from({ length: 2000 }, (_, i) => `k${String(i).padStart(4, '0')}`);
        await storage.commit(puts(keys, 'old'));
        const untouched = storage.range({ ...EVERYTHING, reverse });
        const begun = storage.range({ ...EVERYTHING, reverse });
        const seen = await begun.next(10);
        const changed = keys.flatMap((key, i): Change[] => [
          [key, i % 3 === 0 ? undefined : 'new'],
          [`${key}+`, 'added'],
        ]);
        await storage.commit(changed);
        for (const [cursor, first] of [
          [begun, seen],
          [untouched, []],
        ] as const) {
          const entries = [...first, ...(await cursor.next(1000)), ...(await cursor.next(5000))];
          const expected = puts(reverse ? keys.toReversed() : keys, 'old');
          expect(entries).to.deep.equal(expected);
          await cursor.close();
        }
        expect(await drain(storage, EVERYTHING)).to.have.lengthOf(2000 - 667 + 2000);
      },
    );
  }
}

/** Random commits and walks against a map that is sorted anew each time: too simple to be wrong. */
export function modelCase(opened: Case, seed: number): void {
  opened(`agrees with a simple model over random commits and walks (seed ${seed})`, async (storage) => {
    const pick = picker(seed);
    const model = new Map<string, string>();
    const name = (): string =>
      Array.from({ length: pick(4) }, () => CHARACTERS[pick(CHARACTERS.length)]).join('');
    for (let step = 0; step < 150; step += 1) {
      const changes = Array.from({ length: pick(30) }, (_, i): Change => [
        `k${name()}`,
        pick(3) === 0 ? undefined : `${step}.${i}`,
      ]);
      await storage.commit(changes);
      for (const [key, value] of changes) {
        if (value === undefined) model.delete(key);
        else model.set(key, value as string);
      }
      const options = {
        from: `k${name()}`,
        to: `k${name()}`,
        reverse: pick(2) === 0,
      };
      expect(await drain(storage, options, 1 + pick(20))).to.deep.equal(walkOf(model, options));
      const asked = Array.from({ length: pick(40) }, () => `k${name()}`);
      expect(await storage.getTexts(asked)).to.deep.equal(asked.map((key) => model.get(key)));
    }
  });
}

const CHARACTERS = [
  '\u0000',
  '\u0001',
  'a',
  'b',
  'é',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{1f600}',
  '\u{10ffff}',
];

function isBefore(a: string, b: string): boolean {
  return compareBytes(utf8(a), utf8(b)) < 0;
}

function walkOf(model: ReadonlyMap<string, string>, { from, to, reverse }: RangeOptions): TextEntry[] {
  const entries = [...model].filter(([key]) => !isBefore(key, from) && isBefore(key, to));
  entries.sort(([a], [b]) => compareBytes(utf8(a), utf8(b)));
  return reverse === true ? entries.toReversed() : entries;
}

/** Whole numbers below a bound from a seed (Lehmer's generator). */
function picker(seed: number): (bound: number) => number {
  let state = (Math.abs(Math.trunc(seed)) % 2_147_483_646) + 1;
  return (bound) => {
    state = (state * 48_271) % 2_147_483_647;
    return Math.floor((state / 2_147_483_647) * bound);
  };
}
