import { expect } from 'chai';
import * as fc from 'fast-check';
import type { FieldWrite } from '../../../lib/graph/write.ts';
import { portionEnd } from '../../../lib/mesh/portions.ts';
import { seeded } from '../../support/arbitraries.ts';

const MOST_WRITES = 1000;
const MOST_LENGTH = 256 * 1024;

/** Writes of nodes with so many properties each. */
function nodesOf(counts: readonly number[], json = '1'): FieldWrite[] {
  return counts.flatMap((count, at) =>
    Array.from({ length: count }, (_, i) => ({ soul: `s${at}`, key: `k${i}`, state: 1, json })),
  );
}

/** Where portions end. */
function ends(writes: readonly FieldWrite[]): number[] {
  const all: number[] = [];
  while ((all.at(-1) ?? 0) < writes.length) all.push(portionEnd(writes, all.at(-1) ?? 0));
  return all;
}

describe('mesh/portions', () => {
  it('leave a small change whole', () => {
    expect(ends(nodesOf([1]))).to.deep.equal([1]);
    expect(ends(nodesOf([400, 600]))).to.deep.equal([1000]);
    expect(portionEnd([], 0)).to.equal(0);
  });

  it('end between nodes where they can', () => {
    expect(ends(nodesOf([400, 400, 400, 900]))).to.deep.equal([800, 1200, 2100]);
  });

  it('cut a node that is larger than one of them', () => {
    expect(ends(nodesOf([10, 2500, 10]))).to.deep.equal([10, 1010, 2010, 2520]);
  });

  it('count characters as well, and take one write of any length', () => {
    const long = 'x'.repeat(MOST_LENGTH / 4);
    expect(ends(nodesOf([10], long))).to.deep.equal([3, 6, 9, 10]);
    expect(ends(nodesOf([3], 'x'.repeat(2 * MOST_LENGTH)))).to.deep.equal([1, 2, 3]);
  });

  it('hold every write once, and never more than they may', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 1500 }), { maxLength: 8 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 2000 }), (each, length) => {
        const writes = nodesOf(each, 'x'.repeat(length));
        let start = 0;
        for (const end of ends(writes)) {
          const portion = writes.slice(start, end);
          expect(portion.length).to.be.within(1, MOST_WRITES);
          const characters = portion.reduce(
            (sum, { soul, key, json }) => sum + soul.length + key.length + json.length,
            0,
          );
          if (portion.length > 1) expect(characters).to.be.at.most(MOST_LENGTH);
          start = end;
        }
        expect(start).to.equal(writes.length);
      }),
      seeded(50),
    );
  });
});
