import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { concatBytes } from '../../../lib/base/bytes.ts';
import { finish } from '../../../lib/base/slices.ts';
import { hashBytes } from '../../../lib/log/hash.ts';
import { CborWriter } from '../../../lib/log/cbor-writer.ts';
import { writeTips, type Tips } from '../../../lib/log/heights.ts';
import { OneLog } from '../../../lib/log/one-log.ts';
import { partOf, type PartedTips } from '../../../lib/log/parted-tips.ts';
import { equalParts, hashesOf } from '../../../lib/log/tips-digest.ts';
import { seeded } from '../../support/arbitraries.ts';
import { someTips } from '../../support/frame-arbitraries.ts';
import { manyAuthors, manyTips, partedTips } from '../../support/parted-tips.ts';

const digestHex = (tips: Tips): string => toHex(finish(hashesOf(partedTips(tips))).digest);
const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const TIP = { height: 1, id: bytes(1) };

/** A state vector of many authors whose keys all begin with one byte. */
function inOnePart(count: number): PartedTips {
  const authors = manyAuthors(count).map((author) => `aa${author.slice(2)}`);
  return partedTips(authors.map((author) => [author, new OneLog('bb'.repeat(32), TIP)]));
}

/** Steps that the hashes of a state vector take. */
function stepsOf(tips: PartedTips): number {
  const steps = hashesOf(tips);
  let count = 1;
  while (steps.next().done !== true) count += 1;
  return count;
}

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
    expect(stepsOf(manyTips(5000))).to.be.above(256);
    expect(stepsOf(inOnePart(5000))).to.be.above(256 + 40);
  });

  it('is made of a vector as it is when that begins', () => {
    const tips = manyTips(300);
    const before = digestHex(tips);
    const steps = hashesOf(tips);
    steps.next();
    for (const author of manyAuthors(300)) tips.set(author, new OneLog('bb'.repeat(32), TIP));
    expect(toHex(finish(steps).digest)).to.equal(before);
    expect(digestHex(tips)).to.equal(digestHex(partedTips(tips)));
    expect(digestHex(tips)).to.not.equal(before);
  });

  it('is made anew of those parts alone that changed', () => {
    const tips = inOnePart(2000);
    expect(stepsOf(tips)).to.be.above(257 + 15);
    expect([stepsOf(tips), stepsOf(tips.snapshot())]).to.deep.equal([257, 257]);
    tips.set('77'.repeat(32), new OneLog('bb'.repeat(32), TIP));
    const again = finish(hashesOf(tips));
    expect(again).to.deep.equal(finish(hashesOf(partedTips(tips))));
    tips.set('77'.repeat(32), new OneLog('bb'.repeat(32), { ...TIP, height: 9 }));
    const last = finish(hashesOf(tips));
    expect(last).to.deep.equal(finish(hashesOf(partedTips(tips))));
    const all = Array.from({ length: 256 }, (_, part) => part);
    expect(all.filter((part) => !equalParts(again.parts, last.parts).has(part))).to.deep.equal([0x77]);
  });

  it('tells by the hashes of the parts which of these are equal', () => {
    fc.assert(
      fc.property(someTips(), someTips(), (one, other) => {
        const [some, others] = [one, other].map((tips) => finish(hashesOf(partedTips([...one, ...tips]))));
        const equal = equalParts(some!.parts, others!.parts);
        const both = partedTips([...one, ...other]);
        for (let part = 0; part < 256; part += 1) {
          const isIn = ([author]: readonly [string, unknown]): boolean => partOf(author) === part;
          const areEqual =
            encoded(new Map([...one].filter(isIn))) === encoded(new Map([...both].filter(isIn)));
          expect(equal.has(part), String(part)).to.equal(areEqual);
        }
      }),
      seeded(60),
    );
  });
});

/** A state vector as a frame has it; authors without logs say nothing. */
function encoded(tips: Tips): string {
  const writer = new CborWriter();
  writeTips(writer, new Map([...tips].filter(([, logs]) => logs.size > 0)));
  return toHex(writer.finish());
}
