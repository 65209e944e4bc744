import { expect } from 'chai';
import { isRecord } from '../../../lib/base/record.ts';

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
