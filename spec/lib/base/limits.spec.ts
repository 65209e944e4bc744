import { expect } from 'chai';
import { DEFAULT_LIMITS, limitsWith } from '../../../lib/base/limits.ts';

describe('base.limits', () => {
  it('has a whole number above zero for every bound', () => {
    for (const [name, value] of Object.entries(DEFAULT_LIMITS)) {
      expect(Number.isSafeInteger(value) && value > 0, name).to.equal(true);
    }
  });

  it('keeps message ids longer than the nine seconds of Gun', () => {
    expect(DEFAULT_LIMITS.dedupeLifeMs).to.be.at.least(9000);
  });

  it('takes a frame only up to what may wait for a peer, so that any frame can be passed on', () => {
    expect(DEFAULT_LIMITS.outputBytes).to.be.at.least(DEFAULT_LIMITS.frameBytes);
  });

  it('replaces some bounds and leaves the defaults alone', () => {
    const limits = limitsWith({ frameBytes: 10 });
    expect(limits).to.deep.equal({ ...DEFAULT_LIMITS, frameBytes: 10 });
    expect(DEFAULT_LIMITS.frameBytes).to.be.above(10);
    expect(limitsWith()).to.deep.equal(DEFAULT_LIMITS);
  });
});
