import { expect } from 'chai';
import { GraphError } from '../../../lib/base/errors.ts';
import type { Value } from '../../../lib/graph/value.ts';
import { valueOf, writeOf } from '../../../lib/graph/write.ts';

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
});
