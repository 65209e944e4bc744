import { expect } from 'chai';
import { OneLog } from '../../../lib/log/one-log.ts';

describe('log.one-log', () => {
  it('is a map of one log', () => {
    const value = { height: 1 };
    const one = new OneLog('aa', value);
    const map = new Map([['aa', value]]);
    expect([...one]).to.deep.equal([...map]);
    expect([...one.entries()]).to.deep.equal([...map.entries()]);
    expect([...one.keys()]).to.deep.equal(['aa']);
    expect([...one.values()]).to.deep.equal([value]);
    expect([one.size, one.get('aa'), one.has('aa')]).to.deep.equal([1, value, true]);
    expect([one.get('bb'), one.has('bb')]).to.deep.equal([undefined, false]);
    const seen: unknown[] = [];
    one.forEach((...given) => seen.push(given));
    expect(seen).to.deep.equal([[value, 'aa', one]]);
    expect(new Map(one)).to.deep.equal(map);
  });
});
