import { expect } from 'chai';
import * as fc from 'fast-check';
import { decodeIndex, encodeIndex, growIndex, MANY } from '../../../lib/store/node-index.ts';
import { aName, ODD_NAMES, seeded } from '../../support/arbitraries.ts';

describe('store NodeIndex', () => {
  it('of a node without a record lists nothing', () => {
    expect(decodeIndex(undefined)).to.deep.equal([]);
  });

  it('comes back from its record, whatever the keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(aName(), { minLength: 1, maxLength: 32 }), (keys) => {
        expect(decodeIndex(encodeIndex(keys))).to.deep.equal(keys);
      }),
      seeded(200),
    );
  });

  it('that lists one key is never taken for that of many', () => {
    for (const key of [...ODD_NAMES, '', '\u0000', '\u0001', '\u0001\u0001', MANY]) {
      expect(decodeIndex(encodeIndex([key])), JSON.stringify(key)).to.deep.equal([key]);
    }
    expect(decodeIndex(encodeIndex(MANY))).to.equal(MANY);
  });

  it('lists old keys and new ones', () => {
    expect(growIndex([], ['a', 'b'])).to.deep.equal(['a', 'b']);
    expect(growIndex(['a'], ['__proto__'])).to.deep.equal(['a', '__proto__']);
  });

  it('leaves the index it grew from as it was', () => {
    const before = ['a'];
    growIndex(before, ['b']);
    expect(before).to.deep.equal(['a']);
  });

  it('lists no more than 32 keys and 1024 characters, and stays many for ever', () => {
    const keys = Array.from({ length: 32 }, (_, index) => `k${index}`);
    expect(growIndex(keys.slice(1), keys.slice(0, 1))).to.have.length(32);
    expect(growIndex(keys, ['one more'])).to.equal(MANY);
    expect(growIndex([], [...keys, 'one more'])).to.equal(MANY);
    expect(growIndex(['a'], ['x'.repeat(1023)])).to.have.length(2);
    expect(growIndex(['a'], ['x'.repeat(1024)])).to.equal(MANY);
    expect(growIndex(MANY, ['k'])).to.equal(MANY);
  });
});
