import { expect } from 'chai';
import {
  BRANCHES,
  forkKey,
  forkRange,
  givenUpKey,
  headKey,
  HELD_TIME_KEY,
  heldEntriesKey,
  heldEntriesRange,
  heldKey,
  headRange,
  keyOfPlace,
  lackKey,
  lackRange,
  LOG_PREFIXES,
  logInKey,
  markKey,
  markRange,
  parseHeadKey,
  parseMarkKey,
  placeKey,
  placeOf,
  placePrefix,
  placeRange,
  sequenceOfPlace,
} from '../../../lib/store/log-keys.ts';
import { OWN } from '../../../adapters/sealed-storage.ts';
import { GRAPH_PREFIXES, type KeyRange } from '../../../lib/store/keys.ts';

const [AUTHOR, OTHER, LOG] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];

function isIn({ from, to }: KeyRange, key: string): boolean {
  return key >= from && key < to;
}

describe('store.log-keys', () => {
  it('order places by number, and cut ranges out of them', () => {
    const sequences = [0, 1, 9, 10, 15, 16, 255, 256, 65_536, 2 ** 32 - 1];
    const keys = sequences.map((sequence) => placeKey('canonical', AUTHOR, LOG, sequence));
    expect(keys.toSorted()).to.deep.equal(keys);
    expect(keys.map(sequenceOfPlace)).to.deep.equal(sequences);
    const place = placeOf(placePrefix(AUTHOR, LOG), 255);
    expect(BRANCHES.map((branch) => keyOfPlace(branch, place))).to.deep.equal([
      placeKey('canonical', AUTHOR, LOG, 255),
      placeKey('side', AUTHOR, LOG, 255),
    ]);
    expect(sequenceOfPlace(place)).to.equal(255);
    const range = placeRange('canonical', AUTHOR, LOG, 9, 255);
    expect(sequences.filter((_, at) => isIn(range, keys[at]!))).to.deep.equal([10, 15, 16, 255]);
    const all = placeRange('canonical', AUTHOR, LOG, undefined, Infinity);
    expect(keys.every((key) => isIn(all, key))).to.equal(true);
    expect(isIn(all, placeKey('canonical', OTHER, LOG, 0))).to.equal(false);
    expect(isIn(all, placeKey('side', AUTHOR, LOG, 0))).to.equal(false);
    const last = placeRange('canonical', AUTHOR, LOG, 2 ** 32 - 2, 2 ** 32 - 1);
    expect(sequences.filter((_, at) => isIn(last, keys[at]!))).to.deep.equal([2 ** 32 - 1]);
    const behind = placeRange('canonical', AUTHOR, LOG, 2 ** 32 - 1, Infinity);
    expect(keys.some((key) => isIn(behind, key))).to.equal(false);
  });

  it('give back what they name', () => {
    expect(parseHeadKey(headKey(AUTHOR, LOG))).to.deep.equal({ author: AUTHOR, log: LOG });
    expect(parseMarkKey(markKey(2 ** 40 + 7))).to.equal(2 ** 40 + 7);
    expect(logInKey(givenUpKey(AUTHOR, LOG, 5))).to.deep.equal({ author: AUTHOR, log: LOG });
  });

  it('have places of different logs, and of different authors, at different places', () => {
    const half = 'a'.repeat(32);
    const prefixes = [AUTHOR, half + 'b'.repeat(32), 'b' + AUTHOR.slice(1)].map((author) =>
      placePrefix(author, LOG),
    );
    expect(prefixes[1]).to.equal(prefixes[0], 'nobody can make two keys that begin with the same 128 bits');
    expect(new Set([...prefixes, placePrefix(AUTHOR, OTHER)]).size).to.equal(3);
  });

  it('stand apart by kind', () => {
    expect(isIn(headRange(), headKey(AUTHOR, LOG))).to.equal(true);
    expect(isIn(forkRange(), forkKey(AUTHOR, LOG, 1))).to.equal(true);
    expect(isIn(markRange(), markKey(2 ** 55))).to.equal(true);
    expect(isIn(heldEntriesRange(), heldEntriesKey(AUTHOR, LOG, 'f'))).to.equal(true);
    for (const key of [heldKey(AUTHOR, LOG), heldKey('e'.repeat(64), LOG), HELD_TIME_KEY])
      expect(isIn(heldEntriesRange(), key)).to.equal(false);
    const lack = lackKey(AUTHOR, LOG, 7);
    expect([logInKey(lack), sequenceOfPlace(lack)]).to.deep.equal([{ author: AUTHOR, log: LOG }, 7]);
    expect([isIn(lackRange(), lack), isIn(lackRange(lack), lack)]).to.deep.equal([true, false]);
    expect(isIn(lackRange(lack), lackKey(AUTHOR, LOG, 8))).to.equal(true);
    expect(new Set(LOG_PREFIXES).size).to.equal(LOG_PREFIXES.length);
    expect(LOG_PREFIXES.includes(OWN)).to.equal(false);
    expect(markKey(1) < markKey(16)).to.equal(true);
  });

  it('stand before those of graphs, as does what commits note, so that no file of LevelDB reaches beyond the last soul', () => {
    for (const prefix of [...LOG_PREFIXES, OWN])
      expect(
        GRAPH_PREFIXES.every((graph) => prefix < graph),
        prefix,
      ).to.equal(true);
  });
});
