import { expect } from 'chai';
import { Stopwatch } from '../../../lib/mesh/stopwatch.ts';

describe('mesh/stopwatch', () => {
  let now: number;
  let times: number[];
  let watch: Stopwatch;

  beforeEach(() => {
    now = 100;
    times = [];
    watch = new Stopwatch(() => now);
    watch.onTime = (ms) => times.push(ms);
  });

  it('measures everything that happens one after the other', () => {
    for (const ms of [5, 7]) {
      expect(watch.start()).to.equal(true);
      now += ms;
      watch.stop();
    }
    expect(times).to.deep.equal([5, 7]);
  });

  it('measures one thing at a time', () => {
    expect([watch.start(), watch.start(), watch.start()]).to.deep.equal([true, false, false]);
    now += 3;
    watch.stop();
    expect(watch.start()).to.equal(true);
    expect(times).to.deep.equal([3]);
  });

  it('tells nothing that it did not measure', () => {
    watch.stop();
    expect(times).to.deep.equal([]);
  });
});
