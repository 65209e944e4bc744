import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { concatBytes } from '../../../lib/base/bytes.ts';
import { finish } from '../../../lib/base/slices.ts';
import { hashBytes } from '../../../lib/log/hash.ts';
import { CborWriter } from '../../../lib/log/cbor-writer.ts';
import { writeTips, type Tips } from '../../../lib/log/heights.ts';
import { OneLog } from '../../../lib/log/one-log.ts';
import { digestOf } from '../../../lib/log/tips-digest.ts';
import { seeded } from '../../support/arbitraries.ts';
import { someTips } from '../../support/frame-arbitraries.ts';

const digestHex = (tips: Tips): string => toHex(finish(digestOf(tips)));
const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

describe('log.tips-digest', () => {
  it('is the hash that the README says', () => {
    const logs = new Map([
      ['02'.repeat(32), { height: 258, id: bytes(3), side: bytes(4) }],
      ['01'.repeat(32), { height: 1, id: bytes(5), side: undefined }],
    ]);
    const part = concatBytes(
      concatBytes(bytes(9), bytes(1), Uint8Array.of(0, 0, 0, 1), bytes(5), Uint8Array.of(0)),
      concatBytes(bytes(9), bytes(2), Uint8Array.of(0, 0, 1, 2), bytes(3), Uint8Array.of(1), bytes(4)),
    );
    const parts = Array.from({ length: 256 }, (_, at) => hashBytes(at === 9 ? part : new Uint8Array(0)));
    expect(digestHex(new Map([['09'.repeat(32), logs]]))).to.equal(toHex(hashBytes(concatBytes(...parts))));
  });

  it('is equal for equal state vectors in any order, and for no others', () => {
    fc.assert(
      fc.property(someTips(), someTips(), (one, other) => {
        const turned = new Map(
          [...one].toReversed().map(([author, logs]) => [author, new Map([...logs].toReversed())]),
        );
        expect(digestHex(turned)).to.equal(digestHex(one));
        const areEqual = encoded(one) === encoded(other);
        expect(digestHex(one) === digestHex(other)).to.equal(areEqual);
      }),
      seeded(200),
    );
  });

  it('tells heights, tips and side branches apart', () => {
    const tips = [
      { height: 1, id: bytes(1), side: undefined },
      { height: 2, id: bytes(1), side: undefined },
      { height: 1, id: bytes(2), side: undefined },
      { height: 1, id: bytes(1), side: bytes(1) },
    ];
    const digests = tips.map((tip) =>
      digestHex(new Map([['aa'.repeat(32), new OneLog('bb'.repeat(32), tip)]])),
    );
    expect(new Set(digests).size).to.equal(tips.length);
  });

  it('is made in steps', () => {
    const tip = { height: 1, id: bytes(1) };
    const tips = new Map(
      Array.from(
        { length: 5000 },
        (_, at) => [toHex(hashBytes(Uint8Array.of(at, at >> 8))), new OneLog('bb'.repeat(32), tip)] as const,
      ),
    );
    const steps = digestOf(tips);
    let pauses = 0;
    while (steps.next().done !== true) pauses += 1;
    expect(pauses).to.be.above(256);
  });
});

/** A state vector as a frame has it; authors without logs say nothing. */
function encoded(tips: Tips): string {
  const writer = new CborWriter();
  writeTips(writer, new Map([...tips].filter(([, logs]) => logs.size > 0)));
  return toHex(writer.finish());
}
