import { expect } from 'chai';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('Reference', () => {
  let graph: Graph;
  beforeEach(() => {
    graph = createGraph();
  });
  afterEach(() => graph.close());

  it('is a path and nothing more', () => {
    expect(graph.get('a').get('b').get('c').path).to.deep.equal(['a', 'b', 'c']);
  });

  it('reads and writes through links to any depth, changed links as well', async () => {
    await graph.get('ann').put({ boss: { name: 'Bob' } });
    await graph.get('eve').put({ name: 'Eve', age: 40 });
    const name = graph.get('ann').get('boss').get('name');
    expect((await name.once()).value).to.equal('Bob');
    await graph.get('ann').put({ boss: graph.get('eve') });
    expect((await name.once()).value).to.equal('Eve');
    await name.put('Eva');
    expect((await graph.get('eve').once()).value).to.deep.equal({ name: 'Eva', age: 40 });
  });

  it('takes the state of a write at the call, so that the later call wins whatever has to be read', async () => {
    const deep = graph.get('a').get('b').get('c');
    await Promise.all([deep.put(1), deep.put(2), graph.get('a').put({ b: { c: 3 } })]);
    expect((await deep.once()).value).to.equal(3);
  });

  it('gives changes one after the other, the latest of those that nobody took', async () => {
    const seen: unknown[] = [];
    const value = graph.get('s').get('x');
    await value.put(0);
    for await (const { value: now } of value.changes()) {
      seen.push(now);
      if (now === 0) for (const next of [1, 2, 3]) await value.put(next);
      if (now === 3) break;
    }
    expect(seen).to.deep.equal([0, 3]);
  });

  it('ends its changes with the signal', async () => {
    const controller = new AbortController();
    const changes = graph.get('s').changes({ signal: controller.signal });
    expect((await changes.next()).value).to.include({ found: false });
    const next = changes.next();
    controller.abort();
    expect((await next).done).to.equal(true);
    expect((await graph.get('s').changes({ signal: controller.signal }).next()).done).to.equal(true);
  });

  it('adds members with ids of their own, or those it is given, which are the same member each time', async () => {
    const todos = graph.get('todos');
    const { id, delivery } = await todos.set({ title: 'milk' });
    expect([delivery, id.length > 12]).to.deep.equal(['local', true]);
    await todos.set({ title: 'bread' }, { id: 'bread' });
    await todos.set({ title: 'more bread' }, { id: 'bread' });
    await todos.set('plain');
    const { value } = await todos.map().once();
    expect(value?.size).to.equal(3);
    expect(value?.get(id)).to.deep.equal({ title: 'milk' });
    expect(value?.get('bread')).to.deep.equal({ title: 'more bread' });
    expect((await graph.node(id).once()).value).to.deep.equal({ title: 'milk' });
    expect((await todos.get('bread').once()).soul).to.equal('todos/bread');
  });

  it('adds a node that is there already once, however often and by whichever way it is pointed to', async () => {
    await graph.get('ann').put({ name: 'Ann' });
    const friends = graph.get('bob').get('friends');
    for (const pointer of [graph.get('ann'), { '#': 'ann' }])
      expect((await friends.set(pointer)).id).to.equal('ann');
    const { value } = await friends.map().once();
    expect([...value!]).to.deep.equal([['ann', { name: 'Ann' }]]);
  });

  it('takes members out, by id or by what they point to', async () => {
    const set = graph.get('set');
    const { id } = await set.set({ x: 1 });
    await graph.get('ann').put({ name: 'Ann' });
    await set.set(graph.get('ann'));
    await set.unset(id);
    await set.unset(graph.get('ann'));
    expect((await set.map().once()).value?.size).to.equal(0);
    expect((await set.once()).value).to.deep.equal({ [id]: null, ann: null });
  });

  it('knows the soul of its node, also before there is one', async () => {
    expect(await graph.get('a').get('b').soul()).to.equal('a/b');
    await graph.get('a').put({ b: { '#': 'elsewhere' } });
    expect(await graph.get('a').get('b').get('c').soul()).to.equal('elsewhere/c');
  });

  it('deletes with null, which is found', async () => {
    await graph.get('s').put({ x: 1 });
    await graph.get('s').get('x').put(null);
    expect(await graph.get('s').get('x').once()).to.include({ value: null, found: true });
  });

  it('listens to a place that comes to be later', async () => {
    const seen: unknown[] = [];
    graph
      .get('a')
      .get('b')
      .get('c')
      .on(({ value }) => seen.push(value));
    await settle();
    await graph.get('a').put({ b: { c: { d: 1 } } });
    await settle();
    await graph.get('a').get('b').put({ c: 5 });
    await settle();
    expect(seen).to.deep.equal([undefined, { d: 1 }, 5]);
  });
});
