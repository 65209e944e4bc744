import { expect } from 'chai';
import { DEFAULT_GRAPH_LIMITS, graphLimitsWith } from '../../../lib/base/graph-limits.ts';
import { DEFAULT_LIMITS } from '../../../lib/base/limits.ts';

describe('base.graph-limits', () => {
  it('are those of relays, as far as graphs have them', () => {
    expect(DEFAULT_LIMITS).to.include(DEFAULT_GRAPH_LIMITS);
  });

  it('replaces some bounds and leaves the defaults alone', () => {
    const limits = graphLimitsWith({ frameBytes: 10 });
    expect(limits).to.deep.equal({ ...DEFAULT_GRAPH_LIMITS, frameBytes: 10 });
    expect(DEFAULT_GRAPH_LIMITS.frameBytes).to.be.above(10);
  });
});
