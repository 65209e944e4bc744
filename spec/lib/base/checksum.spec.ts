import { expect } from 'chai';
import { utf8 } from '../../../lib/base/bytes.ts';
import { checksum, checksumIn } from '../../../lib/base/checksum.ts';

describe('checksum', () => {
  it('is MurmurHash3: it gives what its author published and others found', () => {
    const known: [text: string, seed: number, sum: number][] = [
      ['', 0, 0],
      ['', 1, 0x514e28b7],
      ['', 0xffffffff, 0x81f16f39],
      ['test', 0, 0xba6bd213],
      ['test', 0x9747b28c, 0x704b81dc],
      ['Hello, world!', 0, 0xc0363e43],
      ['Hello, world!', 0x9747b28c, 0x24884cba],
      ['aaa', 0x9747b28c, 0x283e0130],
      ['aa', 0x9747b28c, 0x5d211726],
      ['a', 0x9747b28c, 0x7fa09ea6],
      ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ];
    for (const [text, seed, sum] of known) expect(checksum(utf8(text), seed), text).to.equal(sum);
  });

  it('takes a part of the bytes as if it were alone', () => {
    const bytes = utf8('some bytes of any kind');
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let from = 0; from < bytes.length; from += 1) {
      for (let to = from; to <= bytes.length; to += 1) {
        expect(checksumIn(view, 7, from, to)).to.equal(checksum(bytes.slice(from, to), 7));
      }
    }
  });

  it('changes with any one bit', () => {
    const bytes = utf8('a value of some length');
    const sums = new Set([checksum(bytes)]);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      sums.add(checksum(bytes));
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(sums.size).to.equal(8 * bytes.length + 1);
  });
});
