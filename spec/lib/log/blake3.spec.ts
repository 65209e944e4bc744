import { blake3 } from '@noble/hashes/blake3.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { CHUNK_BYTES, hashChunk, HASHES_CHUNKS } from '../../../lib/log/blake3.ts';
import { toHex, utf8 } from '../../../lib/base/bytes.ts';
import { seeded } from '../../support/arbitraries.ts';

describe('log.blake3', () => {
  it('hashes nothing, and a text, as the specification says', () => {
    expect(toHex(hashChunk(new Uint8Array(0)))).to.equal(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    );
    expect(toHex(hashChunk(utf8('abc')))).to.equal(
      '6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85',
    );
    expect(HASHES_CHUNKS).to.equal(true);
  });

  it('agrees with the general implementation at every length of a chunk', () => {
    for (let length = 0; length <= CHUNK_BYTES; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 0xff);
      expect(toHex(hashChunk(bytes)), `${length} bytes`).to.equal(toHex(blake3(bytes)));
    }
  });

  it('agrees with it whatever the bytes are, and keeps nothing from one hash to the next', () => {
    const bytes = fc.uint8Array({ maxLength: CHUNK_BYTES });
    fc.assert(
      fc.property(bytes, bytes, (first, second) => {
        const [one, other] = [hashChunk(first), hashChunk(second)];
        expect(toHex(one)).to.equal(toHex(blake3(first)));
        expect(toHex(other)).to.equal(toHex(blake3(second)));
      }),
      seeded(300),
    );
  });
});
