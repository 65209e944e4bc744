import { expect } from 'chai';
import { matchesLex } from '../../../lib/graph/lex-match.ts';
import { loadVectors, vectorValue } from '../../support/vectors.ts';

interface Row {
  readonly text: unknown;
  readonly lex: unknown;
  readonly match: boolean;
}

const { cases } = loadVectors<{ cases: Row[] }>('gun/match.json');

describe('graph matchesLex', () => {
  it('decides every recorded case as Gun does', () => {
    let replayed = 0;
    for (const { text, lex, match } of cases) {
      expect(matchesLex(text, vectorValue(lex)), JSON.stringify({ text, lex })).to.equal(match);
      replayed += 1;
    }
    expect(replayed).to.equal(143);
  });

  it('takes a bound alone as an open range', () => {
    expect(matchesLex('b', { '>': 'ab' })).to.equal(true);
    expect(matchesLex('aa', { '>': 'ab' })).to.equal(false);
    expect(matchesLex('aa', { '<': 'ab' })).to.equal(true);
    expect(matchesLex('b', { '<': 'ab' })).to.equal(false);
  });

  it('matches nothing when an operator is no text', () => {
    for (const operator of ['=', '*', '>', '<']) {
      for (const odd of [5, true, {}, ['a'], null]) {
        expect(matchesLex('5', { [operator]: odd }), `${operator} ${JSON.stringify(odd)}`).to.equal(false);
      }
    }
  });

  it('matches nothing when the LEX is neither a text nor an object', () => {
    for (const lex of [5, true, undefined, null, ['a']]) expect(matchesLex('a', lex)).to.equal(false);
  });

  it('takes an empty text that every operator leaves open for the last of them', () => {
    expect(matchesLex('', { '<': '' })).to.equal(true);
    expect(matchesLex('', '')).to.equal(false);
    expect(matchesLex('a', { '*': '', '>': '' })).to.equal(true);
  });

  it('agrees with the rules in their own words for all small cases', () => {
    const texts = ['', 'a', 'ab', 'b'];
    const bounds = [undefined, '', 'a', 'ab', 'b'];
    let decided = 0;
    for (const text of texts)
      for (const exact of bounds)
        for (const prefix of bounds)
          for (const from of bounds)
            for (const to of bounds) {
              const lex = { '=': exact, '*': prefix, '>': from, '<': to };
              expect(matchesLex(text, lex), JSON.stringify([text, lex])).to.equal(
                asDescribed(text, exact, prefix, from, to),
              );
              decided += 1;
            }
    expect(decided).to.equal(2500);
  });
});

/** Section 10 of gun-wire, one sentence after the other. */
function asDescribed(
  text: string,
  exact: string | undefined,
  prefix: string | undefined,
  from: string | undefined,
  to: string | undefined,
): boolean {
  const given = [exact, prefix, from, to];
  const firstFull = given.find((bound) => bound !== undefined && bound !== '');
  const equalsOne = firstFull === undefined ? to === '' && text === '' : text === firstFull;
  if (equalsOne) return true;
  if (exact !== undefined) return false;
  if (prefix !== undefined && prefix !== '') return text.startsWith(prefix);
  return matchesRange(text, prefix, from, to);
}

/** An empty prefix is none, but the range behind it is not seen, save for what begins with its `>`. */
function matchesRange(
  text: string,
  prefix: string | undefined,
  from: string | undefined,
  to: string | undefined,
): boolean {
  if (from !== undefined && text.startsWith(from)) return true;
  if (prefix !== undefined) return false;
  if (from === undefined && to === undefined) return false;
  return text >= (from ?? '') && (to === undefined || text <= to);
}
