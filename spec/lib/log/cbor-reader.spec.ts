import { expect } from 'chai';
import * as fc from 'fast-check';
import { readCbor } from '../../../lib/log/cbor-reader.ts';
import { encodeCbor, type CborValue } from '../../../lib/log/cbor-writer.ts';
import { seeded } from '../../support/arbitraries.ts';
import { aCborValue, aDamage } from '../../support/cbor-arbitraries.ts';
import { hex } from '../../support/log-maker.ts';

/** The value that bytes hold; throws the fault. */
function read(bytes: Uint8Array): CborValue {
  const result = readCbor(bytes);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

/** True when a value holds a float that could be an integer, which has two canonical forms. */
function hasWholeFloat(bytes: Uint8Array): boolean {
  return bytes.includes(0xf9) || bytes.includes(0xfa) || bytes.includes(0xfb);
}

describe('log.cbor-reader', () => {
  it('reads what the writer wrote', () => {
    fc.assert(
      fc.property(aCborValue(), (value) => {
        expect(encodeCbor(read(encodeCbor(value)))).to.deep.equal(encodeCbor(value));
      }),
      seeded(400),
    );
  });

  it('gives numbers where they are safe, bigints beyond, maps and copies of bytes', () => {
    const bytes = hex(
      '861b00000001000000001bffffffffffffffff3bffffffffffffffff4101a1695f5f70726f746f5f5f01fb3fb999999999999a',
    );
    const [safe, beyond, below, view, map, float] = read(bytes) as CborValue[];
    expect([safe, beyond, below, float]).to.deep.equal([2 ** 32, 2n ** 64n - 1n, -(2n ** 64n), 0.1]);
    expect(map).to.deep.equal(new Map([['__proto__', 1]]));
    expect(Object.getPrototypeOf(view)).to.equal(Uint8Array.prototype);
    bytes.fill(0);
    expect(view).to.deep.equal(Uint8Array.of(1));
  });

  it('refuses what the scanner refuses, and what would become objects of the language', () => {
    for (const bytes of ['9f00ff', 'd81b8200', 'd81c81d81d00', 'c100', 'd9010280', 'd9dfff810000', '00ff']) {
      expect(readCbor(hex(bytes)).ok, bytes).to.equal(false);
    }
  });

  it('throws for no bytes, and reads nothing that the writer would write in another way', function () {
    this.timeout(60_000);
    const damaged = fc.tuple(aCborValue(), aDamage()).map(([value, damage]) => damage(encodeCbor(value)));
    fc.assert(
      fc.property(damaged, (bytes) => {
        const result = readCbor(bytes);
        if (result.ok && !hasWholeFloat(bytes)) expect(encodeCbor(result.value)).to.deep.equal(bytes);
      }),
      seeded(2000),
    );
  });
});
