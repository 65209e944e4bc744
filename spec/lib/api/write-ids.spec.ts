import { expect } from 'chai';
import { writeIds } from '../../../lib/api/write-ids.ts';

describe('writeIds', () => {
  it('are in the order of the writes, whether these share a millisecond or not, and over restarts', () => {
    let now = 1;
    const ids: string[] = [];
    for (const start of [1, 35, 36, 1_700_000_000_000]) {
      now = start;
      const next = writeIds(() => now);
      for (let written = 0; written < 100; written += 1) {
        if (written % 10 === 0) now += 0.5;
        ids.push(next());
      }
    }
    const later = [36, 99, 1_700_000_000_100].flatMap((time) => writeIds(() => time)());
    expect(ids.slice(0, 100)).to.deep.equal(ids.slice(0, 100).toSorted());
    expect(ids.slice(300)).to.deep.equal(ids.slice(300).toSorted());
    expect(later).to.deep.equal(later.toSorted());
    expect(new Set(ids.map((id) => id.length))).to.deep.equal(new Set([ids[0]!.length]));
  });

  it('are other ones than those of a graph that writes at the same moment', () => {
    const [first, second] = [writeIds(() => 7), writeIds(() => 7)];
    expect(first()).to.not.equal(second());
  });

  it('are texts of one length before the epoch too', () => {
    expect(writeIds(() => -5)()).to.have.lengthOf(writeIds(() => 5)().length);
  });
});
