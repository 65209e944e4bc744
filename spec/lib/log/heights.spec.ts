import { expect } from 'chai';
import * as fc from 'fast-check';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { CborScanner } from '../../../lib/log/cbor-scanner.ts';
import { CborWriter } from '../../../lib/log/cbor-writer.ts';
import {
  compareTips,
  comparing,
  decodeHeights,
  encodeHeights,
  missingRanges,
  readTips,
  writeTips,
  type ByLog,
  type Heights,
  type Tip,
  type Tips,
} from '../../../lib/log/heights.ts';
import { seeded } from '../../support/arbitraries.ts';
import { hex } from '../../support/log-maker.ts';
import { loadVectors } from '../../support/vectors.ts';

type Plain<T> = Readonly<Record<string, Readonly<Record<string, T>>>>;

interface Row {
  readonly name: string;
  readonly local: Plain<number>;
  readonly localCbor: string;
  readonly remote: Plain<number>;
  readonly remoteNeeds: Plain<readonly [number | null, number]>;
}

function byLog<T>(plain: Plain<T>): ByLog<T> {
  return new Map(Object.entries(plain).map(([author, logs]) => [author, new Map(Object.entries(logs))]));
}

const id = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const [A, B] = [toHex(id(1)), toHex(id(2))] as const;
const [LOG, OTHER] = [toHex(id(8)), toHex(id(9))] as const;

/** Every author and log with something, or without. */
function aVector<T>(value: fc.Arbitrary<T>): fc.Arbitrary<ByLog<T>> {
  const name = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
  return fc.dictionary(name, fc.dictionary(name, value, { maxKeys: 4 }), { maxKeys: 4 }).map(byLog);
}

const heights = (height: number): Heights =>
  byLog({ [A]: { [LOG]: height, [OTHER]: height }, [B]: { [LOG]: height } });

const tipsOf = (plain: Plain<Tip>): Tips => byLog(plain);

const none = (): undefined => undefined;

