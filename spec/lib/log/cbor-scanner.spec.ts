import { expect } from 'chai';
import * as fc from 'fast-check';
import { concatBytes } from '../../../lib/base/bytes.ts';
import { CborScanner, scanCbor } from '../../../lib/log/cbor-scanner.ts';
import { encodeCbor } from '../../../lib/log/cbor-writer.ts';
import { aCborValue, aDamage } from '../../support/cbor-arbitraries.ts';
import { seeded } from '../../support/arbitraries.ts';
import { hex } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

function faultOf(bytes: string): string | undefined {
  return scanCbor(hex(bytes));
}

function nested(depth: number): string {
  return '81'.repeat(depth) + '00';
}

const faultOfRead = (bytes: string, read: (scanner: CborScanner) => unknown): string | undefined => {
  const scanner = new CborScanner(hex(bytes));
  read(scanner);
  return scanner.fault;
};

describe('log.cbor-scanner', () => {
  it('takes whatever the writer writes', () => {
    fc.assert(
      fc.property(aCborValue(), (value) => {
        expect(scanCbor(encodeCbor(value))).to.equal(undefined);
      }),
      seeded(400),
    );
  });

  const REFUSED: Readonly<Record<string, readonly string[]>> = {
    'an integer not in its shortest form': [
      '1817',
      '1900ff',
      '1a0000ffff',
      '1b00000000ffffffff',
      '3817',
      '581000',
    ],
    'an indefinite length': ['9f00ff', '5f4100ff', '7f6161ff', 'bf6161ff', '1c', '1f'],
    'a tag': ['c000', 'd9d9f700', 'd84040', '81c100'],
    'a simple value that is no boolean, null or float': ['f7', 'e0', 'f820', 'ff', 'f8ff'],
    'a float not in its shortest form': [
      'fa3fc00000',
      'fb3ff8000000000000',
      'fb40f86a0800000000',
      'fa7fc00000',
      'f97e01',
      'f9fe00',
      'fb7ff8000000000000',
    ],
    'the bytes end too early': [
      '',
      '18',
      '19ff',
      '42ff',
      '6261',
      '81',
      'a1',
      'a100',
      'fa0000',
      '9affffffff',
      'bbffffffffffffffff',
      '5bffffffffffffffff',
    ],
    'bytes follow the end': ['0000', '8000', 'f6f6'],
    'a text that is not UTF-8': ['61ff', '62c328', '63eda080', '62c080', '64f4908080'],
    'keys out of order': ['a2616201616102', 'a262616101616202', 'a220000100'],
    'a key twice': ['a2616101616102', 'a200000001', 'a280008000'],
    'deeper than 64': [nested(65), 'a100'.repeat(65) + '00', '81'.repeat(64) + '80'],
  };
  for (const [fault, inputs] of Object.entries(REFUSED)) {
    it(`refuses ${fault}`, () => {
      for (const input of inputs) expect(faultOf(input), input).to.equal(fault);
    });
  }

  it('takes containers up to the depth', () => {
    expect(faultOf(nested(64))).to.equal(undefined);
    expect(faultOf(`${'a100'.repeat(64)}00`)).to.equal(undefined);
    expect(faultOf('81'.repeat(63) + '80')).to.equal(undefined);
  });

  it('takes keys in any order where that is allowed, but none twice', () => {
    const rules = { depth: 64, keys: 'distinct' } as const;
    for (const { name, cbor } of loadVectors<{ cases: { name: string; cbor: string }[] }>(
      'p2panda/payloads.json',
    ).cases) {
      expect(scanCbor(hex(cbor), rules), name).to.equal(undefined);
    }
    expect(scanCbor(hex('a3616201616101616202'), rules)).to.equal('a key twice');
    expect(scanCbor(hex('82a1616101a1616102'), rules)).to.equal(undefined);
  });

  it('reads in order, and gives one item whole', () => {
    const scanner = new CborScanner(hex('87011b7fffffffffffffff4201026161f5f68201a10203'));
    expect(scanner.array()).to.equal(7);
    expect(scanner.uint()).to.equal(1);
    expect(scanner.bigUint()).to.equal(2n ** 63n - 1n);
    expect(scanner.bytes(2)).to.deep.equal(Uint8Array.of(1, 2));
    expect(scanner.isNull()).to.equal(false);
    expect(scanner.text()).to.equal('a');
    expect(scanner.bool()).to.equal(true);
    expect(scanner.isNull()).to.equal(true);
    expect(scanner.item()).to.deep.equal(hex('8201a10203'));
    scanner.end();
    expect(scanner.fault).to.equal(undefined);
    expect(scanner.at).to.equal(23);
  });

  it('stays at its first fault, and gives nothing from then on', () => {
    const scanner = new CborScanner(hex('18ff4101616183000000a10000f5f6'));
    expect(scanner.uint(254)).to.equal(0);
    expect(scanner.fault).to.equal('an integer above 254');
    expect(scanner.bytes()).to.have.lengthOf(0);
    expect(scanner.text()).to.equal('');
    expect([scanner.array(), scanner.map(), scanner.uint(), scanner.bigUint()]).to.deep.equal([0, 0, 0, 0n]);
    expect([scanner.bool(), scanner.isNull(), scanner.item().length]).to.deep.equal([false, false, 0]);
    scanner.end();
    expect(scanner.fault).to.equal('an integer above 254');
  });

  it('says what it found instead of what it was asked for', () => {
    expect(faultOfRead('20', (scanner) => scanner.uint())).to.equal('not an unsigned integer');
    expect(faultOfRead('4101', (scanner) => scanner.bytes(2))).to.equal('1 bytes instead of 2');
    expect(faultOfRead('4101', (scanner) => scanner.text())).to.equal('not a text');
    expect(faultOfRead('00', (scanner) => scanner.bool())).to.equal('no boolean');
    expect(faultOfRead('00', (scanner) => scanner.map())).to.equal('not a map');
    expect(faultOfRead('', (scanner) => scanner.array())).to.equal('the bytes end too early');
  });

  it('throws for no bytes, and takes no damaged ones for what the writer would not write', function () {
    this.timeout(60_000);
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 80 }),
      fc.tuple(aCborValue(), fc.array(aDamage(), { minLength: 1, maxLength: 3 })).map(([value, damages]) => {
        let damaged = encodeCbor(value);
        for (const damage of damages) damaged = damage(damaged);
        return damaged;
      }),
    );
    fc.assert(
      fc.property(bytes, (input) => {
        const fault = scanCbor(input);
        // Whatever follows a whole item is refused, so nothing can be canonical twice.
        if (fault === undefined) expect(scanCbor(concatBytes(input, input))).to.equal('bytes follow the end');
      }),
      seeded(10_000),
    );
  });
});
