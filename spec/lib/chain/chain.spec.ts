import { expect } from 'chai';
import { acked, called, useChains } from '../../support/chains.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('chains', () => {
  const { open } = useChains();

  it('lead to keys, souls, paths and back', () => {
    const gun = open({ file: 'f' });
    const deep = gun.get('a').get('b').get(3);
    expect(deep._.place).to.deep.equal({ soul: 'a', keys: ['b', '3'] });
    expect(gun.get('a').path('b.3')._.place).to.deep.equal(deep._.place);
    expect(gun.get('a').path(['b', 3])._.place).to.deep.equal(deep._.place);
    expect(deep.get({ '#': 's' })._.soul).to.equal('s');
    expect(deep.back()._.get).to.equal('b');
    expect(deep.back(2)._.get).to.equal('a');
    expect(deep.back(-1)).to.equal(gun);
    expect(deep.back(99)).to.equal(gun);
    expect(deep.back('opt.file')).to.equal('f');
    expect(deep.back('get')).to.equal('3');
    expect(deep.back((at) => at.soul)).to.equal('a');
    expect(JSON.stringify({ deep })).to.equal('{}');
  });

  it('ask nothing for what is no key and no LEX', async () => {
    const told: unknown[] = [];
    const gun = open();
    gun.get('').on((data) => told.push(data));
    gun.get(null as never).once((data) => told.push(data));
    gun.on((data: unknown) => told.push(data));
    await settle();
    expect(told).to.deep.equal([]);
  });

  it('are called with data, key, message and event', async () => {
    const gun = open();
    gun.get('s').put({ a: 1 });
    const args = await new Promise<unknown[]>((resolve) => {
      gun
        .get('s')
        .get('a')
        .on((...all) => resolve(all));
    });
    const [data, key, message, event] = args as [
      number,
      string,
      { put: object; get: string },
      { off(): void },
    ];
    expect([data, key, message.get]).to.deep.equal([1, 'a', 'a']);
    expect(message.put).to.include({ '#': 's', '.': 'a', ':': 1 });
    event.off();
    const messages: unknown[] = [];
    gun.get('s').get('a', (message2) => messages.push(message2.put, message2.get));
    await settle();
    expect(messages).to.deep.equal([1, 'a']);
  });

  it('map members by LEX, also through get', async () => {
    const gun = open();
    gun.get('log').put({ 'a/1': 1, 'a/2': 2, 'b/1': 3 });
    const seen: unknown[] = [];
    gun
      .get('log')
      .get({ '.': { '*': 'a/' } })
      .map()
      .once((data) => seen.push(data));
    gun
      .get('log')
      .map({ '.': { '>': 'b' } })
      .once((data) => seen.push(data));
    await settle();
    expect(seen).to.deep.equal([1, 2, 3]);
  });

  it('map with a function: what it gives, chains followed, and nothing for undefined', async () => {
    const gun = open();
    gun.get('cats').put({ tom: { age: 3 }, kit: { age: 0 } });
    gun.get('owner').put({ name: 'Ann' });
    const grown: unknown[] = [];
    gun
      .get('cats')
      .map((cat: { age: number }) => (cat.age > 0 ? cat : undefined))
      .on((cat: { age: number }, key) => grown.push([key, cat.age]));
    const names: unknown[] = [];
    gun
      .get('cats')
      .map(() => gun.get('owner'))
      .get('name')
      .once((name) => names.push(name));
    await settle();
    gun.get('cats').get('kit').put({ age: 1 });
    await settle();
    expect(grown).to.deep.equal([
      ['tom', 3],
      ['kit', 1],
    ]);
    expect(names).to.deep.equal(['Ann', 'Ann']);
  });

  it('of now alone do not take in members that come', async () => {
    const gun = open();
    gun.get('list').put({ a: 1 });
    const seen: unknown[] = [];
    gun
      .get('list')
      .once()
      .map()
      .on((data, key) => seen.push([key, data]));
    await settle();
    gun.get('list').put({ a: 2, b: 3 });
    await settle();
    expect(seen).to.deep.equal([
      ['a', 1],
      ['a', 2],
    ]);
  });

  it('say that nothing is there, load, and wait', async () => {
    const gun = open();
    expect(await called((done) => gun.get('none').get('k').not(done))).to.equal('k');
    gun.get('a').put({ b: { c: 1 } });
    expect(await called((done) => gun.get('a').load(done))).to.deep.equal({ b: { c: 1 } });
    expect(await called((done) => gun.get('a').later(done, 0.001))).to.deep.equal({ b: { c: 1 } });
    gun.get('a').not(() => expect.fail('there is something'));
    await settle();
  });

  it('can be awaited', async () => {
    const gun = open();
    await acked((done) => gun.get('s').put({ a: 1 }, done));
    expect(await gun.get('s').get('a')).to.equal(1);
    expect(
      await gun
        .get('s')
        .get('a')
        .then((a: number) => a + 1),
    ).to.equal(2);
    const { put, key } = await gun.get('s').get('a').promise();
    expect([put, key]).to.deep.equal([1, 'a']);
    expect(await gun.get('s').get('none')).to.equal(undefined);
  });
});
