import { expect } from 'chai';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { GraphError } from '../../../lib/base/errors.ts';
import { CborWriter, encodeCbor, isWellFormed, type CborValue } from '../../../lib/log/cbor-writer.ts';
import { hex } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

interface Payloads {
  readonly cases: readonly { readonly name: string; readonly cbor: string }[];
}

/** The values of `p2panda/payloads.json` whose maps happen to be in order. */
const VALUES: Readonly<Record<string, CborValue>> = {
  'string Hello, Panda!': 'Hello, Panda!',
  'u64 0': 0,
  'i64 -1': -1,
  'f64 0.1': 0.1,
  'f64 100000.5': 100_000.5,
  'f64 inf': Infinity,
  'f64 -0.0': -0,
  'bool true': true,
  unit: null,
  'Vec<u8> [1,2,3] (array of ints!)': [1, 2, 3],
  "enum Update{title:'x'}": new Map([['Update', new Map([['title', 'x']])]]),
  'enum Delete': 'Delete',
  "enum One('x')": new Map([['One', 'x']]),
};

function badValue(value: unknown): void {
  expect(() => encodeCbor(value as CborValue))
    .to.throw(GraphError)
    .with.property('code', 'CBOR_BAD_VALUE');
}

describe('log.cbor-writer', () => {
  it('writes what p2panda writes', () => {
    const { cases } = loadVectors<Payloads>('p2panda/payloads.json');
    const known = cases.filter(({ name }) => Object.hasOwn(VALUES, name));
    expect(known).to.have.lengthOf(Object.keys(VALUES).length);
    for (const { name, cbor } of known) expect(toHex(encodeCbor(VALUES[name]!)), name).to.equal(cbor);
  });

  it('writes integers in as few bytes as they need', () => {
    const table: readonly (readonly [number | bigint, string])[] = [
      [0, '00'],
      [23, '17'],
      [24, '1818'],
      [255, '18ff'],
      [256, '190100'],
      [65_535, '19ffff'],
      [65_536, '1a00010000'],
      [4_294_967_295, '1affffffff'],
      [4_294_967_296, '1b0000000100000000'],
      [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
      [1n, '01'],
      [2n ** 64n - 1n, '1bffffffffffffffff'],
      [-1, '20'],
      [-24, '37'],
      [-25, '3818'],
      [-(2 ** 32), '3affffffff'],
      [-(2n ** 64n), '3bffffffffffffffff'],
    ];
    for (const [value, bytes] of table) expect(toHex(encodeCbor(value)), String(value)).to.equal(bytes);
  });

  it('writes the shortest float that is exact', () => {
    expect(toHex(encodeCbor(1.5))).to.equal('f93e00');
    expect(toHex(encodeCbor(100_000.5))).to.equal('fa47c35040');
    expect(toHex(encodeCbor(1e300))).to.equal('fb7e37e43c8800759c');
    expect(toHex(encodeCbor(2 ** 53))).to.equal('fa5a000000');
    expect(toHex(encodeCbor(Number.NaN))).to.equal('f97e00');
  });

  it('sorts the keys of maps by their bytes, whatever their order was', () => {
    const map = new Map<CborValue, CborValue>([
      ['b', 1],
      [Uint8Array.of(9), 2],
      ['aa', 3],
      [10, 4],
      ['a', 5],
      [-1, 6],
    ]);
    expect(toHex(encodeCbor(map))).to.equal('a60a04200641090261610561620162616103');
  });

  it('grows with what it writes', () => {
    const writer = new CborWriter().array(300);
    for (let i = 0; i < 300; i += 1) writer.bytes(new Uint8Array(i));
    expect(writer.length).to.equal(writer.finish().length);
    expect(writer.finish().subarray(0, 5)).to.deep.equal(hex('99012c4041'));
  });

  it('throws for what CBOR cannot hold', () => {
    badValue('a\ud800');
    badValue(2n ** 64n);
    badValue(undefined);
    badValue({ a: 1 });
    badValue(new Map<CborValue, CborValue>([[1, 1]]).set(1n, 2));
  });

  it('knows texts that are well formed', () => {
    expect(['', 'a', '😀', '\u0000', '\ufeff'].every(isWellFormed)).to.equal(true);
    expect(['\ud800', 'a\udfff', '\udc00\ud800'].some(isWellFormed)).to.equal(false);
  });
});
