import { expect } from 'chai';
import * as fc from 'fast-check';
import { inRange, lexBytes, matchesNames, type NameRange } from '../../../lib/graph/selector.ts';
import { toValueJson } from '../../../lib/graph/value.ts';
import { aName, aValue, seeded } from '../../support/arbitraries.ts';

describe('graph selector', () => {
  it('takes the prefix itself and all longer names', () => {
    expect(['a', 'ab', 'abc', 'b', ''].map((name) => inRange(name, { prefix: 'ab' }))).to.deep.equal([
      false,
      true,
      true,
      false,
      false,
    ]);
  });

  it('takes both bounds of a range in', () => {
    const range = { from: 'b', to: 'd' };
    expect(['a', 'b', 'c', 'd', 'da', 'e'].filter((name) => inRange(name, range))).to.deep.equal([
      'b',
      'c',
      'd',
    ]);
  });

  it('compares bounds with the whole name, also together with a prefix', () => {
    expect(inRange('abc', { prefix: 'a', from: 'ab' })).to.equal(true);
    expect(inRange('aa', { prefix: 'a', from: 'ab' })).to.equal(false);
    expect(inRange('ac', { prefix: 'a', to: 'ab' })).to.equal(false);
    expect(inRange('b', { prefix: 'a', from: 'ab' })).to.equal(false);
  });

  it('orders names by UTF-16 units', () => {
    expect(inRange('😀', { from: '\ud7ff', to: '\ue000' })).to.equal(true);
    expect(inRange('～', { to: '😀' })).to.equal(false);
  });

  it('takes every name when nothing is asked', () => {
    for (const name of ['', 'a', '\uffff']) expect(inRange(name, {})).to.equal(true);
  });

  it('tells one name from a range', () => {
    expect(matchesNames('a', 'a')).to.equal(true);
    expect(matchesNames('ab', 'a')).to.equal(false);
    expect(matchesNames('ab', { prefix: 'a' })).to.equal(true);
  });

  it('agrees with plain comparisons', () => {
    const bound = fc.option(aName(), { nil: undefined });
    fc.assert(
      fc.property(aName(), bound, bound, bound, (name, prefix, from, to) => {
        const range = Object.fromEntries(
          Object.entries({ prefix, from, to }).filter(([, text]) => text !== undefined),
        ) as NameRange;
        const expected =
          (prefix === undefined || name.slice(0, prefix.length) === prefix) &&
          (from === undefined || [name, from].toSorted()[0] === from) &&
          (to === undefined || [name, to].toSorted()[1] === to);
        expect(inRange(name, range)).to.equal(expected);
      }),
      seeded(300),
    );
  });

  it('counts the characters of a text and 9 for anything else', () => {
    expect(lexBytes(toValueJson('')!)).to.equal(0);
    expect(lexBytes(toValueJson('abc')!)).to.equal(3);
    for (const value of [null, true, 123_456_789_012, { '#': 'a long soul' }]) {
      expect(lexBytes(toValueJson(value)!)).to.equal(9);
    }
  });

  it('counts what a text holds, not how JSON spells it', () => {
    fc.assert(
      fc.property(aValue(), (value) => {
        expect(lexBytes(toValueJson(value)!)).to.equal(typeof value === 'string' ? value.length : 9);
      }),
      seeded(300),
    );
  });
});
