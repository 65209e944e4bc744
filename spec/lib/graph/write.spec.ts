import { expect } from 'chai';
import { GraphError } from '../../../lib/base/errors.ts';
import type { Value } from '../../../lib/graph/value.ts';
import { lengthOfWrites, valueOf, writeOf } from '../../../lib/graph/write.ts';

describe('graph write', () => {
  it('holds its value as JSON text', () => {
    expect(writeOf('s', 'k', 1.5, 'a')).to.deep.equal({ soul: 's', key: 'k', state: 1.5, json: '"a"' });
    expect(writeOf('s', 'k', 0, { '#': 'other' }).json).to.equal('{"#":"other"}');
  });

  it('gives its value back', () => {
    for (const value of [null, true, 0.5, '', 'ä', { '#': 'x' }]) {
      expect(valueOf(writeOf('s', 'k', 1, value))).to.deep.equal(value);
    }
  });

  it('is not made from what a property may not hold', () => {
    for (const value of [undefined, Number.NaN, Infinity, [], {}, { '#': '' }]) {
      expect(() => writeOf('s', 'k', 1, value as unknown as Value)).to.throw(GraphError, 'at k');
    }
  });

  it('has a length, with its names', () => {
    const [none, one] = [lengthOfWrites([]), lengthOfWrites([writeOf('soul', 'key', 1, 12)])];
    expect(none).to.equal(0);
    expect(lengthOfWrites([writeOf('so', 'key', 1, 12)])).to.equal(one - 2);
    expect(lengthOfWrites([writeOf('soul', 'k', 1, 12)])).to.equal(one - 2);
    expect(lengthOfWrites([writeOf('soul', 'key', 1, '12')])).to.equal(one + 2);
    const again = writeOf('soul', 'key', 1, 12);
    expect(lengthOfWrites([again, again])).to.equal(2 * one - 'soul'.length);
    expect(lengthOfWrites([again, writeOf('x', 'key', 1, 12), again])).to.equal(3 * one - 3);
  });
});
