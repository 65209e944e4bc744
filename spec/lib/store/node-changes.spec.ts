import { expect } from 'chai';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf } from '../../../lib/graph/write.ts';
import { groupNode, Stored, type GroupNode, type Slot } from '../../../lib/store/group-node.ts';
import { encodeEntry, fieldKey, nodeKey, type StoredEntry } from '../../../lib/store/keys.ts';
import { appendNode } from '../../../lib/store/node-changes.ts';
import { LARGE, LARGE_RECORD } from '../../../lib/store/node-record.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { nodeRecord } from '../../support/node-records.ts';

/** A node with what the store has for it, and what the group made of some properties. */
function nodeWith(stored: GroupNode['stored'], slots: Record<string, Slot>): GroupNode {
  const node = groupNode('s', undefined);
  node.stored = stored;
  for (const [key, slot] of Object.entries(slots)) node.slots.set(key, slot);
  return node;
}

function won(entry: StoredEntry, key: string, state: number, value: string): Stored {
  const stored = new Stored({ state: entry.state, json: entry.json ?? '' });
  stored.long = entry.json === undefined ? entry.long : undefined;
  stored.winner = writeOf('s', key, state, value);
  return stored;
}

function changesOf(node: GroupNode): Change[] {
  const changes: Change[] = [];
  const left = appendNode(changes, node);
  if (left !== undefined) finish(left);
  return changes;
}

const OLD: StoredEntry = { state: 1, json: '"old"' };
const IN_PIECES: StoredEntry = {
  state: 1,
  json: undefined,
  long: { id: 'id', pieces: 2, length: 5000, lexBytes: 4998 },
};

describe('store node changes', () => {
  it('are none when nothing won', () => {
    const slots = { a: null, b: new Stored({ state: 1, json: '1' }) };
    for (const stored of [new Map([['b', OLD]]), LARGE] as const)
      expect(changesOf(nodeWith(stored, slots))).to.deep.equal([]);
  });

  it('write a small node as one record', () => {
    const node = nodeWith(
      new Map([
        ['a', OLD],
        ['b', OLD],
      ]),
      { a: won(OLD, 'a', 2, 'new') },
    );
    expect(changesOf(node)).to.deep.equal([[nodeKey('s'), nodeRecord({ b: [1, '"old"'], a: [2, '"new"'] })]]);
    expect([node.winners.length, node.outgrown]).to.deep.equal([1, false]);
  });

  it('put a long value into pieces, though a small node would have room for it', () => {
    const long = 'x'.repeat(3000);
    for (const stored of [new Map([['a', OLD]]), new Map<string, StoredEntry>()]) {
      const slot = stored.size === 0 ? writeOf('s', 'a', 2, long) : won(OLD, 'a', 2, long);
      const changes = changesOf(nodeWith(stored, { a: slot }));
      expect(changes.map(([key]) => key.slice(0, 2))).to.deep.equal(['v/', 'g/']);
      expect(changes[0]![1]).to.equal(JSON.stringify(long));
      expect(changes[1]![1]!.length).to.be.below(100);
    }
  });

  it('write properties of a large node one by one', () => {
    const node = nodeWith(LARGE, { a: won(OLD, 'a', 2, 'new'), b: null });
    expect(changesOf(node)).to.deep.equal([[fieldKey('s', 'a'), encodeEntry(2, '"new"')]]);
  });

  it('mark a node that outgrows its record, and give each property one of its own', () => {
    const node = nodeWith(
      new Map<string, StoredEntry>([
        ['a', OLD],
        ['l', IN_PIECES],
      ]),
      {
        b: writeOf('s', 'b', 2, 'x'.repeat(2040)),
        c: writeOf('s', 'c', 2, 'x'.repeat(2040)),
      },
    );
    expect(changesOf(node).map(([key, value]) => [key, String(value).slice(0, 8)])).to.deep.equal([
      [nodeKey('s'), LARGE_RECORD],
      [fieldKey('s', 'a'), '1 "old"'],
      [fieldKey('s', 'l'), '1 *id 2 '],
      [fieldKey('s', 'b'), '2 "xxxxx'],
      [fieldKey('s', 'c'), '2 "xxxxx'],
    ]);
    expect(node.outgrown).to.equal(true);
  });

  it('remove the pieces of what is replaced, and keep the others', () => {
    const stored = new Map<string, StoredEntry>([
      ['l', IN_PIECES],
      ['m', { ...IN_PIECES, long: { ...IN_PIECES.long, id: 'other' } }],
    ]);
    const changes = changesOf(nodeWith(stored, { l: won(IN_PIECES, 'l', 2, 'short') }));
    expect(changes.filter(([, value]) => value === undefined).map(([key]) => key)).to.deep.equal([
      'v/id/0000',
      'v/id/0001',
    ]);
    expect(changes.find(([key]) => key === nodeKey('s'))?.[1]).to.include('*other 2');
  });

  it('put a long value into pieces, once, also when that makes the node large', () => {
    const long = 'y'.repeat(5000);
    const few = changesOf(nodeWith(new Map(), { l: writeOf('s', 'l', 2, long) }));
    expect(few.map(([key]) => key.slice(0, 2))).to.deep.equal(['v/', 'g/']);
    const slots: Record<string, Slot> = { l: writeOf('s', 'l', 2, long) };
    for (let at = 0; at < 40; at += 1) slots[`k${at}`] = writeOf('s', `k${at}`, 2, 'x');
    const many = changesOf(nodeWith(new Map(), slots));
    expect(many.filter(([key]) => key.startsWith('v/'))).to.have.length(1);
    expect(many.filter(([key]) => key.startsWith('g/'))).to.have.length(42);
  });
});
