import { expect } from 'chai';
import { gunNode, soulOf, state, valid } from '../../../lib/chain/values.ts';

describe('values of a chain', () => {
  it('are given as nodes with soul and states, whatever their keys', () => {
    const node = gunNode('s', [
      { key: '__proto__', value: 1, state: 5 },
      { key: 'link', value: { '#': 't' }, state: 6 },
    ]);
    expect(JSON.stringify(node)).to.equal(
      '{"_":{"#":"s",">":{"__proto__":5,"link":6}},"__proto__":1,"link":{"#":"t"}}',
    );
    expect(Object.getPrototypeOf(node)).to.equal(Object.prototype);
  });

  it('are valid when a property can hold them, links by their soul', () => {
    for (const value of [null, true, 0, '', 'a']) expect(valid(value)).to.equal(true);
    expect(valid({ '#': 's' })).to.equal('s');
    for (const other of [undefined, NaN, [], {}, { '#': 's', x: 1 }, () => 1])
      expect(valid(other)).to.equal(false);
  });

  it('have a soul when they are nodes or links', () => {
    expect(soulOf({ '#': 's' })).to.equal('s');
    expect(soulOf({ _: { '#': 's' }, x: 1 })).to.equal('s');
    for (const other of [null, 'a', {}, { _: null }, { _: { '#': '' } }, { _: { '#': 1 } }])
      expect(soulOf(other)).to.equal(undefined);
  });

  it('have states that rise, can be read and written', () => {
    expect(state()).to.be.lessThan(state());
    const node = state.ify(undefined, 'a', 7, 1, 's');
    expect(node).to.deep.equal({ _: { '#': 's', '>': { a: 7 } }, a: 1 });
    expect(state.is(node, 'a')).to.equal(7);
    expect(state.is(node, 'b')).to.equal(-Infinity);
    expect(state.is(null, 'b')).to.equal(-Infinity);
  });
});
