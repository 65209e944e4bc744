import { expect } from 'chai';
import { PeerHeights } from '../../../lib/sync/peer-heights.ts';

const LOG = { author: 'aa', log: 'bb' };

const operation = (sequence: number): { author: string; log: string; id: string; sequence: number } => ({
  ...LOG,
  id: `${sequence}`,
  sequence,
});

describe('sync.peer-heights', () => {
  it('rises with what passes in either direction', () => {
    const heights = new PeerHeights();
    expect(heights.heightOf(LOG)).to.equal(undefined);
    heights.begin(LOG, 3);
    heights.passed({ ...LOG, id: 'x', sequence: 5 }, true);
    heights.passed({ ...LOG, id: 'y', sequence: 4 }, true);
    expect(heights.heightOf(LOG)).to.equal(5);
  });

  it('forgets the logs of which nothing was taken and nothing was shown', () => {
    const heights = new PeerHeights();
    const [shown, taken, refused] = ['shown', 'taken', 'refused'].map((author) => ({ author, log: 'bb' }));
    heights.begin(shown!, 0);
    for (const log of [shown!, taken!, refused!]) heights.came({ ...log, id: log.author, sequence: 1 }, true);
    heights.keep(taken!);
    for (const log of [shown!, taken!, refused!]) heights.leaveOut(log);
    expect([shown!, taken!, refused!].map((log) => heights.heightOf(log))).to.deep.equal([1, 1, undefined]);
    expect(heights.size).to.equal(2);
    expect(heights.knows({ ...refused!, id: 'refused', sequence: 1 })).to.equal(true);
    heights.came({ ...refused!, id: 'again', sequence: 2 }, true);
    expect(heights.heightOf(refused!)).to.equal(2);
  });

  it('begins with a state vector that both sides have, which stays as it is', () => {
    const heights = new PeerHeights();
    const both = new Map([['aa', new Map([['bb', { height: 3, id: new Uint8Array(32) }]])]]);
    heights.beginWith(both);
    expect([heights.size, heights.heightOf(LOG), heights.heightOf({ ...LOG, log: 'cc' })]).to.deep.equal([
      1,
      3,
      undefined,
    ]);
    heights.passed(operation(2), true);
    expect(heights.heightOf(LOG)).to.equal(3);
    heights.passed(operation(4), true);
    expect([heights.heightOf(LOG), both.get('aa')?.get('bb')?.height]).to.deep.equal([4, 3]);
    heights.fallBehind(LOG);
    expect(heights.takeBehind()).to.deep.equal([{ ...LOG, after: 4, forked: false }]);
  });

  it('remembers at least the last 1024 ids, and no more than twice as many', () => {
    const heights = new PeerHeights();
    for (let last = 0; last < 5000; last += 1) {
      heights.passed(operation(last), last % 3 > 0);
      for (const back of [0, 1, 511, 1023]) {
        if (back <= last) expect(heights.knows(operation(last - back)), `${last}, ${back}`).to.equal(true);
      }
      if (last >= 2048) expect(heights.knows(operation(last - 2048)), String(last)).to.equal(false);
    }
    // What passed again is remembered from then on.
    heights.passed(operation(3000), true);
    for (let last = 5000; last < 6023; last += 1) heights.passed(operation(last), true);
    expect(heights.knows(operation(3000))).to.equal(true);
  });

  it('remembers of these which passed without a body, until it passes with one', () => {
    const heights = new PeerHeights();
    heights.passed(operation(1), true);
    heights.passed(operation(2), false);
    const bodies = (): boolean[] => [0, 1, 2].map((at) => heights.knowsBody(operation(at)));
    expect(bodies()).to.deep.equal([false, true, false]);
    heights.passed(operation(2), true);
    expect(bodies()).to.deep.equal([false, true, true]);
    heights.passed(operation(3), false);
    for (let at = 4; at < 1028; at += 1) heights.passed(operation(at), true);
    expect([heights.knows(operation(3)), heights.knowsBody(operation(3))]).to.deep.equal([true, false]);
    for (let at = 1028; at < 2100; at += 1) heights.passed(operation(at), true);
    expect([heights.knows(operation(3)), heights.knowsBody(operation(3))]).to.deep.equal([false, false]);
    // Nothing is left of it.
    heights.passed(operation(3), true);
    expect(heights.knowsBody(operation(3))).to.equal(true);
  });

  it('gives the logs that went on once, with what the other side has of them then', () => {
    const heights = new PeerHeights();
    heights.begin(LOG, 3);
    heights.fallBehind(LOG);
    heights.begin({ author: 'cc', log: 'dd' }, 7);
    heights.fallBehind({ author: 'cc', log: 'dd' }, 5);
    heights.fallBehind({ author: 'cc', log: 'dd' }, 3);
    heights.fallBehind({ author: 'cc', log: 'dd' });
    heights.fallBehind({ author: 'ee', log: 'ff' }, 0);
    heights.begin({ author: 'gg', log: 'hh' }, 1);
    heights.fallBehind({ author: 'gg', log: 'hh' }, 3);
    heights.fallBehind({ author: 'ii', log: 'jj' }, 3);
    heights.passed({ ...LOG, id: 'x', sequence: 4 }, true);
    expect(heights.takeBehind()).to.deep.equal([
      { ...LOG, after: 4, forked: false },
      { author: 'cc', log: 'dd', after: 2, forked: true },
      { author: 'ee', log: 'ff', after: undefined, forked: true },
      { author: 'gg', log: 'hh', after: 1, forked: true },
      { author: 'ii', log: 'jj', after: undefined, forked: true },
    ]);
    expect(heights.takeBehind()).to.deep.equal([]);
  });
});
