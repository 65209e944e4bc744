import { expect } from 'chai';
import * as fc from 'fast-check';
import { isLongJson } from '../../../lib/wire/long-json.ts';
import { seeded } from '../../support/arbitraries.ts';

describe('wire isLongJson', () => {
  it('never calls long what is not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(isLongJson(value, JSON.stringify(value).length)).to.equal(false);
      }),
      seeded(300),
    );
  });

  it('knows the length of plain values but for escapes and long numbers', () => {
    for (const value of ['abc', [], [1, 2], [[1], []], { a: 1 }, { a: 'b', c: { '': [0, 0] } }, 5]) {
      const { length } = JSON.stringify(value);
      expect(isLongJson(value, length - 2), JSON.stringify(value)).to.equal(true);
    }
  });

  it('looks no further than it has to, and to any depth', () => {
    let reads = 0;
    const items = new Proxy(
      Array.from({ length: 100_000 }, () => 'x'),
      {
        get: (target, name) => {
          reads += 1;
          return Reflect.get(target, name) as unknown;
        },
      },
    );
    expect(isLongJson(items, 1000)).to.equal(true);
    expect(reads).to.be.below(10);
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    expect(isLongJson(deep, 1000)).to.equal(true);
    expect(isLongJson(deep, 200_000)).to.equal(false);
  });
});
