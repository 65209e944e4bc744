import { expect } from 'chai';
import { acked, useChains } from '../../support/chains.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('open trees of a chain', () => {
  const { open } = useChains();

  it('show a node with all it links to, and every change below it', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun.get('a').put({ name: 'A', b: { c: { d: 1 } } });
    gun.get('a').open((document) => told.push(JSON.parse(JSON.stringify(document))));
    await settle();
    await acked((done) => gun.get('a').get('b').get('c').get('d').put(2, done));
    await settle();
    expect(told.at(0)).to.deep.equal({ name: 'A', b: { c: { d: 1 } } });
    expect(told.at(-1)).to.deep.equal({ name: 'A', b: { c: { d: 2 } } });
    gun.get('a').off();
    const count = told.length;
    await acked((done) => gun.get('a').get('b').get('c').get('d').put(3, done));
    await settle();
    expect(told.length).to.equal(count);
  });

  it('end circles with the same object', async () => {
    const gun = open();
    const bob: Record<string, unknown> = { name: 'Bob' };
    bob['self'] = bob;
    gun.get('people').put({ bob });
    const loaded = await new Promise<{ bob: { self: unknown } }>((resolve) => {
      gun.get('people').load(resolve);
    });
    expect(loaded.bob.self).to.equal(loaded.bob);
  });

  it('are loaded one time, for each member of many', async () => {
    const gun = open();
    gun.get('list').put({ x: { y: { z: 1 } }, w: { y: { z: 2 } } });
    const told: unknown[] = [];
    gun
      .get('list')
      .map()
      .load((document, key) => told.push([key, document]));
    await settle();
    gun.get('list').get('x').get('y').get('z').put(3);
    await settle();
    expect(told).to.deep.equal([
      ['x', { y: { z: 1 } }],
      ['w', { y: { z: 2 } }],
    ]);
  });
});
