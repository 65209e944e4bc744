import { expect } from 'chai';
import { utf8Length } from '../../../lib/base/bytes.ts';
import { fitReason } from '../../../lib/mesh/link.ts';

describe('mesh/link', () => {
  it('leaves a close reason that fits as it is', () => {
    expect(fitReason('going away')).to.equal('going away');
    expect(fitReason('x'.repeat(123))).to.have.lengthOf(123);
  });

  it('cuts a longer one at 123 bytes, and no character in two', () => {
    expect(fitReason('x'.repeat(200))).to.have.lengthOf(123);
    for (const reason of ['é'.repeat(100), '語'.repeat(100), '😀'.repeat(100)]) {
      expect(utf8Length(fitReason(reason))).to.be.within(119, 123);
      expect(reason.startsWith(fitReason(reason))).to.equal(true);
    }
  });
});
