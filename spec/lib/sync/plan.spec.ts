import { expect } from 'chai';
import { ownFirst, planParts } from '../../../lib/sync/plan.ts';
import type { PlanPart } from '../../../lib/sync/sync-store.ts';

const LOG = { author: 'aa', log: 'bb' };
const OTHER = { author: 'cc', log: 'dd' };

const forkAt = (): number => 5;

const heightOf = (): number => 9;

const sideOf = (log: typeof LOG): unknown => ({ ...log, after: undefined, until: Infinity, side: true });

describe('sync.plan', () => {
  it('sends ranges as they are', () => {
    const ranges = [{ ...LOG, after: 3, until: 9 }];
    expect(planParts({ ranges, forks: [], sides: [] }, forkAt, heightOf)).to.deep.equal([
      { ...LOG, after: 3, until: 9, side: false },
    ]);
  });

  it('sends both branches of a fork, from the fork on or from where the other side is', () => {
    const parts = (after: number | undefined): unknown =>
      planParts({ ranges: [{ ...LOG, after, until: 9 }], forks: [], sides: [LOG] }, forkAt, heightOf);
    expect(parts(7)).to.deep.equal([{ ...LOG, after: 4, until: 9, side: false }, sideOf(LOG)]);
    expect(parts(2)).to.deep.equal([{ ...LOG, after: 2, until: 9, side: false }, sideOf(LOG)]);
    expect(parts(undefined)).to.deep.equal([
      { ...LOG, after: undefined, until: 9, side: false },
      sideOf(LOG),
    ]);
  });

  it('sends the canonical branch too where the other side seems to be ahead', () => {
    const plan = planParts(
      { ranges: [], forks: [], sides: [LOG, OTHER] },
      (log) => (log.author === 'aa' ? 0 : 5),
      heightOf,
    );
    expect(plan).to.deep.equal([
      { ...LOG, after: undefined, until: 9, side: false },
      { ...OTHER, after: 4, until: 9, side: false },
      sideOf(LOG),
      sideOf(OTHER),
    ]);
  });

  it("begins with the other side's own log, both branches of it, and leaves the order of the others", () => {
    const part = (log: typeof LOG, side = false): PlanPart => ({ ...log, after: 1, until: 9, side });
    const all = [part(LOG), part(OTHER), part({ ...LOG, log: 'ee' }), part(OTHER, true), part(LOG, true)];
    const order = (node: string | undefined): number[] =>
      ownFirst(all, node).map((sent) => all.indexOf(sent));
    expect(order('cc')).to.deep.equal([1, 3, 0, 2, 4]);
    expect(order('dd')).to.deep.equal([0, 1, 2, 3, 4]);
    expect(order(undefined)).to.deep.equal([0, 1, 2, 3, 4]);
  });
});
