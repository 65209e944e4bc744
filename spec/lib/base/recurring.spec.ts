import { expect } from 'chai';
import * as fc from 'fast-check';
import { Recurring } from '../../../lib/base/recurring.ts';
import { seeded } from '../../support/arbitraries.ts';

describe('base.recurring', () => {
  it('gives the bytes that are meant, whatever came before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.uint8Array({ max: 2, maxLength: 6 }), fc.nat(6), fc.nat(6))),
        (takes) => {
          const recurring = new Recurring();
          for (const [bytes, one, other] of takes) {
            const [from, to] = [
              Math.min(one, other, bytes.length),
              Math.min(Math.max(one, other), bytes.length),
            ];
            expect(recurring.take(bytes, from, to)).to.deep.equal(bytes.slice(from, to));
          }
        },
      ),
      seeded(300),
    );
  });

  it('keeps one copy of the same bytes in a row', () => {
    const recurring = new Recurring();
    const bytes = Uint8Array.of(9, 1, 2, 1, 2, 3);
    const first = recurring.take(bytes, 1, 3);
    expect(recurring.take(bytes, 3, 5)).to.equal(first);
    expect(recurring.take(bytes, 3, 6)).not.to.equal(first);
    bytes.fill(0);
    expect(first).to.deep.equal(Uint8Array.of(1, 2));
  });
});
