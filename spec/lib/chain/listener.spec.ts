import { expect } from 'chai';
import { useChains } from '../../support/chains.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('listeners of a chain', () => {
  const { open } = useChains();

  it('are taken off by `off` of their place or of one above, and by their own event', async () => {
    const gun = open();
    const told: string[] = [];
    gun
      .get('a')
      .get('b')
      .on(() => told.push('below'));
    gun
      .get('a')
      .map()
      .on(() => told.push('members'));
    gun
      .get('ab')
      .get('b')
      .on(() => told.push('beside'));
    gun.get('a').on((_data, _key, _message, event) => {
      told.push('own');
      event.off();
    });
    gun.get('a').put({ b: 1 });
    await settle();
    expect(told.splice(0)).to.deep.equal(['below', 'members', 'own']);
    gun.get('a').put({ b: 2 });
    await settle();
    expect(told.splice(0)).to.deep.equal(['below', 'members']);
    gun.get('a').off();
    gun.get('a').put({ b: 3 });
    gun.get('ab').put({ b: 3 });
    await settle();
    expect(told).to.deep.equal(['beside']);
    expect(gun._.graph['a']!['b']).to.equal(3);
  });

  it('tell of each member once with `once`, also of those that come later', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun
      .get('list')
      .map()
      .once((data: { n: number }, key) => told.push([key, data.n]));
    gun.get('list').get('x').put({ n: 1 });
    await settle();
    gun.get('list').get('x').put({ n: 2 });
    gun.get('list').get('y').put({ n: 3 });
    await settle();
    expect(told).to.deep.equal([
      ['x', 1],
      ['y', 3],
    ]);
  });

  it('are called on the chain at the place, whose writes go there', async () => {
    const gun = open();
    gun
      .get('list')
      .map()
      .once(function mark() {
        this.get('seen').put(true);
      });
    gun.get('list').put({ x: { n: 1 } });
    await settle();
    expect(gun._.graph['list/x']!['seen']).to.equal(true);
  });
});
