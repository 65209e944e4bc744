import { blake3 } from '@noble/hashes/blake3.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { fastBlake3, fastBlake3InSteps } from '../../../lib/log/blake3.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { utf8 } from '../../../lib/base/bytes.ts';
import { seeded } from '../../support/arbitraries.ts';

describe('log.blake3', () => {
  it('hashes nothing, and a text, as the specification says', () => {
    expect(toHex(fastBlake3(new Uint8Array(0)))).to.equal(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    );
    expect(toHex(fastBlake3(utf8('abc')))).to.equal(
      '6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
    );
  });

  it('agrees with the general implementation at every length of a chunk, and around those of trees', () => {
    const lengths = Array.from({ length: 1026 }, (_, length) => length);
    for (let chunks = 1; chunks <= 40; chunks += 1) {
      for (const more of [-1, 0, 1, 64, 700]) lengths.push(chunks * 1024 + more);
    }
    for (const length of [...lengths, 1_048_576]) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + (at >> 8) + length) & 0xff);
      expect(toHex(fastBlake3(bytes)), `${length} bytes`).to.equal(toHex(blake3(bytes)));
    }
  });

  it('agrees with it whatever the bytes are, and keeps nothing from one hash to the next', () => {
    const bytes = fc.uint8Array({ maxLength: 3000 });
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const [one, other] = [fastBlake3(first), fastBlake3(second)];
        expect(toHex(one)).to.equal(toHex(blake3(first)));
        expect(toHex(other)).to.equal(toHex(blake3(second)));
      }),
      seeded(300),
    );
  });

  it('hashes what is long in steps, others between them, and what is short in one', () => {
    const long = fastBlake3InSteps(new Uint8Array(1_048_576).fill(7));
    let steps = 0;
    let step = long.next();
    for (; step.done !== true; step = long.next()) {
      fastBlake3(Uint8Array.of(steps));
      steps += 1;
    }
    expect(steps).to.be.within(8, 64);
    expect(step.value).to.deep.equal(fastBlake3(new Uint8Array(1_048_576).fill(7)));
    for (const length of [0, 1, 1024, 1025]) {
      const bytes = new Uint8Array(length).fill(7);
      expect(fastBlake3InSteps(bytes).next()).to.deep.equal({ done: true, value: fastBlake3(bytes) });
    }
  });
});
