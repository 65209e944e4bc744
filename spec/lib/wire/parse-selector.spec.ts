import { expect } from 'chai';
import * as fc from 'fast-check';
import { DEFAULT_LIMITS, limitsWith, type Limits } from '../../../lib/base/limits.ts';
import type { Selector } from '../../../lib/graph/selector.ts';
import { encodeGet } from '../../../lib/wire/codec.ts';
import { parseSelector } from '../../../lib/wire/parse-selector.ts';
import { aName, seeded } from '../../support/arbitraries.ts';

function selectorOf(get: unknown, limits: Limits = DEFAULT_LIMITS): Selector {
  const result = parseSelector(get, limits);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function faultOf(get: unknown, limits: Limits = DEFAULT_LIMITS): string {
  const result = parseSelector(get, limits);
  return result.ok ? `taken: ${JSON.stringify(result.value)}` : result.reason;
}

describe('wire parseSelector', () => {
  it('reads a node, a property, and an empty property as the node', () => {
    expect(selectorOf({ '#': 's' })).to.deep.equal({ soul: 's', reverse: false });
    expect(selectorOf({ '#': 's', '.': 'k' })).to.deep.equal({ soul: 's', key: 'k', reverse: false });
    expect(selectorOf({ '#': 's', '.': '' })).to.deep.equal({ soul: 's', reverse: false });
    expect(selectorOf({ '#': 's', '.': { '=': '' } })).to.deep.equal({ soul: 's', reverse: false });
  });

  it('reads prefixes, ranges and exact names of keys', () => {
    expect(selectorOf({ '#': 's', '.': { '*': 'a' } }).key).to.deep.equal({ prefix: 'a' });
    expect(selectorOf({ '#': 's', '.': { '>': 'a', '<': 'b' } }).key).to.deep.equal({ from: 'a', to: 'b' });
    expect(selectorOf({ '#': 's', '.': { '*': 'a', '>': 'ab', '<': 'ac' } }).key).to.deep.equal({
      prefix: 'a',
      from: 'ab',
      to: 'ac',
    });
    expect(selectorOf({ '#': 's', '.': { '=': 'k', '*': 'x' } }).key).to.equal('k');
    expect(selectorOf({ '#': 's', '.': {} }).key).to.deep.equal({});
  });

  it('reads ranges of souls and leaves the key of such a read aside', () => {
    expect(selectorOf({ '#': { '*': 'chat/' }, '.': 'k', '%': 100 })).to.deep.equal({
      soul: { prefix: 'chat/' },
      reverse: false,
      byteLimit: 100,
    });
    expect(selectorOf({ '#': { '=': 's' }, '.': 'k' })).to.deep.equal({
      soul: 's',
      key: 'k',
      reverse: false,
    });
  });

  it('reads from the end when the get or one of its parts says so', () => {
    expect(selectorOf({ '#': 's', '-': 1 }).reverse).to.equal(true);
    expect(selectorOf({ '#': { '*': 'a', '-': 1 } }).reverse).to.equal(true);
    expect(selectorOf({ '#': 's', '.': { '*': 'a', '-': 1 } }).reverse).to.equal(true);
    expect(selectorOf({ '#': 's', '-': 0 }).reverse).to.equal(false);
  });

  it('takes a byte limit that is a number above 0', () => {
    expect(selectorOf({ '#': 's', '%': 5 }).byteLimit).to.equal(5);
    expect(selectorOf({ '#': 's', '%': 0.5 }).byteLimit).to.equal(0.5);
    expect(selectorOf({ '#': 's', '%': 9e15 }).byteLimit).to.equal(9e15);
  });

  it('takes no other limit for one, as Gun takes 0 for none', () => {
    for (const limit of ['x', '5', null, true, {}, [5], -1, 0, -0, Infinity, -Infinity, Number.NaN]) {
      expect(selectorOf({ '#': 's', '%': limit }), JSON.stringify(limit)).to.not.have.property('byteLimit');
    }
  });

  it('names the path of every fault', () => {
    const faults: [unknown, string][] = [
      [null, 'get: must be an object'],
      ['s', 'get: must be an object'],
      [[], 'get: must be an object'],
      [5, 'get: must be an object'],
      [{}, 'get["#"]: soul is empty or missing'],
      [{ '#': '' }, 'get["#"]: soul is empty or missing'],
      [{ '#': { '=': '' } }, 'get["#"]: soul is empty or missing'],
      [{ '.': 'x' }, 'get["#"]: soul is empty or missing'],
      [{ '#': null }, 'get["#"]: must be a text or a LEX object'],
      [{ '#': 5 }, 'get["#"]: must be a text or a LEX object'],
      [{ '#': ['s'] }, 'get["#"]: must be a text or a LEX object'],
      [{ '#': 's', '.': null }, 'get["."]: must be a text or a LEX object'],
      [{ '#': 's', '.': 5 }, 'get["."]: must be a text or a LEX object'],
      [{ '#': 's', '.': ['k'] }, 'get["."]: must be a text or a LEX object'],
      [{ '#': { '*': 5 } }, 'get["#"]["*"]: must be a text'],
      [{ '#': 's', '.': { '>': null } }, 'get["."][">"]: must be a text'],
      [{ '#': 's', '.': { '=': {} } }, 'get["."]["="]: must be a text'],
      [{ '#': 's', '.': { '<': true } }, 'get["."]["<"]: must be a text'],
    ];
    for (const [get, reason] of faults) expect(faultOf(get), JSON.stringify(get)).to.equal(reason);
  });

  it('refuses reads of every soul that have no limit', () => {
    const reason = 'get["%"]: a read of every soul needs a limit';
    for (const soul of [{}, { '*': '' }, { '>': '' }, { '*': '', '>': '' }, { '-': 1 }]) {
      expect(faultOf({ '#': soul }), JSON.stringify(soul)).to.equal(reason);
      for (const limit of [0, -1, 'x', Infinity]) expect(faultOf({ '#': soul, '%': limit })).to.equal(reason);
      expect(selectorOf({ '#': soul, '%': 1 }).byteLimit).to.equal(1);
    }
    expect(selectorOf({ '#': { '*': 'a' } })).to.deep.equal({ soul: { prefix: 'a' }, reverse: false });
  });

  it('takes names up to their limit and no longer', () => {
    const limits = limitsWith({ nameLength: 3 });
    expect(selectorOf({ '#': 'abc', '.': { '*': 'def', '<': 'ghi' } }, limits).soul).to.equal('abc');
    expect(faultOf({ '#': 'abcd' }, limits)).to.equal('get["#"]: longer than 3 characters');
    expect(faultOf({ '#': 's', '.': 'abcd' }, limits)).to.equal('get["."]: longer than 3 characters');
    for (const operator of ['=', '*', '>', '<']) {
      expect(faultOf({ '#': { [operator]: 'abcd' } }, limits)).to.equal(
        `get["#"]["${operator}"]: longer than 3 characters`,
      );
    }
  });

  it('reads back every selector that goes out to another peer', () => {
    const range = fc.record({ prefix: aName(), from: aName(), to: aName() }, { requiredKeys: [] });
    const selectors = fc.oneof(
      fc.record(
        {
          soul: aName(),
          key: fc.oneof(aName(), range),
          reverse: fc.boolean(),
          byteLimit: fc.integer({ min: 1 }),
        },
        { requiredKeys: ['soul', 'reverse'] },
      ),
      fc.record({ soul: range, reverse: fc.boolean(), byteLimit: fc.integer({ min: 1 }) }),
    );
    fc.assert(
      fc.property(selectors, (selector) => {
        const { get } = JSON.parse(encodeGet('"i"', selector, undefined)) as { get: unknown };
        expect(selectorOf(get)).to.deep.equal(selector);
      }),
      seeded(200),
    );
  });

  it('never throws, whatever JSON it is given', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
        for (const get of [
          one,
          { '#': one },
          { '#': 's', '.': one },
          { '#': { '*': one, '>': two }, '%': two },
        ]) {
          const result = parseSelector(JSON.parse(JSON.stringify(get)), DEFAULT_LIMITS);
          if (!result.ok) expect(result.reason).to.match(/^get/);
        }
      }),
      seeded(150),
    );
  });
});
