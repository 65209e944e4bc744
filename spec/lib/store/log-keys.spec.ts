import { expect } from 'chai';
import {
  branchOfPlace,
  forkKey,
  forkRange,
  headKey,
  headRange,
  lackKey,
  lackRange,
  LOG_PREFIXES,
  logOfPlace,
  markKey,
  markRange,
  parseHeadKey,
  parseMarkKey,
  parseTopicKey,
  placeKey,
  placeRange,
  sequenceOfPlace,
  topicKey,
  topicRange,
} from '../../../lib/store/log-keys.ts';
import type { KeyRange } from '../../../lib/store/keys.ts';

const [AUTHOR, OTHER, LOG, TOPIC] = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];

function isIn({ from, to }: KeyRange, key: string): boolean {
  return key >= from && key < to;
}

describe('store.log-keys', () => {
  it('order places by number, and cut ranges out of them', () => {
    const sequences = [0, 1, 9, 10, 15, 16, 255, 256, 65_536, 2 ** 32 - 1];
    const keys = sequences.map((sequence) => placeKey('canonical', AUTHOR, LOG, sequence));
    expect(keys.toSorted()).to.deep.equal(keys);
    expect(keys.map(sequenceOfPlace)).to.deep.equal(sequences);
    for (const branch of ['canonical', 'side'] as const)
      expect(branchOfPlace(placeKey(branch, AUTHOR, LOG, 1))).to.equal(branch);
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
    expect(parseTopicKey(topicKey(TOPIC, AUTHOR, LOG))).to.deep.equal({ author: AUTHOR, log: LOG });
    expect(parseMarkKey(markKey(2 ** 40 + 7))).to.equal(2 ** 40 + 7);
    for (const branch of ['canonical', 'side'] as const) {
      expect(logOfPlace(placeKey(branch, AUTHOR, LOG, 5))).to.deep.equal({ author: AUTHOR, log: LOG });
    }
  });

  it('stand apart by kind and topic', () => {
    expect(isIn(headRange(), headKey(AUTHOR, LOG))).to.equal(true);
    expect(isIn(forkRange(), forkKey(AUTHOR, LOG, 1))).to.equal(true);
    expect(isIn(markRange(), markKey(2 ** 55))).to.equal(true);
    const lack = lackKey(AUTHOR, LOG, 7);
    expect([logOfPlace(lack), sequenceOfPlace(lack)]).to.deep.equal([{ author: AUTHOR, log: LOG }, 7]);
    expect([isIn(lackRange(), lack), isIn(lackRange(lack), lack)]).to.deep.equal([true, false]);
    expect(isIn(lackRange(lack), lackKey(AUTHOR, LOG, 8))).to.equal(true);
    expect(isIn(topicRange(TOPIC), topicKey(TOPIC, AUTHOR, LOG))).to.equal(true);
    expect(isIn(topicRange(TOPIC), topicKey(OTHER, AUTHOR, LOG))).to.equal(false);
    expect(new Set(LOG_PREFIXES).size).to.equal(LOG_PREFIXES.length);
    // Kinds of the graph begin in other ways.
    expect(['d/', 'g/', 'v/', 'm/'].some((prefix) => LOG_PREFIXES.includes(prefix))).to.equal(false);
    expect(markKey(1) < markKey(16)).to.equal(true);
  });
});
