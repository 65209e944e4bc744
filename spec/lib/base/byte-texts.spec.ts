import { expect } from 'chai';
import * as fc from 'fast-check';
import { fromBase64Url, fromHex, toBase64Url, toHex } from '../../../lib/base/byte-texts.ts';
import { seed } from '../../support/seed.ts';

describe('base.byte-texts: hex and base64url', () => {
  const anyBytes = fc.uint8Array({ maxLength: 70 });

  it(`are those of Node, and give any bytes back (seed ${seed})`, () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(toHex(bytes)).to.equal(Buffer.from(bytes).toString('hex'));
        expect(toBase64Url(bytes)).to.equal(Buffer.from(bytes).toString('base64url'));
        expect(fromHex(toHex(bytes))).to.deep.equal(bytes);
        expect(fromBase64Url(toBase64Url(bytes))).to.deep.equal(bytes);
      }),
      { seed },
    );
  });

  it('have one text for each byte string', () => {
    for (const text of ['a', 'AA', '0g', ' 00', '0x']) expect(fromHex(text), text).to.equal(undefined);
    for (const text of ['A', 'AA==', 'AB', 'AAB', '+/AA', 'AAAAA', 'A A']) {
      expect(fromBase64Url(text), text).to.equal(undefined);
    }
    expect(fromBase64Url('AAA')).to.deep.equal(Uint8Array.of(0, 0));
  });
});
