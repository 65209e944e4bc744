import { expect } from 'chai';
import type { Watch } from '../../../lib/api/live-nodes.ts';
import { coreOf, createGraph, type Graph } from '../../../lib/api/graph.ts';
import {
  FieldSpot,
  FrozenSpot,
  MadeSpot,
  MemberSpot,
  RootSpot,
  type WatchPart,
} from '../../../lib/chain/spots.ts';

describe('spots of a chain', () => {
  let graph: Graph;
  let watch: WatchPart;
  const watches: Watch[] = [];

  beforeEach(async () => {
    graph = createGraph();
    await graph.ready;
    watch = (selector, changed) => {
      const made = coreOf(graph).live.watch(selector, { changed });
      watches.push(made);
      return made;
    };
    await graph.get('a').put({ b: { c: 1 } });
  });

  afterEach(() => graph.close());

  it('follow a property to whichever node stands before it', async () => {
    const field = new FieldSpot(new FieldSpot(new RootSpot('a'), 'b', watch), 'c', watch);
    let changes = 0;
    const stop = field.watch(() => (changes += 1));
    expect([field.value, field.holder, field.soul, field.isLoaded]).to.deep.equal([
      1,
      'a/b',
      undefined,
      true,
    ]);
    expect(field.place).to.deep.equal({ soul: 'a', keys: ['b', 'c'] });
    expect(field.state).to.be.a('number');
    await graph.get('other').put({ c: 2 });
    await graph.get('a').put({ b: { '#': 'other' } });
    expect([field.value, field.holder]).to.deep.equal([2, 'other']);
    await graph.get('a').put({ b: null });
    expect([field.value, field.holder]).to.deep.equal([undefined, undefined]);
    expect(changes).to.equal(2);
    stop();
    field.close();
  });

  it('stand for members, and for what is frozen or made', () => {
    const root = new RootSpot('a');
    const { part } = watch({ soul: 'a', reverse: false }, () => undefined);
    const member = new MemberSpot(root, part, 'b');
    expect([member.value, member.soul, member.holder, member.isLoaded]).to.deep.equal([
      { '#': 'a/b' },
      'a/b',
      'a',
      true,
    ]);
    expect([...member.parts()]).to.deep.equal([part]);
    const frozen = new FrozenSpot(member);
    let changes = 0;
    frozen.watch(() => (changes += 1));
    member.changed();
    expect([frozen.isFrozen, frozen.key, frozen.soul, changes]).to.deep.equal([true, 'b', 'a/b', 1]);
    frozen.close();
    const made = new MadeSpot('k');
    made.become(undefined, undefined, { any: 'thing' });
    expect([made.value, made.made, made.soul]).to.deep.equal([undefined, { any: 'thing' }, undefined]);
    made.become({ '#': 's' }, { soul: 's', keys: [] });
    expect([made.made, made.soul]).to.deep.equal([undefined, 's']);
    for (const spot of [made, frozen, root]) expect([...spot.parts()].length).to.be.lessThan(2);
  });
});
