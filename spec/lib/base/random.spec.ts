import { expect } from 'chai';
import { randomId, randomText } from '../../../lib/base/random.ts';

const SAMPLE = 60_000;

describe('base.random', () => {
  it('makes message ids of nine characters from the alphabet of Gun, which has no capital Y', () => {
    for (let i = 0; i < 1000; i += 1) expect(randomId()).to.match(/^[0-9A-XZa-z]{9}$/);
  });

  it('makes texts of the length asked for', () => {
    for (const length of [0, 1, 24, 5000]) expect(randomText(length)).to.have.lengthOf(length);
  });

  it('does not repeat ids', () => {
    expect(new Set(Array.from({ length: 10_000 }, randomId)).size).to.equal(10_000);
  });

  it('favours no character', () => {
    const counts = new Map<string, number>();
    for (const character of randomText(SAMPLE)) counts.set(character, (counts.get(character) ?? 0) + 1);
    expect(counts.size).to.equal(61);
    // The mean is 984 with a deviation of 31; chance alone leaves this band less than once in 10^12 runs.
    for (const [character, count] of counts) expect(count, character).to.be.within(740, 1240);
  });
});
