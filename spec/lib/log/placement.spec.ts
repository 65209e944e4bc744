import { expect } from 'chai';
import * as fc from 'fast-check';
import { isCanonical, MOST_MOVED_OPERATIONS, MOST_SIDE_OPERATIONS } from '../../../lib/log/fork.ts';
import type { Operation } from '../../../lib/log/operation.ts';
import { placeOperation, type LogState } from '../../../lib/log/placement.ts';
import { seeded, shuffled } from '../../support/arbitraries.ts';
import { authorOf, logOf, operationAfter } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { scaled } from '../../torture/scale.ts';

const author = authorOf(1);
const log = logOf(author, 6);
/** Two operations at place 3: one with a smaller id than that of the log, and one with a larger. */
const [smaller, larger] = [true, false].map((wanted) => {
  for (let byte = 0; ; byte += 1) {
    const fork = operationAfter(author, log[2]!.header, Uint8Array.of(7, byte));
    if (isCanonical(fork.header.id, log[3]!.header.id) === wanted) return fork;
  }
}) as [Operation, Operation];

function stateOf(height: number, at: number, side: readonly Operation[] = []): LogState {
  const tip = log[height]!.header;
  const from = side[0]?.header.sequence;
  return {
    held: { author: tip.author, height, tip: tip.id, first: 0 },
    heldId: at <= height ? log[at]?.header.id : undefined,
    beforeId: log[at - 1]?.header.id,
    side: from === undefined ? undefined : { from, ids: side.map(({ header }) => header.id) },
  };
}

function place(operation: Operation, state: LogState, policy: 'tolerate' | 'freeze' = 'tolerate'): string {
  const placed = placeOperation(operation, state, policy);
  return placed.ok ? placed.value : placed.reason;
}

describe('log.placement', () => {
  it('appends, restarts and knows as the place says', () => {
    const empty = { held: undefined, heldId: undefined, beforeId: undefined, side: undefined };
    expect(place(log[0]!, empty)).to.equal('append');
    expect(place(log[2]!, empty)).to.equal('gap');
    expect(place(log[4]!, stateOf(3, 4))).to.equal('append');
    expect(place(log[3]!, stateOf(5, 3))).to.equal('known');
    const point = operationAfter(author, log[5]!.header, undefined, { prune: true });
    expect(place(point, stateOf(3, 6))).to.equal('restart');
    expect(place(logOf(authorOf(2), 1)[0]!, stateOf(3, 0, [larger]))).to.equal('author');
  });

  it('keeps the branch with the smaller id canonical', () => {
    expect(place(larger, stateOf(5, 3))).to.equal('side-start');
    expect(place(smaller, stateOf(5, 3))).to.equal('switch');
  });

  it('does not begin a branch that hangs on nothing held', () => {
    const next = operationAfter(author, larger.header, undefined);
    expect(place(next, stateOf(5, 4))).to.equal('backlink');
    const pruned: LogState = {
      ...stateOf(5, 4),
      held: { ...stateOf(5, 4).held!, first: 4 },
      beforeId: undefined,
    };
    expect(place(next, pruned)).to.match(/switch|side-start/);
  });

  it('lets the side branch grow below, at and beyond the height of the other', () => {
    const side = [larger];
    while (side.length < 5) {
      const next = operationAfter(author, side.at(-1)!.header, Uint8Array.of(9));
      expect(place(next, stateOf(5, next.header.sequence, side))).to.equal('side-append');
      side.push(next);
    }
    expect(place(side[2]!, stateOf(5, 5, side))).to.equal('known');
    expect(place(log[5]!, stateOf(4, 5, side))).to.equal('append');
    const third = operationAfter(author, log[2]!.header, Uint8Array.of(1, 2, 3));
    expect(place(third, stateOf(5, 3, side))).to.equal('fork');
  });

  it('tells a full side branch from a gap', () => {
    const side = [larger];
    while (side.length < MOST_SIDE_OPERATIONS)
      side.push(operationAfter(author, side.at(-1)!.header, undefined));
    const next = operationAfter(author, side.at(-1)!.header, undefined);
    const afterNext = operationAfter(author, next.header, undefined);
    expect(place(next, stateOf(5, next.header.sequence, side))).to.equal('full');
    expect(place(afterNext, stateOf(5, afterNext.header.sequence, side))).to.equal('full');
    expect(place(afterNext, stateOf(5, afterNext.header.sequence, side.slice(0, 9)))).to.equal('gap');
  });

  it('takes what hangs on nothing held of a log that is known to be forked for another branch', () => {
    const next = operationAfter(author, larger.header, undefined);
    const afterNext = operationAfter(author, next.header, undefined);
    const states = [stateOf(4, 5), stateOf(3, 5), stateOf(5, 4), stateOf(3, 5, [smaller])];
    for (const [state, operation] of [
      [states[0]!, afterNext],
      [states[1]!, afterNext],
      [states[2]!, next],
      [states[3]!, afterNext],
    ] as const) {
      expect(place(operation, state)).to.match(/^(?:gap|backlink)$/);
      expect(place(operation, { ...state, isForked: true })).to.equal('fork');
      expect(place(operation, { ...state, isForked: true }, 'freeze')).to.equal('frozen');
    }
  });

  it('moves no branch that is too long to be moved at once', () => {
    const heights = [3 + MOST_MOVED_OPERATIONS - 1, 3 + MOST_MOVED_OPERATIONS];
    const placed = heights.map((height) => {
      const state = stateOf(5, 3);
      return place(smaller, { ...state, held: { ...state.held!, height } });
    });
    expect(placed).to.deep.equal(['switch', 'side-start']);
  });

  it('freezes a forked log when that is wanted, but takes evidence of a fork', () => {
    const next = operationAfter(author, larger.header, undefined);
    expect(place(larger, stateOf(5, 3), 'freeze')).to.equal('side-start');
    expect(place(next, stateOf(5, 4, [larger]), 'freeze')).to.equal('frozen');
    expect(place(log[5]!, stateOf(4, 5, [larger]), 'freeze')).to.equal('frozen');
    expect(place(log[4]!, stateOf(5, 4, [larger]), 'freeze')).to.equal('known');
    expect(place(larger, stateOf(5, 3, [larger]), 'freeze')).to.equal('known');
  });

  it('ends at the same branches in whatever order each comes, mixed with the other as it may be', () => {
    const other = [smaller];
    while (other.length < 4) other.push(operationAfter(author, other.at(-1)!.header, Uint8Array.of(9)));
    const wanted = new LogReplica().add([...log, ...other]).lines();
    const orders = shuffled([...log.slice(3), ...other]);
    fc.assert(
      fc.property(orders, (order) => {
        const replica = new LogReplica().add(log.slice(0, 3));
        // What hangs on something that has not come yet is refused, and comes again.
        for (let round = 0; round <= order.length; round += 1) {
          for (const operation of order) replica.place(operation);
        }
        expect(replica.lines()).to.deep.equal(wanted);
      }),
      seeded(scaled(200, 2000)),
    );
  });
});
