import { expect } from 'chai';
import { SortedItems } from '../../adapters/sorted-items.ts';

/** Numbered keys in a mixed order. */
function keysIn(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `k${String((index * 7919) % count).padStart(6, '0')}`);
}

function filled(count: number): SortedItems<number> {
  const items = new SortedItems<number>();
  for (const [index, key] of keysIn(count).entries()) items.put(key, index);
  return items;
}

function keysOf(items: SortedItems<number>, reverse = false): string[] {
  return [...items.walk('', '\u{10ffff}', reverse)].map(([key]) => key);
}

describe('SortedItems', () => {
  it('gives back what was put last, and nothing of what was taken out', () => {
    const items = filled(2000);
    items.put('k000007', -1);
    items.delete('k000008');
    items.delete('missing');
    expect(['k000007', 'k000008', 'k', ''].map((key) => items.get(key))).to.deep.equal([
      -1,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('walks in the order of UTF-8, both ways', () => {
    const items = new SortedItems<number>();
    const inOrder = ['', 'a', 'ab', '\ud7ff', '\ue000', '\uffff', '\u{10000}'];
    for (const key of inOrder.toReversed()) items.put(key, 0);
    expect(keysOf(items)).to.deep.equal(inOrder);
    expect(keysOf(items, true)).to.deep.equal(inOrder.toReversed());
  });

  it('shows a walk the items that were there when it began', () => {
    const items = filled(2000);
    const before = keysIn(2000).toSorted();
    const walk = items.walk('', 'l', false);
    for (const key of before) {
      items.delete(key);
      items.put(`${key} new`, 0);
    }
    expect([...walk].map(([key]) => key)).to.deep.equal(before);
    expect(keysOf(items)).to.deep.equal(before.map((key) => `${key} new`));
  });

  it('keeps a copy and what it was made from apart', () => {
    const items = filled(2000);
    const copy = items.copy();
    const before = keysIn(2000).toSorted();
    for (const key of before.slice(0, 1000)) copy.delete(key);
    for (const key of before.slice(1000)) items.delete(key);
    expect(keysOf(copy)).to.deep.equal(before.slice(1000));
    expect(keysOf(items)).to.deep.equal(before.slice(0, 1000));
  });

  it('is empty again when everything was taken out', () => {
    const items = filled(2000);
    for (const key of keysIn(2000)) items.delete(key);
    expect(keysOf(items)).to.deep.equal([]);
    items.put('a', 1);
    expect(items.get('a')).to.equal(1);
  });
});
