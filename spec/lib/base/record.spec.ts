import { expect } from 'chai';
import { isPlainObject, isRecord } from '../../../lib/base/record.ts';

describe('isRecord', () => {
  it('is true for objects that are no arrays', () => {
    expect([{}, Object.create(null), [], null, 'a', 1, undefined].map(isRecord)).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('isPlainObject', () => {
  it('is true for objects that are of no class', () => {
    expect([{}, Object.create(null)].map(isPlainObject)).to.deep.equal([true, true]);
    expect([[], new Map(), new Date(0), null, 'a', undefined].filter(isPlainObject)).to.deep.equal([]);
  });
});
