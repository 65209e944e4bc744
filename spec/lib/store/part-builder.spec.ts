import { expect } from 'chai';
import { limitsWith, type Limits } from '../../../lib/base/limits.ts';
import type { Selector } from '../../../lib/graph/selector.ts';
import { PartBuilder } from '../../../lib/store/part-builder.ts';

function builderOf(selector: Partial<Selector>, limits: Partial<Limits> = {}): PartBuilder {
  return new PartBuilder({ soul: 's', reverse: false, ...selector }, limitsWith(limits));
}

function add(builder: PartBuilder, key: string, length: number, cost = length, soul = 's'): void {
  builder.add(soul, key, { state: 1, json: 'x'.repeat(length) }, cost);
}

describe('store PartBuilder', () => {
  it('means what the selector means', () => {
    const builder = builderOf({ soul: { prefix: 'a' }, key: { from: 'k' } });
    const pairs = [
      ['a', 'k'],
      ['ab', 'l'],
      ['b', 'k'],
      ['a', 'j'],
    ] as const;
    expect(pairs.map(([soul, key]) => builder.means(soul, key))).to.deep.equal([true, true, false, false]);
    expect(builderOf({}).means('s', 'anything')).to.equal(true);
  });

  it('gives the part before the entry that does not fit, once, and the rest at the end', () => {
    const builder = builderOf({}, { replyPartLength: 100 });
    add(builder, 'a', 50);
    expect([builder.isFull, builder.full()]).to.deep.equal([false, undefined]);
    add(builder, 'b', 50);
    expect(builder.isFull).to.equal(true);
    expect(builder.full()!.map(({ entries }) => entries.map(([key]) => key))).to.deep.equal([['a']]);
    expect([builder.isFull, builder.full()]).to.deep.equal([false, undefined]);
    expect(builder.rest().map(({ entries }) => entries.map(([key]) => key))).to.deep.equal([['b']]);
    expect(builder.rest()).to.deep.equal([]);
  });

  it('gathers the entries of one soul after the other', () => {
    const builder = builderOf({ soul: {} });
    for (const soul of ['s', 's', 't']) add(builder, 'k', 1, 1, soul);
    expect(builder.rest().map(({ soul, entries }) => [soul, entries.length])).to.deep.equal([
      ['s', 2],
      ['t', 1],
    ]);
  });

  it('is done when what was added costs as much as the read may give', () => {
    const cases: [Partial<Selector>, number][] = [
      [{ byteLimit: 10 }, 10],
      [{ byteLimit: 99 }, 40],
      [{ soul: {} }, 20],
      [{ key: { prefix: 'k' } }, 20],
      [{ key: { prefix: 'k' }, byteLimit: 30 }, 30],
    ];
    for (const [selector, budget] of cases) {
      const builder = builderOf(selector, { lexDefaultBytes: 20, lexMaxBytes: 40 });
      add(builder, 'k', 1, budget - 1);
      expect(builder.done).to.equal(false);
      add(builder, 'l', 1, 0);
      expect(builder.done, JSON.stringify(selector)).to.equal(true);
    }
    const plain = builderOf({}, { lexDefaultBytes: 20, lexMaxBytes: 40 });
    add(plain, 'k', 1, 1e9);
    expect(plain.done, 'a plain read has no such limit').to.equal(false);
  });
});
