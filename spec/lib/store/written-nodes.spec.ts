import { expect } from 'chai';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { stateToHex } from '../../../lib/store/keys.ts';
import { decodeStates, historyRange, idOfHistory } from '../../../lib/store/log-keys.ts';
import type { Change } from '../../../lib/store/storage.ts';
import { appendForgotten, historyChange, wereHere, writtenNodes } from '../../../lib/store/written-nodes.ts';

const ID = 'ab'.repeat(32);

function changesOf(writes: readonly FieldWrite[]): Change[] {
  const nodes = [...writtenNodes(writes)].filter((node) => node !== undefined);
  return nodes.map((node) => historyChange(ID, node, () => false));
}

function forgottenOf(writes: readonly FieldWrite[]): Change[] {
  const changes: Change[] = [];
  for (const _ of appendForgotten(changes, ID, writes));
  return changes;
}

describe('store.written-nodes', () => {
  const writes = [writeOf('s', 'a', 1, 'x'), writeOf('t', 'a', 5, 'x'), writeOf('s', 'b', 3, 'x')];

  it('notes each node once, under the latest state, with the state of each property', () => {
    const changes = changesOf(writes);
    expect(changes).to.have.lengthOf(2);
    const [[key, record]] = changes as [[string, string]];
    expect(ID.startsWith(idOfHistory(key))).to.equal(true);
    expect(key).to.include(stateToHex(3));
    expect(decodeStates(key, record)).to.deep.equal([
      ['a', 1],
      ['b', 3],
    ]);
    const { from, to } = historyRange('s');
    expect(changes.map(([name]) => name >= from && name < to)).to.deep.equal([true, false]);
  });

  it('notes states of all kinds', () => {
    for (const states of [
      [-2.5, -7],
      [0, -0],
      [1e300, 1],
      [5e-324, 5e-324],
    ] as const) {
      const said = states.map((state, at) => writeOf('s', `k${at}`, state, 1));
      const [[key, record]] = changesOf(said) as [[string, string]];
      const noted = decodeStates(key, record);
      expect(noted.map(([, state]) => state === states[0] || state === states[1])).to.deep.equal([
        true,
        true,
      ]);
      expect(noted.map(([name]) => name)).to.deep.equal(['k0', 'k1']);
      expect(noted[1]![1] === states[1]).to.equal(true);
    }
  });

  it('takes the same notes back', () => {
    const kept = changesOf(writes).map(([key]) => key);
    expect(forgottenOf(writes.toReversed())).to.have.deep.members(kept.map((key) => [key, undefined]));
  });

  it('tells whether all, none or some of it was there', () => {
    expect(wereHere(writes, true)).to.equal(true);
    expect(wereHere(writes, () => false)).to.equal(false);
    expect(wereHere(writes, () => true)).to.equal(true);
    expect(wereHere(writes, ({ key }) => key === 'a')).to.equal(undefined);
  });

  it('pauses on its way through many', () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(`s${at}`, 'k', 1, 1));
    let pauses = 0;
    for (const _ of appendForgotten([], ID, many)) pauses += 1;
    expect(pauses).to.be.greaterThan(5);
  });
});
