import { expect } from 'chai';
import * as fc from 'fast-check';
import { compareBytes, utf8 } from '../../../lib/base/bytes.ts';
import { compareNames } from '../../../lib/store/name-order.ts';
import { ODD_NAMES, seeded } from '../../support/arbitraries.ts';

describe('store.name-order', () => {
  it('is that of the UTF-8 bytes, for all well-formed names', () => {
    const odd = ODD_NAMES.filter((name) => !/\p{Surrogate}/u.test(name));
    const aName = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.constantFrom(...odd));
    fc.assert(
      fc.property(aName, aName, (a, b) => {
        expect(Math.sign(compareNames(a, b))).to.equal(Math.sign(compareBytes(utf8(a), utf8(b))));
      }),
      seeded(1000),
    );
    expect(compareNames('\uffff', '\u{10000}')).to.be.below(0);
    expect(compareNames('a', 'a')).to.equal(0);
  });
});
