import { expect } from 'chai';
import { acked, called, useChains } from '../../support/chains.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('putting into a chain', () => {
  const { open } = useChains();

  it('takes nodes of any depth, their own souls, links, chains and circles', async () => {
    const gun = open();
    const bob: Record<string, unknown> = { name: 'Bob' };
    bob['pet'] = { _: { '#': 'tom' }, owner: bob };
    gun.get('ann').put({ name: 'Ann' });
    await acked((done) => gun.get('root').put({ bob, ann: gun.get('ann'), also: { '#': 'ann' } }, done));
    const { graph } = gun._;
    expect(graph['root']).to.deep.include({
      bob: { '#': 'root/bob' },
      ann: { '#': 'ann' },
      also: { '#': 'ann' },
    });
    expect(graph['root/bob']).to.deep.include({ name: 'Bob', pet: { '#': 'tom' } });
    expect(graph['tom']).to.deep.include({ owner: { '#': 'root/bob' } });
  });

  it('makes a soul for what is put at the root without one', async () => {
    const gun = open({ uuid: () => 'made' });
    await acked((done) => gun.put({ a: 1 }, done));
    await acked((done) => gun.put({ _: { '#': 'own' }, a: 2 }, done));
    expect(gun._.graph['made']).to.include({ a: 1 });
    expect(gun._.graph['own']).to.include({ a: 2 });
  });

  it('refuses what no graph can hold, and what would be no node, in the callback', async () => {
    const gun = open();
    const errors = await Promise.all([
      acked((done) => gun.get('s').put({ a: [] }, done)),
      acked((done) => gun.get('s').put(7, done)),
      acked((done) => gun.get('s').put({ '#': 't' }, done)),
      acked((done) => gun.get('s').map().put(1, done)),
      acked((done) => gun.get('s').unset({} as never, done)),
    ]);
    for (const { err } of errors) expect(err).to.be.a('string');
    expect(errors[0].err).to.equal('Invalid data: Array at s.a');
    gun.get('s').put({ a: () => 1 });
  });

  it('adds members to sets: objects, values, nodes and chains, each node once', async () => {
    const gun = open();
    const list = gun.get('list');
    const item = list.set({ title: 'milk' });
    await settle();
    const node = await called<{ title: string }>((done) => item.once(done));
    expect(node.title).to.equal('milk');
    list.set(node);
    list.set(item);
    list.set('text');
    gun.get('deep').get('er').put({ title: 'eggs' });
    list.set(gun.get('deep').get('er'));
    await settle();
    const members = gun._.graph['list'] as Record<string, unknown>;
    const links = Object.values(members).filter((value) => typeof value === 'object' && value !== null);
    expect(Object.keys(members).length).to.equal(4);
    expect(links).to.deep.include({ '#': 'deep/er' });
    expect(Object.values(members)).to.include('text');
  });

  it('takes members out of sets', async () => {
    const gun = open();
    const list = gun.get('list');
    const item = list.set({ title: 'milk' });
    await settle();
    await acked((done) => list.unset(item, done));
    expect(Object.values(gun._.graph['list']!)).to.include(null);
  });
});
