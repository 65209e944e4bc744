import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { utf8 } from '../../../lib/base/bytes.ts';
import { graphTopic, hashBytes, hashHex, logIdOf } from '../../../lib/log/hash.ts';

describe('log.hash', () => {
  it('is BLAKE3 of 256 bits', () => {
    // The vector of no bytes at all in BLAKE3's own list.
    expect(hashHex(new Uint8Array(0))).to.equal(
      'af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262',
    );
    expect(toHex(hashBytes(utf8('a')))).to.equal(hashHex(utf8('a')));
  });

  it('gives the log of a topic', () => {
    expect(toHex(logIdOf(new Uint8Array(32).fill(7)))).to.equal(
      'ebaf85b465a09de21b398fb112c1500f2cbe658c42f379e0c0f18d24b819f637',
    );
  });

  it('gives each network a topic of its own', () => {
    expect(graphTopic('a')).to.deep.equal(hashBytes(utf8('gun-grapha')));
    expect(graphTopic('a')).to.not.deep.equal(graphTopic('b'));
  });
});
