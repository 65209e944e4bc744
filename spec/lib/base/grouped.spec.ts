import { expect } from 'chai';
import { grouped } from '../../../lib/base/grouped.ts';

describe('base.grouped', () => {
  it('gives things by what they have in common, both in the order in which they came', () => {
    const groups = grouped([3, 1, 4, 1, 5], (number) => number % 2);
    expect([...groups]).to.deep.equal([
      [1, [3, 1, 1, 5]],
      [0, [4]],
    ]);
    expect(grouped([], String).size).to.equal(0);
  });
});
