import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { decodeStates, historyRange, parseHistoryKey } from '../../../lib/store/log-keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { appendHistory } from '../../../lib/store/written-nodes.ts';

const ID = 'ab'.repeat(32);

function changesOf(writes: Parameters<typeof appendHistory>[2], isKept: boolean): Change[] {
  const changes: Change[] = [];
  for (const _ of appendHistory(changes, ID, writes, isKept));
  return changes;
}

describe('store.written-nodes', () => {
  const writes = [writeOf('s', 'a', 1, 'x'), writeOf('t', 'a', 5, 'x'), writeOf('s', 'b', 3, 'x')];

  it('notes each node once, under the latest state, with the state of each property', () => {
    const changes = changesOf(writes, true);
    expect(changes).to.have.lengthOf(2);
    const [[key, record]] = changes as [[string, string]];
    expect(parseHistoryKey(key)).to.deep.equal({ id: ID, latest: 3 });
    expect(decodeStates(record)).to.deep.equal([
      ['a', 1],
      ['b', 3],
    ]);
    const { from, to } = historyRange('s');
    expect(changes.map(([name]) => name >= from && name < to)).to.deep.equal([true, false]);
  });

  it('takes the same notes back', () => {
    const kept = changesOf(writes, true).map(([key]) => key);
    expect(changesOf(writes.toReversed(), false)).to.have.deep.members(kept.map((key) => [key, undefined]));
  });

  it('pauses on its way through many', () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(`s${at}`, 'k', 1, 1));
    let pauses = 0;
    for (const _ of appendHistory([], ID, many, true)) pauses += 1;
    expect(pauses).to.be.greaterThan(5);
  });
});
