import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  fromBase64,
  fromHex,
  fromLatin1,
  toBase64,
  toBase64Url,
  toHex,
  toLatin1,
} from '../../../lib/sea/base64.ts';
import { seeded } from '../../support/arbitraries.ts';

const bytes = fc.uint8Array({ maxLength: 70 });

describe('sea base64', () => {
  it('writes what others write', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect(toBase64(some)).to.equal(Buffer.from(some).toString('base64'));
        expect(toBase64Url(some)).to.equal(Buffer.from(some).toString('base64url'));
        expect(toHex(some)).to.equal(Buffer.from(some).toString('hex'));
        expect(toLatin1(some)).to.equal(Buffer.from(some).toString('latin1'));
      }),
      seeded(200),
    );
  });

  it('reads back what it wrote', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        expect(fromBase64(toBase64(some))).to.deep.equal(some);
        expect(fromHex(toHex(some).toUpperCase())).to.deep.equal(some);
        expect(fromLatin1(toLatin1(some))).to.deep.equal(some);
      }),
      seeded(200),
    );
  });

  it('takes one base64 text for each byte string and no other', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom('A', 'Q', 'g', 'w', '/', '+', '_', '-', '=', ' ', '\n', 'é'),
          maxLength: 9,
        }),
        fc.string({ unit: fc.constantFrom('A', 'B', '='), maxLength: 8 }),
        (odd, even) => {
          for (const text of [odd, even]) {
            const read = fromBase64(text);
            if (read !== undefined) expect(toBase64(read)).to.equal(text);
          }
        },
      ),
      seeded(500),
    );
  });

  it('refuses unused bits, missing or misplaced padding, other letters and other lengths', () => {
    expect(fromBase64('')).to.deep.equal(new Uint8Array(0));
    expect(fromBase64('AA==')).to.deep.equal(new Uint8Array(1));
    for (const text of [
      'AB==',
      'AAB=',
      'AA',
      'AA=',
      'A===',
      '====',
      '=AAA',
      'AA=A',
      'AA==AAAA',
      'A-A=',
      'AAAé',
    ]) {
      expect(fromBase64(text), text).to.equal(undefined);
    }
  });

  it('refuses what is no hexadecimal number of whole bytes, and characters of two bytes', () => {
    for (const text of ['0', 'zz', '0x', ' 0']) expect(fromHex(text), text).to.equal(undefined);
    expect(fromLatin1('\u0100')).to.equal(undefined);
  });

  it('takes long byte strings', () => {
    const many = new Uint8Array(300_000).map((_, at) => at);
    expect(fromLatin1(toLatin1(many))).to.deep.equal(many);
    expect(fromBase64(toBase64(many))).to.deep.equal(many);
  });
});
