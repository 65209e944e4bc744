import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import type { LongEntry, StoredEntry } from '../../../lib/store/keys.ts';
import { cachedNode, detached, LongFields } from '../../../lib/store/loaded-node.ts';
import { CachedNode } from '../../../lib/store/node-cache.ts';

const LONG: LongEntry = {
  state: 1,
  json: undefined,
  long: { id: 'id', pieces: 2, length: 5000, lexBytes: 4998 },
};

function fields(...pairs: [key: string, entry: StoredEntry][]): ReadonlyMap<string, StoredEntry> {
  return new Map(pairs);
}

describe('store LongFields', () => {
  it('notes values in pieces, and puts the others into their node', () => {
    const node = new CachedNode('s');
    const longs = new LongFields();
    longs.put(node, 'short', { state: 1, json: '1' });
    expect([...node.fields.keys(), longs.bytes]).to.deep.equal(['short', 0]);
    longs.put(node, 'long', LONG);
    expect([...node.fields.keys()]).to.deep.equal(['short']);
    expect([...longs.fields]).to.deep.equal([['long', LONG]]);
    expect(longs.bytes).to.be.at.least(2 * LONG.long.length);
  });
});

describe('store cachedNode', () => {
  it('is whole when every value is there', () => {
    const node = cachedNode('s', fields(['a', { state: 1, json: '1' }], ['b', { state: 2, json: '2' }]), []);
    expect([node.soul, node.complete, node.isLarge, node.hasLong]).to.deep.equal(['s', true, false, false]);
    expect([...node.fields]).to.deep.equal([
      ['a', { state: 1, json: '1' }],
      ['b', { state: 2, json: '2' }],
    ]);
  });

  it('has what a commit changed', () => {
    const write = writeOf('s', 'a', 3, 'new');
    const node = cachedNode('s', fields(['a', { state: 1, json: '1' }]), [write, writeOf('s', 'c', 1, null)]);
    expect(node.fields.get('a')).to.equal(write);
    expect([...node.fields.keys()]).to.deep.equal(['a', 'c']);
  });

  it('is a part when a value is in pieces, unless it was just replaced', () => {
    const stored = fields(['a', { state: 1, json: '1' }], ['l', LONG]);
    const part = cachedNode('s', stored, []);
    expect([part.complete, [...part.fields.keys()]]).to.deep.equal([false, ['a']]);
    const whole = cachedNode('s', stored, [writeOf('s', 'l', 2, 'short')]);
    expect([whole.complete, [...whole.fields.keys()]]).to.deep.equal([true, ['a', 'l']]);
  });
});

describe('store detached', () => {
  it('is the same text, whatever is in it', () => {
    for (const key of ['', 'key', '"\\\n\u0000', '\ud800', '日本語']) expect(detached(key)).to.equal(key);
  });
});
