import { expect } from 'chai';
import * as fc from 'fast-check';
import { fitsSingle, floatAt, halfBits, halfValue, isShortest } from '../../../lib/log/float.ts';
import { seeded } from '../../support/arbitraries.ts';
import { hex } from '../../support/log-maker.ts';

describe('log.float', () => {
  it('gives the bits of every number that binary16 holds back', () => {
    for (let bits = 0; bits < 0x1_0000; bits += 1) {
      const value = halfValue(bits);
      expect(halfBits(value)).to.equal(Number.isNaN(value) ? 0x7e00 : bits);
    }
  });

  it('knows numbers of RFC 8949, appendix A', () => {
    expect(halfBits(1)).to.equal(0x3c00);
    expect(halfBits(1.5)).to.equal(0x3e00);
    expect(halfBits(65_504)).to.equal(0x7bff);
    expect(halfBits(5.960464477539063e-8)).to.equal(0x0001);
    expect(halfBits(0.00006103515625)).to.equal(0x0400);
    expect(halfBits(-4)).to.equal(0xc400);
    expect(halfBits(-0)).to.equal(0x8000);
    expect(halfBits(Infinity)).to.equal(0x7c00);
  });

  it('has no bits for other numbers', () => {
    for (const value of [1.1, 65_505, 65_520, 2 ** 16, 1e300, 2 ** -25, 1 + 2 ** -11, 5e-324]) {
      expect(halfBits(value), String(value)).to.equal(undefined);
    }
    fc.assert(
      fc.property(fc.double(), (value) => {
        const bits = halfBits(value);
        if (bits !== undefined) expect(halfValue(bits)).to.deep.equal(value);
      }),
      seeded(300),
    );
  });

  it('is read from bytes, of which one form is the shortest', () => {
    const forms: readonly (readonly [value: number, bytes: string, isShortest: boolean])[] = [
      [1.5, '3e00', true],
      [1.5, '3fc00000', false],
      [1.5, '3ff8000000000000', false],
      [100_000.5, '47c35040', true],
      [100_000.5, '40f86a0800000000', false],
      [1.1, '3ff199999999999a', true],
      [Number.NaN, '7e00', true],
      [Number.NaN, '7e01', false],
      [Number.NaN, '7fc00000', false],
      [-Infinity, 'fc00', true],
    ];
    for (const [value, bytes, isThat] of forms) {
      const all = hex(`ff${bytes}`);
      expect(floatAt(all.subarray(1), 0, all.length - 1), bytes).to.deep.equal(value);
      expect(isShortest(all, 1, all.length - 1), bytes).to.equal(isThat);
    }
  });

  it('tells what binary32 holds', () => {
    expect(fitsSingle(100_000.5)).to.equal(true);
    expect(fitsSingle(Number.NaN)).to.equal(true);
    expect(fitsSingle(0.1)).to.equal(false);
    expect(fitsSingle(1e300)).to.equal(false);
  });
});