describe('log.heights', () => {
  const { cases } = loadVectors<{ cases: readonly Row[] }>('p2panda/compare-log-heights.json');

  for (const { name, local, localCbor, remote, remoteNeeds } of cases) {
    it(`compares as p2panda does: ${name}`, () => {
      expect(toHex(encodeHeights(byLog(local)))).to.equal(localCbor);
      expect(decodeHeights(hex(localCbor))).to.deep.equal({ ok: true, value: byLog(local) });
      const needed = missingRanges(byLog(local), byLog(remote));
      const wanted = Object.entries(remoteNeeds).flatMap(([author, logs]) =>
        Object.entries(logs).map(([log, [after, until]]) => ({
          author,
          log,
          after: after ?? undefined,
          until,
        })),
      );
      expect(needed).to.have.deep.members(wanted);
    });
  }

  it('says what is missing, so that both sides are equal after sending it', () => {
    fc.assert(
      fc.property(aVector(fc.nat(9)), aVector(fc.nat(9)), (ours, theirs) => {
        const merged = new Map([...theirs].map(([author, logs]) => [author, new Map(logs)]));
        for (const { author, log, after, until } of missingRanges(ours, theirs)) {
          expect(after).to.equal(theirs.get(author)?.get(log));
          expect((after ?? -1) < until).to.equal(true);
          merged.set(author, (merged.get(author) ?? new Map<string, number>()).set(log, until));
        }
        expect(missingRanges(ours, merged)).to.deep.equal([]);
      }),
      seeded(200),
    );
  });

  it('gives tips back as they were written', () => {
    const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const tip: fc.Arbitrary<Tip> = fc.record(
      {
        height: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        id: bytes,
        side: fc.option(bytes, { nil: undefined }),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(aVector(tip), (tips) => {
        const writer = new CborWriter();
        writeTips(writer, tips);
        const scanner = new CborScanner(writer.finish());
        expect(readTips(scanner)).to.deep.equal(tips);
        scanner.end();
        expect(scanner.fault).to.equal(undefined);
      }),
      seeded(100),
    );
  });

  it('refuses vectors that are not canonical', () => {
    const author = `5820${A}`;
    const log = `5820${LOG}`;
    const reasons: Readonly<Record<string, string>> = {
      [`a2${author}a0${author}a0`]: 'keys out of order',
      [`a25820${B}a0${author}a0`]: 'keys out of order',
      [`a1${author}a1${log}1b0000000100000000`]: 'an integer above 4294967295',
      [`a1411fa0`]: '1 bytes instead of 32',
      [`a1${author}a1${log}20`]: 'not an unsigned integer',
      a000: 'bytes follow the end',
    };
    for (const [bytes, reason] of Object.entries(reasons)) {
      expect(decodeHeights(hex(bytes))).to.deep.equal({ ok: false, reason });
    }
    const scanner = new CborScanner(hex(`a1${author}a1${log}8100`));
    readTips(scanner);
    expect(scanner.fault).to.equal('not [height, tip, side?]');
  });

  it('takes the same bytes for any number of operations', () => {
    expect(encodeHeights(heights(100_000)).length).to.be.below(400);
  });

  describe('compareTips', () => {
    it('goes through many in steps, to the same end', () => {
      const log = new Map([[LOG, { height: 3, id: new Uint8Array(32) }]]);
      const many = new Map(Array.from({ length: 2000 }, (_, at) => [`author ${at}`, log] as const));
      const steps = comparing(many, new Map(), 256, () => undefined);
      let pauses = 0;
      let step = steps.next();
      for (; step.done !== true; step = steps.next()) pauses += 1;
      expect(pauses).to.be.above(5);
      expect(step.value.ranges).to.have.lengthOf(2000);
      expect(step.value).to.deep.equal(compareTips(many, new Map(), 256, () => undefined));
    });

    it('finds a fork in equal heights with different tips, and sends what may lie on another branch', () => {
      const ours = tipsOf({ [A]: { [LOG]: { height: 300, id: id(3) } } });
      const theirs = tipsOf({ [A]: { [LOG]: { height: 300, id: id(4) } } });
      const forks = [{ author: A, log: LOG }];
      const range = { author: A, log: LOG, until: 300 };
      const comparison = { forks, sides: [] };
      expect(compareTips(ours, theirs, 256, none)).to.deep.equal({
        ...comparison,
        ranges: [{ ...range, after: 43 }],
      });
      expect(compareTips(ours, theirs, 300, none)).to.deep.equal({
        ...comparison,
        ranges: [{ ...range, after: undefined }],
      });
      expect(compareTips(ours, ours, 256, none)).to.deep.equal({ ranges: [], forks: [], sides: [] });
    });

    it('finds a fork below a longer log, by what it holds at the height of the other', () => {
      const ours = tipsOf({ [A]: { [LOG]: { height: 5, id: id(5) } } });
      const theirs = tipsOf({ [A]: { [LOG]: { height: 3, id: id(3) } } });
      const ranges = [{ author: A, log: LOG, after: 3, until: 5 }];
      expect(compareTips(ours, theirs, 2, () => id(3))).to.deep.equal({ ranges, forks: [], sides: [] });
      expect(compareTips(ours, theirs, 2, none)).to.deep.equal({ ranges, forks: [], sides: [] });
      expect(compareTips(ours, theirs, 2, () => id(7))).to.deep.equal({
        ranges: [{ author: A, log: LOG, after: 0, until: 5 }],
        forks: [{ author: A, log: LOG }],
        sides: [],
      });
      expect(compareTips(theirs, ours, 2, () => id(7))).to.deep.equal({ ranges: [], forks: [], sides: [] });
    });

    it('tells which side branches the other side lacks', () => {
      const ours = tipsOf({ [A]: { [LOG]: { height: 3, id: id(3), side: id(6) } } });
      const sided = (side: Uint8Array | undefined): Tips =>
        tipsOf({ [A]: { [LOG]: { height: 3, id: id(3), side } } });
      expect(compareTips(ours, sided(undefined), 256, none).sides).to.deep.equal([{ author: A, log: LOG }]);
      expect(compareTips(ours, sided(id(7)), 256, none).sides).to.deep.equal([{ author: A, log: LOG }]);
      expect(compareTips(ours, sided(id(6)), 256, none).sides).to.deep.equal([]);
      expect(compareTips(ours, tipsOf({}), 256, none).sides).to.deep.equal([{ author: A, log: LOG }]);
    });
  });
});
