import { expect } from 'chai';
import { LiveNodes } from '../../../lib/api/live-nodes.ts';
import { EVERYTHING } from '../../../lib/api/path-follower.ts';
import { FieldView, ItemsView, ValueView } from '../../../lib/api/views.ts';
import { writeOf, type Entry } from '../../../lib/graph/write.ts';

function liveNodes(): LiveNodes {
  return new LiveNodes(
    { read: () => new Map<string, Entry>(), hold: () => undefined, release: () => undefined },
    () => undefined,
    (error) => expect.fail(String(error)),
  );
}

describe('ValueView', () => {
  it('shows a value, a node, or that there is nothing', () => {
    const live = liveNodes();
    const view = new ValueView(live, { soul: 'a', keys: ['b'] }, EVERYTHING, () => undefined);
    expect(view.read()).to.include({ value: undefined, found: false, isLoaded: true });
    live.apply([writeOf('a', 'b', 1, null)], false);
    expect(view.read()).to.include({ value: null, found: true, soul: undefined });
    live.apply([writeOf('a', 'b', 2, { '#': 'N' })], false);
    expect(view.read()).to.deep.include({ value: {}, found: true, soul: 'N' });
    live.apply([writeOf('N', 'x', 1, 1)], false);
    expect(view.read().value).to.deep.equal({ x: 1 });
    expect(view.read().value).to.equal(view.read().value);
    expect([...view.parts()].length).to.equal(2);
    view.close();
    expect(live.size).to.equal(0);
  });

  it('shows of a node what a range means', () => {
    const live = liveNodes();
    const wanted = { key: { prefix: 'b' }, reverse: false };
    const view = new ValueView(live, { soul: 's', keys: [] }, wanted, () => undefined);
    live.apply([writeOf('s', 'b1', 1, 1), writeOf('s', 'c', 1, 2)], false);
    expect(view.read().value).to.deep.equal({ b1: 1 });
    expect(view.read().value).to.equal(view.read().value);
  });
});

describe('FieldView', () => {
  it('shows what a property holds, and does not follow links', () => {
    const live = liveNodes();
    let dirty = 0;
    const view = new FieldView(live, 's', 'k', () => (dirty += 1));
    expect(view.read()).to.include({ found: false, isLoaded: true });
    live.apply([writeOf('s', 'k', 1, { '#': 'there' })], false);
    expect(view.read().value).to.deep.equal({ '#': 'there' });
    expect([dirty, live.has('there'), [...view.parts()].length]).to.deep.equal([1, false, 1]);
    view.close();
    expect(live.size).to.equal(0);
  });
});

describe('ItemsView', () => {
  it('shows each member once: values, and the nodes that are linked', () => {
    const live = liveNodes();
    let dirty = 0;
    const view = new ItemsView(live, { soul: 'set', keys: [] }, EVERYTHING, () => (dirty += 1));
    expect(view.read()).to.deep.include({ value: new Map(), found: false, soul: 'set' });
    live.apply([writeOf('set', 'a', 1, 'plain'), writeOf('set', 'n', 1, { '#': 'N' })], false);
    expect(view.read().value).to.deep.equal(new Map([['a', 'plain']]));
    live.apply([writeOf('N', 'x', 1, 1)], false);
    expect(view.read().value).to.deep.equal(
      new Map<string, unknown>([
        ['a', 'plain'],
        ['n', { x: 1 }],
      ]),
    );
    expect(dirty).to.equal(3);
    expect([...view.parts()].length).to.equal(2);
    view.close();
    expect(live.size).to.equal(0);
  });

  it('gives members that did not change as the same objects, and the same map when none did', () => {
    const live = liveNodes();
    const view = new ItemsView(live, { soul: 'set', keys: [] }, EVERYTHING, () => undefined);
    for (const name of ['a', 'b']) live.apply([writeOf('set', name, 1, { '#': name })], false);
    view.read();
    live.apply([writeOf('a', 'x', 1, 1), writeOf('b', 'x', 1, 1)], false);
    const before = view.read().value!;
    expect(view.read().value).to.equal(before);
    live.apply([writeOf('b', 'x', 2, 2)], false);
    const after = view.read().value!;
    expect(after.get('a')).to.equal(before.get('a'));
    expect(after.get('b')).to.deep.equal({ x: 2 });
  });

  it('drops members that are null, and follows those whose link changes', () => {
    const live = liveNodes();
    const view = new ItemsView(live, { soul: 'set', keys: [] }, EVERYTHING, () => undefined);
    live.apply([writeOf('set', 'a', 1, { '#': 'one' }), writeOf('set', 'b', 1, true)], false);
    view.read();
    live.apply([writeOf('one', 'x', 1, 1)], false);
    view.read();
    live.apply([writeOf('set', 'a', 2, { '#': 'two' }), writeOf('set', 'b', 2, null)], false);
    expect(view.read().value).to.deep.equal(new Map());
    live.apply([writeOf('two', 'x', 1, 2)], false);
    expect(view.read().value).to.deep.equal(new Map([['a', { x: 2 }]]));
    expect(live.has('one')).to.equal(false);
  });

  it('finds the members of a set whose place turns out to be elsewhere', () => {
    const live = liveNodes();
    const view = new ItemsView(live, { soul: 'root', keys: ['set'] }, EVERYTHING, () => undefined);
    live.apply([writeOf('root', 'set', 1, { '#': 'S' })], false);
    live.apply([writeOf('S', 'a', 1, 1)], false);
    expect(view.read().value).to.deep.equal(new Map([['a', 1]]));
    live.apply([writeOf('root', 'set', 2, { '#': 'T' })], false);
    expect(view.read().value).to.deep.equal(new Map());
    live.apply([writeOf('T', 'b', 1, 2)], false);
    expect(view.read().value).to.deep.equal(new Map([['b', 2]]));
  });

  it('shows only the members that a range means', () => {
    const live = liveNodes();
    const view = new ItemsView(
      live,
      { soul: 's', keys: [] },
      { key: { from: 'b' }, reverse: false },
      () => undefined,
    );
    live.watch({ soul: 's', reverse: false }, { changed: () => undefined });
    live.apply([writeOf('s', 'a', 1, 1), writeOf('s', 'c', 1, 2)], false);
    expect(view.read().value).to.deep.equal(new Map([['c', 2]]));
  });

  it('takes ten thousand members one by one in a moment', () => {
    const live = liveNodes();
    const view = new ItemsView(live, { soul: 's', keys: [] }, EVERYTHING, () => undefined);
    for (let at = 0; at < 10_000; at += 1) live.apply([writeOf('s', `k${at}`, 1, { '#': `n${at}` })], false);
    view.read();
    for (let at = 0; at < 10_000; at += 1) live.apply([writeOf(`n${at}`, 'x', 1, at)], false);
    expect(view.read().value?.size).to.equal(10_000);
  });
});
