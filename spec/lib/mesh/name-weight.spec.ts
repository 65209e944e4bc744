import { expect } from 'chai';
import { weightOf } from '../../../lib/mesh/name-weight.ts';

describe('mesh/name-weight', () => {
  it('is one for ordinary names and grows with long ones', () => {
    const weights = [0, 1, 255, 256, 600, 16_384].map(weightOf);
    expect(weights).to.deep.equal([1, 1, 1, 2, 3, 65]);
  });
});
