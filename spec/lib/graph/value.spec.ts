import { expect } from 'chai';
import * as fc from 'fast-check';
import { fromValueJson, isLink, isValue, toValueJson } from '../../../lib/graph/value.ts';
import { aValue, seeded } from '../../support/arbitraries.ts';
import { loadVectors, vectorValue } from '../../support/vectors.ts';

interface Row {
  readonly value: unknown;
  readonly accepted: boolean;
  readonly kind: 'plain' | 'link' | 'rejected';
}

const { cases } = loadVectors<{ cases: Row[] }>('gun/valid.json');

/** What Gun takes and JSON cannot carry: an array that is a link in disguise stays refused here. */
const REFUSED_HERE = 'Object.assign([], {"#":"a"})';

describe('graph value', () => {
  it('takes and refuses every recorded value as Gun does', () => {
    let replayed = 0;
    for (const { value: raw, accepted, kind } of cases) {
      const value = vectorValue(raw);
      const label = JSON.stringify(raw).slice(0, 80);
      const isArray = (raw as { js?: string } | null)?.js === REFUSED_HERE;
      expect(isValue(value), label).to.equal(accepted && !isArray);
      expect(isLink(value), label).to.equal(kind === 'link' && !isArray);
      expect(toValueJson(value) !== undefined, label).to.equal(accepted && !isArray);
      replayed += 1;
    }
    expect(replayed).to.equal(43);
  });

  it('refuses numbers that JSON has no word for', () => {
    for (const value of [Infinity, -Infinity, Number.NaN]) {
      expect(isValue(value)).to.equal(false);
      expect(toValueJson(value)).to.equal(undefined);
    }
  });

  it('writes values as JSON.stringify does', () => {
    expect(toValueJson(null)).to.equal('null');
    expect(toValueJson(true)).to.equal('true');
    expect(toValueJson(false)).to.equal('false');
    expect(toValueJson(-0)).to.equal('0');
    expect(toValueJson(1e21)).to.equal('1e+21');
    expect(toValueJson('a"\n')).to.equal(String.raw`"a\"\n"`);
    expect(toValueJson({ '#': 'a"' })).to.equal(String.raw`{"#":"a\""}`);
  });

  it('escapes lone surrogates, so that the text survives UTF-8', () => {
    expect(toValueJson('\ud800')).to.equal(String.raw`"\ud800"`);
    expect(toValueJson({ '#': '\udfff' })).to.equal(String.raw`{"#":"\udfff"}`);
  });

  it('asks no toJSON of what it is given', () => {
    const tricky = { '#': 'a', toJSON: () => 'b' };
    expect(toValueJson(tricky)).to.equal(undefined);
  });

  it('comes back from its JSON text', () => {
    fc.assert(
      fc.property(aValue(), (value) => {
        const json = toValueJson(value)!;
        expect(json).to.equal(JSON.stringify(value));
        expect(JSON.stringify(fromValueJson(json))).to.equal(json);
      }),
      seeded(300),
    );
  });
});
