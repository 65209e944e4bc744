import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish } from '../../../lib/base/slices.ts';
import { writeOf, type FieldWrite } from '../../../lib/graph/write.ts';
import { stateToHex } from '../../../lib/store/keys.ts';
import { decodeStates, historyRange, idOfHistory } from '../../../lib/store/history-record.ts';
import type { Change } from '../../../lib/store/storage.ts';
import {
  appendForgotten,
  historyChange,
  historyChangeInSteps,
  isMany,
  onlyNode,
  wereHere,
  wereHereInSteps,
  writtenNodes,
} from '../../../lib/store/written-nodes.ts';
import { seeded } from '../../support/arbitraries.ts';

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

  it('are one node only where no write goes to another', () => {
    const [first, other, last] = writes as [FieldWrite, FieldWrite, FieldWrite];
    expect(onlyNode([])).to.equal(undefined);
    expect(onlyNode([first, other, last])).to.equal(undefined);
    expect(onlyNode([first, last, other])).to.equal(undefined);
    expect(onlyNode([first, last])).to.deep.include({ soul: 's', from: 0, to: 2 });
    for (const some of [[first], [first, last]])
      expect([onlyNode(some)]).to.deep.equal([...writtenNodes(some)].filter((node) => node !== undefined));
  });

  it('note the same in steps, and know the same of what was there', () => {
    const write = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean());
    const kinds = fc.constantFrom('as it comes', 'all', 'none');
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 9 }), kinds, fc.nat(700), (some, kind, more) => {
        const said = [...some, ...Array.from({ length: more }, () => some.at(-1)!)];
        const ours = said.map(([state], at) => writeOf('s', `k${at}`, state, 1));
        const here = new Set(
          ours.filter((_, at) => (kind === 'as it comes' ? said[at]![1] : kind === 'all')),
        );
        const node = { soul: 's', writes: ours, from: 0, to: ours.length };
        for (const wasHere of [true as const, (one: FieldWrite) => here.has(one)]) {
          expect(finish(wereHereInSteps(node, wasHere))).to.equal(wereHere(node, wasHere));
          expect(finish(historyChangeInSteps(ID, node, wasHere))).to.deep.equal(
            historyChange(ID, node, wasHere),
          );
        }
      }),
      seeded(200),
    );
  });

  it('are many where a step is not enough for those to one node', () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf('s', `k${at}`, 1, 1));
    expect([512, 513].map((to) => isMany({ soul: 's', writes: many, from: 0, to }))).to.deep.equal([
      false,
      true,
    ]);
    const node = { soul: 's', writes: many, from: 0, to: many.length };
    for (const steps of [wereHereInSteps(node, () => false), historyChangeInSteps(ID, node, () => false)])
      expect([...steps]).to.have.lengthOf.above(8);
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

  it('takes the same notes back, also where only a part was noted', () => {
    const forgotten = forgottenOf(writes.toReversed());
    expect(forgotten.every(([, record]) => record === undefined)).to.equal(true);
    // Two states of one node and one of the other.
    expect(forgotten).to.have.lengthOf(3);
    for (const some of [writes, writes.slice(0, 1), writes.slice(1), writes.slice(2)]) {
      const kept = changesOf(some).map(([key]) => key);
      expect(forgotten.map(([key]) => key)).to.include.members(kept);
    }
  });

  it('tells whether all, none or some of it was there', () => {
    const node = { soul: 's', writes: [writes[1]!, writes[0]!, writes[2]!], from: 1, to: 3 };
    expect(wereHere(node, true)).to.equal(true);
    expect(wereHere(node, () => false)).to.equal(false);
    expect(wereHere(node, () => true)).to.equal(true);
    expect(wereHere(node, ({ key }) => key === 'a')).to.equal(undefined);
    expect(wereHere({ ...node, from: 0, to: 1 }, ({ soul }) => soul === 't')).to.equal(true);
  });

  it('pauses on its way through many', () => {
    const many = Array.from({ length: 5000 }, (_, at) => writeOf(`s${at}`, 'k', 1, 1));
    let pauses = 0;
    for (const _ of appendForgotten([], ID, many)) pauses += 1;
    expect(pauses).to.be.greaterThan(5);
  });
});
