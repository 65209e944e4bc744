import { expect } from 'chai';
import { latencyOf, median, percentile } from './statistics.ts';

describe('statistics of the bench', () => {
  it('takes the middle value as the median, or the mean of the two middle ones', () => {
    expect(median([9, 1, 5])).to.equal(5);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([7])).to.equal(7);
  });

  it('leaves rounds without a figure out of the median', () => {
    expect(median([Number.NaN, 3, 1])).to.equal(2);
    expect(median([])).to.be.NaN;
    expect(median([Number.NaN])).to.be.NaN;
  });

  it('takes percentiles by rank, sorting numbers as numbers', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(percentile(hundred, 0.5)).to.equal(50);
    expect(percentile(hundred, 0.99)).to.equal(99);
    expect(percentile([10, 9], 0)).to.equal(9);
    expect(percentile([], 0.5)).to.be.NaN;
    expect(latencyOf(hundred)).to.deep.equal({ p50: 50, p99: 99 });
  });
});
