import { expect } from 'chai';
import { weightOf } from '../../../lib/mesh/name-weight.ts';

describe('mesh/name-weight', () => {
  it('is one for ordinary names', () => {
    expect(weightOf()).to.equal(1);
    expect(weightOf('')).to.equal(1);
    expect(weightOf('soul', 'key')).to.equal(1);
    expect(weightOf('x'.repeat(255))).to.equal(1);
  });

  it('grows with the characters of all names together', () => {
    expect(weightOf('x'.repeat(256))).to.equal(2);
    expect(weightOf('x'.repeat(200), 'y'.repeat(200), 'z'.repeat(200))).to.equal(3);
    expect(weightOf('x'.repeat(16_384))).to.equal(65);
  });
});
