import { expect } from 'chai';
import { acked, called, useChains } from '../../support/chains.ts';

describe('roots of chains', () => {
  const { Gun, open, peer } = useChains();

  it('stay connected with peers that are added later, which get what was written', async () => {
    const gun = open('http://a/gun');
    await peer('http://a/gun').connect();
    gun.opt('http://b/gun');
    gun.opt({ peers: ['http://a/gun', 'http://b/gun'] });
    await peer('http://b/gun').connect();
    gun.get('s').put({ a: 1 });
    for (const url of ['http://a/gun', 'http://b/gun'])
      expect((await peer(url).heard()).filter(({ put }) => put !== undefined).length, url).to.equal(1);
    expect(Object.keys(gun._.opt.peers)).to.deep.equal(['http://a/gun', 'http://b/gun']);
  });

  it('ask a peer that is added later as well', async () => {
    const gun = open();
    await acked((done) => gun.get('s').put({ a: 1 }, done));
    gun.get('s').on(() => undefined);
    gun.opt('http://b/gun');
    expect((await peer('http://b/gun').connect()).map(({ get }) => get)).to.deep.equal([{ '#': 's' }]);
  });

  it('tell extensions of options and of new graphs, before and after a graph begins', () => {
    const told: unknown[] = [];
    Gun.on('opt', function note(context) {
      if (context.opt.mine === 1) told.push('opt', context.$.get('s')._.soul);
      this.to.next(context);
    });
    Gun.on('create', function note(context) {
      if (context.opt.mine === 1) told.push('create');
      this.to.next(context);
    });
    open({ mine: 1 }).opt({ more: 2 });
    expect(told).to.deep.equal(['opt', 's', 'create', 'opt', 's']);
  });

  it('end with all their listeners', async () => {
    const gun = open();
    let count = 0;
    gun.get('s').on(() => (count += 1));
    await called((done) => gun.get('s').put({ a: 1 }, done));
    await gun.close();
    gun.get('s').put({ a: 2 });
    expect(count).to.equal(1);
    const ack = await acked((done) => gun.get('s').put({ a: 3 }, done));
    expect(ack.err).to.be.a('string');
  });
});
