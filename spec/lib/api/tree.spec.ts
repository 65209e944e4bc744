import { expect } from 'chai';
import { createGraph, type Graph } from '../../../lib/api/graph.ts';

describe('loadTree', () => {
  let graph: Graph;
  beforeEach(() => {
    graph = createGraph();
  });
  afterEach(() => graph.close());

  it('reads a node with all it links to', async () => {
    const value = { name: 'Ann', boss: { name: 'Bob', cat: { name: 'Tom', lives: 9 } } };
    await graph.get('ann').put(value);
    expect(await graph.get('ann').load()).to.deep.equal(value);
    expect(await graph.get('ann').get('boss').get('cat').get('lives').load()).to.equal(9);
    expect(await graph.get('nobody').load()).to.equal(undefined);
  });

  it('gives a node that is met twice as one object, and ends in circles', async () => {
    const bob: Record<string, unknown> = { name: 'Bob' };
    await graph.get('ann').put({ left: bob, right: bob, me: { '#': 'ann' } } as never);
    const ann = (await graph.get('ann').load()) as { readonly [key: string]: unknown };
    expect(ann['left']).to.equal(ann['right']);
    expect(ann['me']).to.equal(ann);
  });

  it('leaves links beyond the depth, and those to nothing, as links', async () => {
    await graph.get('a').put({ b: { c: { d: 1 } }, gone: { '#': 'nothing' } });
    expect(await graph.get('a').load({ depth: 1 })).to.deep.equal({
      b: { c: { '#': 'a/b/c' } },
      gone: { '#': 'nothing' },
    });
  });
});
