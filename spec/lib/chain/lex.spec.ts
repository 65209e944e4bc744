import { expect } from 'chai';
import { wantedOf } from '../../../lib/chain/lex.ts';

describe('LEX of a chain', () => {
  it('mean one key, a range from either end, or all of a number of bytes', () => {
    expect(wantedOf({ '.': 'a' })).to.deep.equal({ key: 'a', reverse: false });
    expect(wantedOf({ '=': 'a' })).to.deep.equal({ key: 'a', reverse: false });
    expect(wantedOf({ '*': 'a', '-': 1 })).to.deep.equal({
      key: { prefix: 'a' },
      reverse: true,
      byteLimit: 65_536,
    });
    expect(wantedOf({ '.': { '>': 'a', '<': 'b' }, '%': 9, '-': true })).to.deep.equal({
      key: { from: 'a', to: 'b' },
      reverse: true,
      byteLimit: 9,
    });
    expect(wantedOf({ '%': 9 })).to.deep.equal({ key: { prefix: '' }, reverse: false, byteLimit: 9 });
    expect(wantedOf({})).to.deep.equal({ reverse: false });
  });

  it('are nothing else', () => {
    for (const none of [null, 'a', [], { '.': 1 }, { '*': 1 }, { '=': 1 }, new Map()])
      expect(wantedOf(none)).to.equal(undefined);
    expect(wantedOf(Object.assign(Object.create(null), { '=': 'a' }))).to.deep.equal({
      key: 'a',
      reverse: false,
    });
  });
});
