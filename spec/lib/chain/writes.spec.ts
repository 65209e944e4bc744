import { expect } from 'chai';
import { acked, useChains } from '../../support/chains.ts';
import { settle } from '../../support/scripted-peer.ts';

const URL = 'http://a/gun';

describe('writes of a chain', () => {
  const { open, peer } = useChains();

  it('below one soul take effect in their order: each sees the links of those before', async () => {
    const gun = open();
    gun.get('a').get('b').put({ '#': 'other' });
    gun.get('a').get('b').get('c').put(1);
    await acked((done) => gun.get('a').get('b').get('d').put(2, done));
    expect(gun._.graph['other']).to.include({ c: 1, d: 2 });
    expect(gun._.graph['a/b']).to.equal(undefined);
  });

  it('are acknowledged when a peer has stored them, or refused with its words', async () => {
    const gun = open(URL);
    await peer(URL).connect();
    const acks: unknown[] = [];
    gun.get('s').put({ a: 1 }, (ack) => acks.push(ack));
    gun.get('t').put({ a: 1 }, (ack) => acks.push(ack));
    const [first, second] = await peer(URL).heard();
    expect(acks).to.deep.equal([]);
    await peer(URL).say({ '#': 'x', '@': first!['#']!, ok: true });
    await peer(URL).say({ '#': 'y', '@': second!['#']!, err: 'no' });
    expect(acks.length).to.equal(2);
    expect(acks[0]).to.include({ ok: true });
    expect((acks[1] as { err: string }).err).to.contain('no');
  });

  it('are acknowledged when they are stored here, once nobody can be reached', async () => {
    const gun = open(URL);
    const ack = acked((done) => gun.get('s').put({ a: 1 }, done));
    await settle();
    await peer(URL).fail();
    expect(await ack).to.include({ ok: true });
    const [put] = await peer(URL).connect();
    expect(put!.put!['s']).to.include({ a: 1 });
  });

  it('are said to lack an answer after a while, and are sent all the same', async () => {
    const gun = open({ peers: URL, lack: 1 });
    await peer(URL).connect();
    const ack = await acked((done) => gun.get('s').put({ a: 1 }, done));
    expect(ack.lack).to.equal(true);
    expect(ack.err).to.be.a('string');
    await peer(URL).hangUp();
    const said = await peer(URL).connect();
    expect(said.some(({ put }) => put?.['s'] !== undefined)).to.equal(true);
  });
});
