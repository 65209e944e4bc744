import { expect } from 'chai';
import * as fc from 'fast-check';
import { TokenBucket } from '../../relay/token-bucket.ts';
import { seeded } from '../support/arbitraries.ts';

const RATE = { perSecond: 20, burst: 5 };

describe('relay token bucket', () => {
  it('gives its burst at once, then its rate', () => {
    const bucket = new TokenBucket(RATE, 1000);
    for (let i = 0; i < 5; i += 1) expect(bucket.takeOne(1000)).to.equal(true);
    expect(bucket.takeOne(1000)).to.equal(false);
    expect(bucket.takeOne(1049)).to.equal(false);
    expect(bucket.takeOne(1050)).to.equal(true);
    expect(bucket.takeOne(1099)).to.equal(false);
  });

  it('never holds more than its burst', () => {
    const bucket = new TokenBucket(RATE, 0);
    expect(bucket.level(1_000_000)).to.equal(5);
  });

  it('gives credit and says how long it takes to pay back', () => {
    const bucket = new TokenBucket(RATE, 0);
    expect(bucket.spend(5, 0)).to.equal(0);
    expect(bucket.spend(10, 0)).to.equal(500);
    expect(bucket.spend(0, 250)).to.equal(250);
    expect(bucket.spend(0, 500)).to.equal(0);
  });

  it('takes a clock that stands still or goes back for one that stands still', () => {
    const bucket = new TokenBucket(RATE, 1000);
    expect(bucket.spend(5, 1000)).to.equal(0);
    expect(bucket.level(500)).to.equal(0);
    expect(bucket.level(500)).to.equal(0);
  });

  it('lets through no more than burst and rate allow, whatever the schedule', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 100 }), (gaps) => {
        const bucket = new TokenBucket(RATE, 0);
        let now = 0;
        let taken = 0;
        for (const gap of gaps) {
          now += gap;
          if (bucket.takeOne(now)) taken += 1;
          expect(taken).to.be.at.most(RATE.burst + (RATE.perSecond * now) / 1000);
        }
      }),
      seeded(200),
    );
  });
});
