import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseBounded, parseCanonical, sortedJson } from '../../../lib/sea/json-text.ts';
import { seeded } from '../../support/arbitraries.ts';

/** Far deeper than anything that is meant, and than the stack of any engine. */
const DEEP = 200_000;

describe('sea parseCanonical', () => {
  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = JSON.stringify(value);
        expect(parseCanonical(text, 9)).to.deep.equal(JSON.parse(text));
      }),
      seeded(300),
    );
  });

  it('takes any order of keys and single spaces between tokens', () => {
    expect(parseCanonical('{ "~" : "s", ":" : [ 1, null ] }', 2)).to.deep.equal({ '~': 's', ':': [1, null] });
    expect(parseCanonical('{"a b":" \\" "}', 1)).to.deep.equal({ 'a b': ' " ' });
  });

  it('refuses other white space', () => {
    for (const text of [
      '{  "a":1}',
      '{"a":1 }  ',
      ' {"a":1}',
      '{"a":1} ',
      '{"a":\t1}',
      '{\n"a":1}',
      '{"a":\r1}',
      '  ',
    ]) {
      expect(parseCanonical(text, 4), JSON.stringify(text)).to.equal(undefined);
    }
  });

  it('refuses repeated keys, other escapes, other digits and what is no JSON', () => {
    const texts = [
      '{"a":1,"a":1}',
      '{"a":1,"\\u0061":1}',
      '{"a":"\\u0061"}',
      '{"a":"\\/"}',
      '{"a":1.0}',
      '{"a":1e0}',
      '{"a":-0}',
      '{"a":1e999}',
      '{"a":1 2}',
      '{"a":1',
      '{"a":"',
      '{"a":"\\',
      'a',
      '',
      '{"a":undefined}',
    ];
    for (const text of texts) expect(parseCanonical(text, 4), text).to.equal(undefined);
  });

  it('refuses deep nesting without parsing it', () => {
    expect(parseCanonical('[[[]]]', 3)).to.deep.equal([[[]]]);
    expect(parseCanonical('[[[]]]', 2)).to.equal(undefined);
    expect(parseCanonical('[{"a":[]},[]]', 3)).to.deep.equal([{ a: [] }, []]);
    expect(parseCanonical('['.repeat(DEEP) + ']'.repeat(DEEP), 8)).to.equal(undefined);
    expect(parseCanonical('"[[[["', 1)).to.equal('[[[[');
  });

  it('takes long texts with many quotes in their stride', () => {
    const text = '\\"'.repeat(100_000);
    expect(parseCanonical(JSON.stringify({ a: text }), 2)).to.deep.equal({ a: text });
  });
});

describe('sea parseBounded', () => {
  it('reads any JSON that is not too deep', () => {
    expect(parseBounded(' { "a" : 1.0 ,\n"a":2}', 1)).to.deep.equal({ a: 2 });
    expect(parseBounded('"[[["', 0)).to.equal('[[[');
    expect(parseBounded('[[]]', 1)).to.equal(undefined);
    expect(parseBounded('['.repeat(DEEP) + ']'.repeat(DEEP), 64)).to.equal(undefined);
    for (const text of ['hello', '', '"', '{']) expect(parseBounded(text, 9), text).to.equal(undefined);
  });
});

describe('sea sortedJson', () => {
  it('sorts the keys of every object as text, digits too', () => {
    const value = JSON.parse(
      '{"b":[{"d":1,"c":2}],"a":{"9":1,"10":2,"":3},"__proto__":{"y":1,"x":2}}',
    ) as unknown;
    expect(sortedJson(value)).to.equal(
      '{"__proto__":{"x":2,"y":1},"a":{"":3,"10":2,"9":1},"b":[{"c":2,"d":1}]}',
    );
  });

  it('leaves out what JSON leaves out', () => {
    expect(sortedJson({ b: undefined, a: [undefined] })).to.equal('{"a":[null]}');
    expect(sortedJson(undefined)).to.equal(undefined);
    expect(sortedJson('{}')).to.equal('"{}"');
  });

  it('means the same as JSON.stringify', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(JSON.parse(sortedJson(value)!)).to.deep.equal(JSON.parse(JSON.stringify(value)));
      }),
      seeded(200),
    );
  });
});
