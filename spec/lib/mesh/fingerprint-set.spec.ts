import { expect } from 'chai';
import * as fc from 'fast-check';
import { FingerprintSet } from '../../../lib/mesh/fingerprint-set.ts';
import { seeded } from '../../support/arbitraries.ts';

const WORDS = 2 ** 32;

/** Fingerprints spread over all words, as hashes are. */
function fingerprint(at: number): readonly [high: number, low: number] {
  return [Math.imul(at + 1, 0x9e3779b1) >>> 0 || 1, Math.imul(at + 1, 0x85ebca6b) >>> 0];
}

describe('mesh/fingerprint-set', () => {
  it('holds what was added and nothing else', () => {
    const word = fc.oneof(
      fc.constantFrom(0, 1, 0x01000000, WORDS - 1),
      fc.integer({ min: 0, max: WORDS - 1 }),
    );
    const pairs = fc.array(fc.tuple(word, word), { maxLength: 200 });
    fc.assert(
      fc.property(pairs, pairs, (added, asked) => {
        const set = new FingerprintSet();
        const model = new Set<string>();
        for (const [high, low] of added) {
          set.add(high || 1, low);
          model.add(`${high || 1} ${low}`);
        }
        expect(set.size).to.equal(model.size);
        for (const [high, low] of [...added, ...asked])
          expect(set.has(high || 1, low)).to.equal(model.has(`${high || 1} ${low}`));
      }),
      seeded(200),
    );
  });

  it('tells apart what differs in one half only', () => {
    const set = new FingerprintSet();
    set.add(5, 7);
    set.add(5, 7);
    expect([set.size, set.has(5, 7), set.has(5, 8), set.has(6, 7)]).to.deep.equal([1, true, false, false]);
  });

  it('never asks for much memory at once, however much it holds', () => {
    const real = globalThis.Uint32Array;
    let largest = 0;
    class Counted extends real {
      constructor(length: number) {
        super(length);
        largest = Math.max(largest, length * real.BYTES_PER_ELEMENT);
      }
    }
    globalThis.Uint32Array = Counted as unknown as Uint32ArrayConstructor;
    try {
      const set = new FingerprintSet();
      for (let at = 0; at < 300_000; at += 1) set.add(...fingerprint(at));
      expect(set.size).to.equal(300_000);
    } finally {
      globalThis.Uint32Array = real;
    }
    expect(largest).to.be.within(1, 64 * 1024);
  });
});
