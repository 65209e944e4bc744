import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromUtf8,
  utf8,
  utf8Length,
} from '../../../lib/base/bytes.ts';
import { seed } from '../../support/seed.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });

function sign(a: number[], b: number[]): number {
  return Math.sign(compareBytes(Uint8Array.from(a), Uint8Array.from(b)));
}

describe('base.bytes', () => {
  describe('utf8 and fromUtf8', () => {
    it(`give any well-formed text back (seed ${seed})`, () => {
      fc.assert(
        fc.property(anyText, (text) => {
          expect(fromUtf8(utf8(text))).to.equal(text);
        }),
        { seed },
      );
    });

    it('keep a byte order mark at the beginning', () => {
      expect(fromUtf8(utf8('\ufeffa'))).to.equal('\ufeffa');
    });

    it('turn lone surrogates and foreign bytes into U+FFFD', () => {
      expect(fromUtf8(utf8('a\ud800b'))).to.equal('a\ufffdb');
      expect(fromUtf8(Uint8Array.from([97, 255, 98]))).to.equal('a\ufffdb');
    });
  });

  describe('utf8Length', () => {
    it(`is the number of bytes that encoding makes, also of lone surrogates (seed ${seed})`, () => {
      const units = fc.array(
        fc.constantFrom(0x41, 0x7f, 0x80, 0x7ff, 0x800, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff),
      );
      fc.assert(
        fc.property(units, (codes) => {
          const text = String.fromCharCode(...codes);
          expect(utf8Length(text)).to.equal(utf8(text).length);
        }),
        { seed, numRuns: 500 },
      );
    });
  });

  describe('compareBytes', () => {
    it('puts a prefix before what it begins', () => {
      expect(sign([1, 2], [1, 2, 0])).to.equal(-1);
      expect(sign([], [0])).to.equal(-1);
      expect(sign([1], [])).to.equal(1);
    });

    it('compares bytes without sign', () => {
      expect(sign([127], [128])).to.equal(-1);
      expect(sign([255, 0], [254, 255])).to.equal(1);
    });

    it('calls equal only what is equal', () => {
      expect(sign([3, 0, 255], [3, 0, 255])).to.equal(0);
    });

    it('orders characters beyond U+FFFF after U+FF5E, unlike `<` on strings', () => {
      const [tilde, face] = ['\uff5e', '\u{1f600}'] as const;
      expect(compareBytes(utf8(tilde), utf8(face))).to.be.below(0);
      expect([face, tilde].toSorted()).to.deep.equal([face, tilde]);
    });
  });

  describe('concatBytes and equalBytes', () => {
    it('put parts together and compare them whole', () => {
      const [a, b] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
      expect(concatBytes(a, new Uint8Array(0), b)).to.deep.equal(Uint8Array.of(1, 2, 3));
      expect(concatBytes()).to.have.lengthOf(0);
      expect(equalBytes(concatBytes(a, b), Uint8Array.of(1, 2, 3))).to.equal(true);
      expect(equalBytes(a, Uint8Array.of(1, 2, 0))).to.equal(false);
      expect(equalBytes(a, Uint8Array.of(1, 3))).to.equal(false);
    });
  });
});
