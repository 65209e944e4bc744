import { expect } from 'chai';
import * as fc from 'fast-check';
import { finish } from '../../../lib/base/slices.ts';
import {
  allHistoryRange,
  decodeStates,
  encodeKey,
  encodeKeys,
  encodeStates,
  encodeStatesInSteps,
  historyKey,
  historyOf,
  historyRange,
  noteOf,
  soulOfHistory,
  type WrittenStates,
} from '../../../lib/store/history-record.ts';
import { SHORT_ID_DIGITS } from '../../../lib/store/log-keys.ts';

const ID = 'ab'.repeat(32);
const aName = fc.string({ unit: 'binary' });
const aState = fc.double({ noNaN: true, noDefaultInfinity: true }).map((state) => state + 0);
const someStates: fc.Arbitrary<WrittenStates> = fc.array(
  fc
    .tuple(aName, fc.oneof(fc.constant(7), aState), fc.boolean())
    .map(([key, state, wasHere]) => (wasHere ? ([key, state, 1] as const) : ([key, state] as const))),
  { minLength: 1, maxLength: 8 },
);

describe('store.history-record', () => {
  it('is read as what was noted, whatever souls, keys and states', () => {
    fc.assert(
      fc.property(aName, someStates, (soul, states) => {
        const latest = Math.max(...states.map(([, state]) => state));
        const note = { shortId: ID.slice(0, SHORT_ID_DIGITS), latest, states };
        const [key, record] = historyOf(soul, note) as [string, string];
        expect(noteOf(key, record)).to.deep.equal(note);
        expect(soulOfHistory(key)).to.equal(soul);
        for (const { from, to } of [historyRange(soul), allHistoryRange()])
          expect(from <= key && key < to).to.equal(true);
      }),
    );
  });

  it('is the same when it is made in steps', () => {
    fc.assert(
      fc.property(fc.array(someStates, { minLength: 1, maxLength: 4 }), fc.boolean(), (parts, isHere) => {
        const alike = parts.map((states) =>
          states.map(([key, state, wasHere]) =>
            isHere ? ([key, state, 1] as const) : ([key, state, wasHere] as const),
          ),
        );
        // One that was not there keeps the others apart.
        if (!isHere) alike[0]!.unshift(['new', 1] as never);
        const states = alike.flat() as unknown as WrittenStates;
        const steps = encodeStatesInSteps(alike as unknown as WrittenStates[], 7, isHere);
        expect(finish(steps)).to.equal(encodeStates(states, 7));
      }),
    );
  });

  it('is shorter where all has the latest state', () => {
    const key = historyKey('s', 7, ID);
    const states = [
      ['a', 7, 1],
      ['b', 7, 1],
    ] as const;
    expect(encodeKeys(['a', 'b'])).to.equal(encodeStates(states, 7));
    expect(decodeStates(key, encodeKeys(['a', 'b']))).to.deep.equal(states);
    expect(decodeStates(key, encodeKey('a', false))).to.deep.equal([['a', 7]]);
    expect(decodeStates(key, encodeKey('a', true))).to.deep.equal([['a', 7, 1]]);
  });

  it('stands before that of a node whose soul goes on where another ends', () => {
    const { to } = historyRange('s');
    expect(historyKey('s\u0000', 7, ID) >= to).to.equal(true);
  });
});
