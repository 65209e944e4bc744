import { expect } from 'chai';
import { acked, called, useChains } from '../../support/chains.ts';

describe('memory of a chain', () => {
  const { open } = useChains();

  it('holds the nodes that were written, with soul and states', async () => {
    const gun = open();
    await acked((done) => gun.get('a').get('b').put({ c: 1 }, done));
    const { graph } = gun._;
    expect(Object.keys(graph).toSorted()).to.deep.equal(['a', 'a/b']);
    expect(graph['a']!['b']).to.deep.equal({ '#': 'a/b' });
    expect('a/b' in graph).to.equal(true);
    expect('nothing' in graph).to.equal(false);
    expect(graph['a/b']!._['#']).to.equal('a/b');
  });

  it('says what is at a place without waiting', async () => {
    const gun = open();
    await acked((done) => gun.get('a').get('b').put({ c: 1 }, done));
    const at = gun.get('a').get('b')._;
    expect(at.link).to.equal('a/b');
    expect((at.put as { c: number }).c).to.equal(1);
    expect(gun.get('a').get('b').get('c')._.put).to.equal(1);
    expect(gun.get('a').get('x').get('y')._.put).to.equal(undefined);
  });

  it('gives copies that an app may change', async () => {
    const gun = open();
    await acked((done) => gun.get('a').put({ b: 1 }, done));
    (gun._.graph['a'] as Record<string, unknown>)['b'] = 2;
    const data = await called<{ b: number }>((done) => gun.get('a').once(done));
    data.b = 3;
    expect(gun._.graph['a']!['b']).to.equal(1);
  });
});
