import { expect } from 'chai';
import { EVERYTHING } from '../../../lib/api/path-follower.ts';
import { coreOf, createGraph, type Graph } from '../../../lib/api/graph.ts';
import {
  BELOW,
  frozenSource,
  keySource,
  MadeSource,
  memberSource,
  nodeSource,
  type Source,
  type SourceWorld,
} from '../../../lib/chain/sources.ts';

describe('sources of a chain', () => {
  let graph: Graph;
  let world: SourceWorld;

  beforeEach(async () => {
    graph = createGraph();
    await graph.ready;
    world = {
      watch: (selector, changed) => coreOf(graph).live.watch(selector, { changed }),
      settle: (_spot, settled) => {
        settled();
        return () => undefined;
      },
    };
    await graph.get('list').put({ x: { name: 'X' }, y: { name: 'Y' }, z: 1 });
  });

  afterEach(() => graph.close());

  /** The values of the spots that a source has, kept up to date. */
  function opened(source: Source): { values: () => unknown[]; close: () => void } {
    const spots = new Set<{ readonly value: unknown }>();
    const close = source.open(world, {
      entered: (spot) => spots.add(spot),
      left: (spot) => spots.delete(spot),
    });
    return { values: () => [...spots].map(({ value }) => value), close };
  }

  it('mean each member once, and those that come', async () => {
    const { values, close } = opened(memberSource(nodeSource('list'), EVERYTHING));
    expect(values()).to.deep.equal([{ '#': 'list/x' }, { '#': 'list/y' }, 1]);
    await graph.get('list').put({ w: 2, z: 3 });
    expect(values()).to.deep.equal([{ '#': 'list/x' }, { '#': 'list/y' }, 3, 2]);
    close();
  });

  it('mean a key of each member, whatever node it links to', async () => {
    const names = keySource(memberSource(nodeSource('list'), EVERYTHING), 'name');
    const { values, close } = opened(names);
    expect(values()).to.deep.equal(['X', 'Y', undefined]);
    await graph.get('list').put({ y: { '#': 'list/x' } });
    expect(values()).to.deep.equal(['X', 'X', undefined]);
    close();
    expect(coreOf(graph).live.size).to.equal(0);
  });

  it('mean the members of a LEX alone, also while others watch all of them', () => {
    const all = opened(memberSource(nodeSource('list'), EVERYTHING));
    expect(opened(memberSource(nodeSource('list'), { key: 'z', reverse: false })).values()).to.deep.equal([
      1,
    ]);
    const range = { key: { from: 'y' }, reverse: false };
    expect(opened(memberSource(nodeSource('list'), range)).values()).to.deep.equal([{ '#': 'list/y' }, 1]);
    all.close();
  });

  it('mean what was there when they were frozen, as it changes', async () => {
    const { values, close } = opened(memberSource(frozenSource(nodeSource('list')), EVERYTHING));
    await graph.get('list').put({ w: 2, z: 3 });
    expect(values()).to.deep.equal([{ '#': 'list/x' }, { '#': 'list/y' }, 3]);
    close();
  });

  it('mean the members of another node when the link before them changes', async () => {
    await graph.get('root').put({ list: { '#': 'list' } });
    const { values, close } = opened(memberSource(keySource(nodeSource('root'), 'list'), EVERYTHING));
    expect(values().length).to.equal(3);
    await graph.get('root').put({ list: { only: 7 } });
    await graph.get('root').put({ list: { '#': 'elsewhere' } });
    expect(values()).to.deep.equal([]);
    await graph.get('elsewhere').put({ only: 7 });
    expect(values()).to.deep.equal([7]);
    close();
  });

  it('mean what was put in by hand, of each key the latest', () => {
    const source = new MadeSource('m');
    source.put('a', 1, undefined);
    const { values, close } = opened(source);
    source.put('a', 2, undefined);
    source.put('b', 3, undefined);
    expect(values()).to.deep.equal([2, 3]);
    source.remove('a');
    source.remove('nothing');
    expect(values()).to.deep.equal([3]);
    close();
  });

  it('have ids that begin with those of what they lie below', () => {
    const parent = nodeSource('s');
    for (const child of [keySource(parent, 'k'), memberSource(parent, EVERYTHING), frozenSource(parent)])
      expect(child.id.startsWith(`${parent.id}${BELOW}`)).to.equal(true);
    expect(keySource(parent, 'k').isOne).to.equal(true);
    expect(memberSource(parent, EVERYTHING).isOne).to.equal(false);
  });
});
