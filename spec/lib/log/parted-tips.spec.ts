import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Tip, Tips } from '../../../lib/log/heights.ts';
import { OneLog } from '../../../lib/log/one-log.ts';
import { partOf, PartedTips, TIPS_PARTS } from '../../../lib/log/parted-tips.ts';
import { seeded } from '../../support/arbitraries.ts';
import { manyAuthors, manyTips, partedTips, plainTips } from '../../support/parted-tips.ts';

const AUTHORS = ['00', '01', '7f', 'fe', 'ff', 'ff'].map((part, at) => part + `${at}`.repeat(62));

function logsAt(height: number): OneLog<Tip> {
  return new OneLog('b'.repeat(64), { height, id: new Uint8Array(32) });
}

/** Something that happens to one of several vectors. */
type Step =
  | { readonly kind: 'set'; readonly of: number; readonly author: string; readonly height: number }
  | { readonly kind: 'snapshot' | 'only' | 'empty'; readonly of: number };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      of: fc.nat(),
      author: fc.constantFrom(...AUTHORS),
      height: fc.nat(9),
    }),
  },
  fc.record({ kind: fc.constantFrom('snapshot' as const, 'only' as const, 'empty' as const), of: fc.nat() }),
);

/** A vector, and what it must be. */
type Pair = readonly [PartedTips, Map<string, OneLog<Tip>>];

const isEven = (part: number): boolean => part % 2 === 0;

function made([tips, plain]: Pair, step: Step): Pair {
  switch (step.kind) {
    case 'snapshot':
      return [tips.snapshot(), new Map(plain)];
    case 'only':
      return [tips.only(isEven), new Map([...plain].filter(([author]) => isEven(partOf(author))))];
    case 'empty':
      return [PartedTips.empty(), new Map()];
    default:
      plain.set(step.author, logsAt(step.height));
      return [tips.set(step.author, logsAt(step.height)), plain];
  }
}

describe('log.parted-tips', () => {
  it('are like plain maps, of which no copy is changed by another', () => {
    fc.assert(
      fc.property(fc.array(aStep, { maxLength: 40 }), (steps) => {
        const pairs: Pair[] = [[PartedTips.empty(), new Map()]];
        for (const step of steps) {
          const pair = made(pairs[step.of % pairs.length]!, step);
          if (step.kind !== 'set') pairs.push(pair);
        }
        for (const [tips, plain] of pairs) {
          expect(plainTips(tips)).to.deep.equal(plainTips(plain));
          expect(tips.size).to.equal(plain.size);
          for (const author of AUTHORS) {
            expect(tips.get(author)).to.deep.equal(plain.get(author));
            expect(tips.has(author)).to.equal(plain.has(author));
          }
        }
      }),
      seeded(300),
    );
  });

  it('are gone through like any map, in the order of their parts', () => {
    const tips = partedTips([AUTHORS[4]!, AUTHORS[0]!, AUTHORS[5]!].map((author) => [author, logsAt(1)]));
    const inOrder = [AUTHORS[0]!, AUTHORS[4]!, AUTHORS[5]!];
    const each: string[] = [];
    tips.forEach((logs, author, map: Tips) => each.push(author) && expect(map.get(author)).to.equal(logs));
    expect([[...tips.keys()], each, Array.from(tips, ([author]) => author)]).to.deep.equal(
      Array.from({ length: 3 }, () => inOrder),
    );
    expect([...tips.values()]).to.deep.equal(inOrder.map((author) => tips.get(author)));
    expect([...tips.entries()]).to.deep.equal([...tips]);
    expect(new Map(tips).size).to.equal(3);
  });

  it('know of authors whose keys are none', () => {
    const tips = manyTips(3);
    for (const name of ['', 'zz', 'x'])
      expect([tips.get(name), tips.has(name)]).to.deep.equal([undefined, false]);
  });

  it('share with a snapshot what neither changes, so that a copy costs little', () => {
    const tips = manyTips(2000);
    const before = tips.snapshot();
    const [author] = manyAuthors(1);
    tips.set(author!, logsAt(9));
    const shared = tips.parts.filter((part, at) => part === before.parts[at]);
    expect(shared).to.have.lengthOf(TIPS_PARTS - 1);
    expect(before.get(author!)?.get('bb'.repeat(32))?.height).to.equal(1);
    // What belongs to nobody else is not copied again.
    const part = tips.parts[partOf(author!)];
    tips.set(author!, logsAt(10));
    expect(tips.parts[partOf(author!)]).to.equal(part);
  });

  it('tell which parts they do not share with others', () => {
    const tips = manyTips(2000);
    const [one, other] = [tips.snapshot(), tips.snapshot()];
    expect([one.unlike(other).size, tips.unlike(one).size, one.unlike(one).size]).to.deep.equal([0, 0, 0]);
    one.set(`aa${'1'.repeat(62)}`, logsAt(1));
    other.set(`bb${'1'.repeat(62)}`, logsAt(1));
    for (const [some, others] of [
      [one, other],
      [other, one],
    ] as const) {
      const parts = new Set(Array.from(some.unlike(others).keys(), partOf));
      expect([...parts]).to.deep.equal([0xaa, 0xbb]);
      expect(some.unlike(others).get('ccdd')).to.equal(undefined);
    }
    // What is equal, but was made apart, may be compared for nothing.
    expect(one.unlike(partedTips(one)).size).to.equal(one.size);
  });

  it('forget the hash of a part when that changes, and of no other one', () => {
    const tips = manyTips(600);
    for (const part of tips.parts) part.hash = new Uint8Array(32);
    const snapshot = tips.snapshot();
    for (const height of [2, 3]) {
      tips.set('77'.repeat(32), logsAt(height));
      const without = tips.parts.flatMap(({ hash }, at) => (hash === undefined ? [at] : []));
      expect(without).to.deep.equal([0x77]);
      tips.parts[0x77]!.hash = new Uint8Array(32);
    }
    expect(snapshot.parts.every(({ hash }) => hash !== undefined)).to.equal(true);
  });
});
