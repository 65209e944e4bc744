import { expect } from 'chai';
import { useChains } from '../../support/chains.ts';
import { graphOf } from '../../support/raw-peer.ts';
import { settle } from '../../support/scripted-peer.ts';

const URL = 'http://a/gun';

describe('displays of a chain', () => {
  const { open, peer } = useChains();

  it('tell `once` of nothing when every peer has said so, not before', async () => {
    const gun = open(URL);
    const told: unknown[] = [];
    gun.get('s').once((data) => told.push(data));
    const [get] = await peer(URL).connect();
    expect(told).to.deep.equal([]);
    await peer(URL).say({ '#': 'r', '@': get!['#']! });
    expect(told).to.deep.equal([undefined]);
  });

  it('tell `once` what a peer has, though something older is here', async () => {
    const gun = open(URL);
    await peer(URL).connect();
    const field = gun.get('s').get('a');
    field.on(() => undefined);
    await settle();
    await peer(URL).say({ '#': 'p', put: graphOf('s', { a: 1 }, 5) });
    field.off();
    const told: unknown[] = [];
    field.once((data) => told.push(data));
    const get = (await peer(URL).heard()).find((message) => message.get !== undefined);
    expect(told).to.deep.equal([]);
    await peer(URL).say({ '#': 'r', '@': get!['#']!, put: graphOf('s', { a: 2 }, 6) });
    expect(told).to.deep.equal([2]);
  });

  it('tell `once` what is here when nobody can be reached, and nothing when there is nothing', async () => {
    const gun = open(URL);
    gun.get('s').put({ a: 1 });
    const told: unknown[] = [];
    gun
      .get('s')
      .get('a')
      .once((data) => told.push(data));
    gun.get('none').once((data) => told.push(data));
    await peer(URL).fail();
    expect(told).to.deep.equal([1, undefined]);
  });

  it('wait for what is written before, so that a read after a write sees it', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun.get('a').get('b').get('c').put(1);
    gun
      .get('a')
      .get('b')
      .get('c')
      .once((data) => told.push(data));
    await settle();
    expect(told).to.deep.equal([1]);
  });

  it('tell all that one write changes at once, and each write by itself', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun.get('s').on(({ a, b }: { a: number; b?: number }) => told.push([a, b]));
    gun.get('s').put({ a: 1, b: 1 });
    gun.get('s').put({ a: 2 });
    gun.get('s').put({ a: 2 });
    await settle();
    expect(told).to.deep.equal([
      [1, 1],
      [2, 1],
    ]);
  });

  it('tell only what changed, when that is wished', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun.get('s').on((data: Record<string, unknown>) => told.push({ ...data, _: 0 }), { change: true });
    gun.get('s').put({ a: 1, b: 1 });
    gun.get('s').put({ b: 2 });
    await settle();
    expect(told).to.deep.equal([
      { a: 1, b: 1, _: 0 },
      { b: 2, _: 0 },
    ]);
  });

  it('tell that a value was deleted, but not of what was deleted before anybody looked', async () => {
    const gun = open();
    gun.get('list').put({ gone: null, here: 1 });
    await settle();
    const told: unknown[] = [];
    gun
      .get('list')
      .map()
      .on((data, key) => told.push([key, data]));
    await settle();
    gun.get('list').get('here').put(null);
    await settle();
    expect(told).to.deep.equal([
      ['here', 1],
      ['here', null],
    ]);
  });

  it('tell `get` that a place is empty, once, and again when it was filled and emptied', async () => {
    const gun = open();
    const told: unknown[] = [];
    gun
      .get('a')
      .get('b')
      .get('c')
      .get(({ put }) => told.push(put));
    await settle();
    gun.get('a').put({ b: { c: 1 } });
    await settle();
    gun.get('a').put({ b: 7 });
    await settle();
    expect(told).to.deep.equal([undefined, 1, undefined]);
  });
});
