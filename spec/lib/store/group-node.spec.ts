import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import {
  groupNode,
  isKnown,
  isUnknown,
  Stored,
  UnreadEntry,
  winnerOf,
} from '../../../lib/store/group-node.ts';
import { CachedNode } from '../../../lib/store/node-cache.ts';
import { LARGE } from '../../../lib/store/node-record.ts';

const SHORT = { state: 1, json: '1' };
const LONG = { state: 1, json: `"${'x'.repeat(5000)}"` };

function cached(how: Partial<CachedNode>, ...keys: string[]): CachedNode {
  const node = new CachedNode('s');
  for (const key of keys) node.put(key, SHORT);
  return Object.assign(node, how);
}

describe('store GroupNode', () => {
  it('is read when memory has nothing of it, or only a part of a small one', () => {
    for (const node of [groupNode('s', undefined), groupNode('s', cached({}, 'a'))]) {
      expect(node.stored).to.equal(undefined);
      expect([isKnown(node, undefined), isKnown(node, SHORT)]).to.deep.equal([false, false]);
    }
  });

  it('is known when memory has all of a small one', () => {
    const memory = cached({ complete: true }, 'a', 'b');
    const node = groupNode('s', memory);
    expect(node.stored).to.equal(memory.fields);
    expect([isKnown(node, undefined), isKnown(node, SHORT)]).to.deep.equal([true, true]);
  });

  it('is read when memory does not tell which pieces its values have', () => {
    const memory = cached({ complete: true }, 'a');
    memory.put('l', LONG);
    expect(groupNode('s', memory).stored).to.equal(undefined);
  });

  it('of a large node is known by the properties that memory has', () => {
    const node = groupNode('s', cached({ isLarge: true }, 'a'));
    expect(node.stored).to.equal(LARGE);
    expect([SHORT, undefined, LONG].map((entry) => isKnown(node, entry))).to.deep.equal([true, false, false]);
    const whole = groupNode('s', cached({ isLarge: true, complete: true }, 'a'));
    expect([SHORT, undefined, LONG].map((entry) => isKnown(whole, entry))).to.deep.equal([true, true, false]);
  });
});

describe('store Slot', () => {
  it('tells whether something must be read for it, and who won', () => {
    const write = writeOf('s', 'k', 1, 1);
    const stored = new Stored(SHORT);
    expect([null, stored, new Stored(LONG), write].map(isUnknown)).to.deep.equal([true, false, true, false]);
    expect([null, stored, write].map(winnerOf)).to.deep.equal([undefined, undefined, write]);
    stored.winner = write;
    expect(winnerOf(stored)).to.equal(write);
  });

  it('never shows a value that was not read', () => {
    const entry = new UnreadEntry(7, { id: 'id', pieces: 1, length: 5000, lexBytes: 5000 });
    expect(entry.state).to.equal(7);
    expect(() => entry.json).to.throw('not read');
  });
});
