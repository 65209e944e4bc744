import { expect } from 'chai';
import { CachedNode, NodeCache } from '../../../lib/store/node-cache.ts';
import { heldBytes } from '../../support/garbage.ts';

const MIB = 1024 * 1024;

function entry(json: string, state = 1): { readonly state: number; readonly json: string } {
  return { state, json };
}

function nodeWith(soul: string, keys: number, json = '"v"'): CachedNode {
  const node = new CachedNode(soul);
  for (let i = 0; i < keys; i += 1) node.put(`key${i}`, entry(json));
  return node;
}

describe('store CachedNode', () => {
  it('tells by how much it grew, and keeps the sum', () => {
    const node = new CachedNode('soul');
    const empty = node.bytes;
    const first = node.put('a', entry('"x"'));
    expect(first).to.be.greaterThan(0);
    expect(node.put('a', entry('"xyz"'))).to.equal(8);
    expect(node.put('a', entry('1'))).to.equal(-16);
    expect(node.bytes).to.equal(empty + first - 8);
    expect(node.fields.get('a')).to.deep.equal(entry('1'));
  });

  it('forgets what was derived from it when a property changes', () => {
    const node = nodeWith('soul', 1);
    node.memo = 'derived';
    node.put('key0', entry('2'));
    expect(node.memo).to.equal(undefined);
  });

  it('knows whether a value was put that is in pieces in the store', () => {
    const node = nodeWith('soul', 1, `"${'x'.repeat(2000)}"`);
    expect(node.hasLong).to.equal(false);
    node.put('key0', entry(`"${'x'.repeat(3000)}"`));
    expect(node.hasLong).to.equal(true);
  });

  it('keeps properties of any name apart', () => {
    const node = new CachedNode('__proto__');
    for (const key of ['__proto__', 'constructor', '_', '']) node.put(key, entry(JSON.stringify(key)));
    expect([...node.fields.keys()]).to.deep.equal(['__proto__', 'constructor', '_', '']);
  });
});

describe('store NodeCache', () => {
  it('gives the node it keeps', () => {
    const cache = new NodeCache(MIB);
    const node = nodeWith('soul', 2);
    cache.keep(node);
    expect(cache.get('soul')).to.equal(node);
    expect(cache.get('other')).to.equal(undefined);
  });

  it('keeps nothing that takes more than its share', () => {
    const cache = new NodeCache(8 * 10_000);
    cache.keep(nodeWith('large', 100));
    expect(cache.get('large')).to.equal(undefined);
    cache.keep(nodeWith('small', 10));
    expect(cache.get('small')).to.be.an.instanceOf(CachedNode);
  });

  it('lets a node go that grows beyond its share', () => {
    const cache = new NodeCache(8 * 2000);
    const node = nodeWith('soul', 1);
    cache.keep(node);
    cache.put(node, 'key0', entry('"longer"'));
    expect(cache.get('soul')).to.equal(node);
    cache.put(node, 'key0', entry(`"${'x'.repeat(2000)}"`));
    expect(cache.get('soul')).to.equal(undefined);
  });

  it('keeps nothing at all when it has no room', () => {
    const cache = new NodeCache(0);
    cache.keep(nodeWith('soul', 0));
    expect(cache.get('soul')).to.equal(undefined);
  });

  it('keeps what is used and lets go of what is not', () => {
    const cache = new NodeCache(64 * 1000);
    cache.keep(nodeWith('used', 1));
    for (let i = 0; i < 1000; i += 1) {
      cache.keep(nodeWith(`n${i}`, 1));
      expect(cache.get('used')?.soul, `after ${i}`).to.equal('used');
    }
    expect(cache.get('n1')).to.equal(undefined);
    expect(cache.get('n999')?.soul).to.equal('n999');
  });

  it('stays within its bytes, however much is put into it', async () => {
    const capacity = 4 * MIB;
    const cache = new NodeCache(capacity);
    const before = await heldBytes();
    for (let i = 0; i < 20_000; i += 1) cache.keep(nodeWith(`soul${i}`, 5, `"${i} ${'x'.repeat(40)}"`));
    const grown = (await heldBytes()) - before;
    expect(cache.get('soul19999')).to.be.an.instanceOf(CachedNode);
    expect(grown).to.be.lessThan(capacity);
    expect(grown, 'and makes use of them').to.be.greaterThan(capacity / 8);
  });

  it('stays within its bytes together with what was derived from its nodes', async () => {
    const capacity = 4 * MIB;
    const cache = new NodeCache(capacity);
    const before = await heldBytes();
    for (let i = 0; i < 5000; i += 1) {
      const node = nodeWith(`soul${i}`, 3, `"${i} ${'漢'.repeat(600)}"`);
      node.memo = { putJson: JSON.stringify([...node.fields.values()].map(({ json }) => json)) };
      cache.keep(node);
    }
    const grown = (await heldBytes()) - before;
    expect(cache.get('soul4999')).to.be.an.instanceOf(CachedNode);
    expect(grown).to.be.lessThan(capacity);
  });

  it('stays within its bytes when kept nodes grow', async () => {
    const capacity = 4 * MIB;
    const cache = new NodeCache(capacity);
    const before = await heldBytes();
    const souls = Array.from({ length: 200 }, (_, index) => `soul${index}`);
    for (const soul of souls) cache.keep(new CachedNode(soul));
    for (let round = 0; round < 300; round += 1) {
      for (const soul of souls) {
        const node = cache.get(soul) ?? new CachedNode(soul);
        if (node.fields.size === 0) cache.keep(node);
        cache.put(node, `key${round}`, entry(`"${round} ${'y'.repeat(100)}"`));
      }
    }
    const grown = (await heldBytes()) - before;
    expect(cache.get('soul199')).to.be.an.instanceOf(CachedNode);
    expect(grown).to.be.lessThan(capacity);
  });
});
