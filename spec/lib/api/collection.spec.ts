import { expect } from 'chai';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';
import { keys } from '../../../lib/api/query.ts';
import { settle } from '../../support/scripted-peer.ts';

describe('Collection', () => {
  let graph: Graph;
  beforeEach(() => {
    graph = createGraph();
  });
  afterEach(() => graph.close());

  it('tells each member once, again when it changes, and when it is gone', async () => {
    const seen: string[] = [];
    await graph.get('set').set({ x: 1 }, { id: 'a' });
    await graph.get('set').set({ x: 1 }, { id: 'b' });
    const stop = graph
      .get('set')
      .map()
      .each((value, id) => seen.push(`${id} ${JSON.stringify(value)}`));
    await settle();
    await graph.get('set').get('a').put({ x: 2 });
    await settle();
    await graph.get('set').unset('b');
    await settle();
    expect(seen).to.deep.equal(['a {"x":1}', 'b {"x":1}', 'a {"x":2}', 'b undefined']);
    stop();
    await graph.get('set').set(1);
    await settle();
    expect(seen.length).to.equal(4);
  });

  it('tells all members, also when there are none', async () => {
    const seen: number[] = [];
    const controller = new AbortController();
    graph
      .get('set')
      .map()
      .on(({ value }) => seen.push(value!.size), { signal: controller.signal });
    await settle();
    await graph.get('set').put({ a: 1, b: 2 });
    await settle();
    controller.abort();
    await graph.get('set').put({ c: 3 });
    await settle();
    expect(seen).to.deep.equal([0, 2]);
  });

  it('gives changes by member for as long as they are taken', async () => {
    await graph.get('set').put({ a: 1, b: 2 });
    const seen: string[] = [];
    for await (const { id, value } of graph.get('set').map().changes()) {
      seen.push(`${id} ${JSON.stringify(value)}`);
      if (id === 'a' && value === 1) await graph.get('set').put({ a: 3, c: null });
      if (value === 3) break;
    }
    expect(seen).to.deep.equal(['a 1', 'b 2', 'a 3']);
    const ended = graph.get('set').map().changes({ signal: AbortSignal.abort() });
    expect((await ended.next()).done).to.equal(true);
  });

  it('has the members that a query means', async () => {
    await graph.get('log').put({ '2023-12': 1, '2024-01': 2, '2024-02': 3, '2025-01': 4 });
    const { value } = await graph.get('log').map(keys().prefix('2024')).once();
    expect([...value!.keys()].toSorted()).to.deep.equal(['2024-01', '2024-02']);
    const range = await graph.get('log').map(keys().from('2024-02').to('2025')).once();
    expect([...range.value!.keys()]).to.deep.equal(['2024-02']);
  });
});
