import { expect } from 'chai';
import { LiveNode, LiveNodes, type LivePart } from '../../../lib/api/live-nodes.ts';
import { NO_USER_SPACES } from '../../../lib/api/user-spaces.ts';
import { writeOf, type Entry } from '../../../lib/graph/write.ts';
import type { MaybePromise } from '../../../lib/base/maybe-promise.ts';
import type { Fields } from '../../../lib/graph/node.ts';
import { settle } from '../../support/scripted-peer.ts';

/** Live nodes over a store that a spec fills. */
function world(read: (soul: string) => MaybePromise<Fields> = () => new Map<string, Entry>()): {
  readonly live: LiveNodes;
  readonly asked: LivePart[];
  readonly held: string[];
  readonly errors: unknown[];
} {
  const asked: LivePart[] = [];
  const held: string[] = [];
  const errors: unknown[] = [];
  const source = {
    read,
    hold: (soul: string) => void held.push(`+${soul}`),
    release: (soul: string) => void held.push(`-${soul}`),
  };
  const live = new LiveNodes(
    source,
    (part) => asked.push(part),
    (error) => errors.push(error),
  );
  return { live, asked, held, errors };
}

/** Notes what a watcher is told. */
function watcher(): { readonly told: (string | undefined)[]; changed(key: string | undefined): void } {
  const told: (string | undefined)[] = [];
  return { told, changed: (key) => void told.push(key) };
}

describe('LiveNodes', () => {
  it('reads and asks for a part once, however many watch it, and lets it go with the last of them', () => {
    const { live, asked, held } = world();
    const watches = [1, 2, 3].map(() => live.watch({ soul: 's', reverse: false }, watcher()));
    expect([asked.length, live.size]).to.deep.equal([1, 1]);
    for (const watch of watches) watch.release();
    watches[0]!.release();
    expect([live.size, held]).to.deep.equal([0, ['+s', '-s']]);
    live.watch({ soul: 's', reverse: false }, watcher());
    expect(asked.length).to.equal(2);
  });

  it('asks for properties apart, unless the whole node is watched', () => {
    const { live, asked } = world();
    live.watch({ soul: 's', key: 'a', reverse: false }, watcher());
    live.watch({ soul: 's', key: { prefix: 'b' }, reverse: false, byteLimit: 9 }, watcher());
    live.watch({ soul: 's', reverse: false }, watcher());
    live.watch({ soul: 's', key: 'c', reverse: false }, watcher());
    expect(asked.map(({ selector }) => selector.key)).to.deep.equal(['a', { prefix: 'b' }, undefined]);
    expect([...live.parts()].length).to.equal(3);
  });

  it('tells watchers what changes in their part, and nobody of the rest', () => {
    const { live } = world();
    const [whole, one, range] = [watcher(), watcher(), watcher()];
    live.watch({ soul: 's', key: 'a', reverse: false }, one);
    live.watch({ soul: 's', key: { prefix: 'b' }, reverse: false }, range);
    const { part } = live.watch({ soul: 's', reverse: false }, whole);
    live.apply([writeOf('s', 'a', 1, 1), writeOf('s', 'bc', 1, 2), writeOf('other', 'a', 1, 3)], true);
    expect([whole.told, one.told, range.told]).to.deep.equal([['a', 'bc'], ['a'], ['bc']]);
    expect(part.node.snapshot).to.deep.equal({ a: 1, bc: 2 });
    expect(part.isFromPeers).to.equal(true);
  });

  it('gives the same object as long as nothing changes', () => {
    const { live } = world();
    const { part } = live.watch({ soul: 's', reverse: false }, watcher());
    live.apply([writeOf('s', 'a', 1, 1)], false);
    const before = part.node.snapshot;
    expect(part.node.snapshot).to.equal(before);
    live.apply([writeOf('s', 'a', 2, 2)], false);
    expect(part.node.snapshot).to.not.equal(before);
    expect(before).to.deep.equal({ a: 1 });
    expect(part.isFromPeers).to.equal(false);
  });

  it('does not let what is read late take the place of what came meanwhile', async () => {
    const { live } = world(
      async () =>
        new Map([
          ['a', { state: 1, json: '"old"' }],
          ['b', { state: 1, json: '1' }],
        ]),
    );
    const mine = watcher();
    const { part } = live.watch({ soul: 's', reverse: false }, mine);
    expect(part.isLoaded).to.equal(false);
    live.apply([writeOf('s', 'a', 2, 'new')], true);
    await settle();
    expect(part.isLoaded).to.equal(true);
    expect(part.node.snapshot).to.deep.equal({ a: 'new', b: 1 });
    expect(mine.told).to.deep.equal(['a', undefined]);
  });

  it('tells when the store fails, and goes on with nothing', async () => {
    const failure = new Error('disk');
    const { live, errors } = world(() => Promise.reject(failure));
    const { part } = live.watch({ soul: 's', reverse: false }, watcher());
    await settle();
    expect([errors, part.isLoaded]).to.deep.equal([[failure], true]);
  });
});

describe('LiveNode', () => {
  it('makes any key a property of its own and nothing else', () => {
    const node = new LiveNode('s', NO_USER_SPACES.plain);
    node.fields.set('__proto__', { state: 1, json: '"x"' }).set('constructor', { state: 1, json: 'null' });
    const value = node.snapshot;
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
    expect(Object.entries(value)).to.deep.equal([
      ['__proto__', 'x'],
      ['constructor', null],
    ]);
    expect(Object.isFrozen(value)).to.equal(true);
  });

  it('shows what properties mean, and not those that mean nothing', () => {
    const node = new LiveNode('s', (_soul, key, { state }) => (key === 'bad' ? undefined : state));
    node.fields.set('bad', { state: 1, json: '1' }).set('good', { state: 2, json: '1' });
    expect(node.snapshot).to.deep.equal({ good: 2 });
    expect([node.valueOf('good'), node.valueOf('bad'), node.valueOf('none')]).to.deep.equal([
      2,
      undefined,
      undefined,
    ]);
  });
});
