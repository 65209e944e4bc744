import { expect } from 'chai';
import { LiveNodes } from '../../../lib/api/live-nodes.ts';
import { EVERYTHING, linkOf, PathFollower } from '../../../lib/api/path-follower.ts';
import type { Entry } from '../../../lib/graph/write.ts';
import { writeOf } from '../../../lib/graph/write.ts';

function world(): { readonly live: LiveNodes; readonly watched: () => string[] } {
  const live = new LiveNodes(
    { read: () => new Map<string, Entry>(), hold: () => undefined, release: () => undefined },
    () => undefined,
    (error) => expect.fail(String(error)),
  );
  const watched = (): string[] =>
    [...live.parts()]
      .map(({ selector: { soul, key } }) => `${soul as string}.${(key ?? '*') as string}`)
      .toSorted();
  return { live, watched };
}

describe('PathFollower', () => {
  it('watches each property on the way, and the node at the end', () => {
    const { live, watched } = world();
    live.watch({ soul: 'x', reverse: false }, { changed: () => undefined });
    const follower = new PathFollower(live, { soul: 'a', keys: ['b', 'c'] }, EVERYTHING, () => undefined);
    expect([follower.isLoaded, follower.node, follower.value]).to.deep.equal([true, undefined, undefined]);
    expect(watched()).to.deep.equal(['a.b', 'x.*']);
    live.apply([writeOf('a', 'b', 1, { '#': 'B' })], false);
    live.apply([writeOf('B', 'c', 1, { '#': 'C' })], false);
    expect(watched()).to.deep.equal(['B.c', 'C.*', 'a.b', 'x.*']);
    expect(follower.node?.node.soul).to.equal('C');
    expect(follower.parts.map(({ node }) => node.soul)).to.deep.equal(['a', 'B', 'C']);
    follower.close();
    expect(watched()).to.deep.equal(['x.*']);
  });

  it('gives the value at the end, and tells when it changes', () => {
    const { live } = world();
    const told: (string | undefined)[] = [];
    const follower = new PathFollower(live, { soul: 'a', keys: ['b'] }, EVERYTHING, (key) => told.push(key));
    live.apply([writeOf('a', 'b', 1, 'x'), writeOf('a', 'other', 1, 'y')], false);
    expect(follower.value).to.equal('x');
    live.apply([writeOf('a', 'b', 2, { '#': 'N' })], false);
    live.apply([writeOf('N', 'key', 3, 1)], false);
    expect(told).to.deep.equal([undefined, undefined, 'key']);
  });

  it('follows a link that changes, and forgets the old way', () => {
    const { live, watched } = world();
    const follower = new PathFollower(live, { soul: 'a', keys: ['b', 'c'] }, EVERYTHING, () => undefined);
    live.apply([writeOf('a', 'b', 1, { '#': 'B' })], false);
    live.apply([writeOf('B', 'c', 1, { '#': 'C' })], false);
    live.apply([writeOf('a', 'b', 2, { '#': 'B2' })], false);
    expect(watched()).to.deep.equal(['B2.c', 'a.b']);
    expect([follower.node, follower.value]).to.deep.equal([undefined, undefined]);
    live.apply([writeOf('a', 'b', 3, 'no link any more')], false);
    expect(watched()).to.deep.equal(['a.b']);
  });

  it('follows circles as far as its keys go', () => {
    const { live } = world();
    live.watch({ soul: 'a', reverse: false }, { changed: () => undefined });
    live.apply([writeOf('a', 'me', 1, { '#': 'a' })], false);
    const follower = new PathFollower(
      live,
      { soul: 'a', keys: ['me', 'me', 'me'] },
      EVERYTHING,
      () => undefined,
    );
    expect(follower.node?.node.soul).to.equal('a');
    follower.close();
  });
});

describe('linkOf', () => {
  it('is the soul of a link, and nothing of anything else', () => {
    expect(linkOf({ '#': 'there' })).to.equal('there');
    for (const value of ['{"#":"there"}', 1, null, true]) expect(linkOf(value)).to.equal(undefined);
    expect(linkOf(undefined)).to.equal(undefined);
  });
});
