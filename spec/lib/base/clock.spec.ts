import { expect } from 'chai';
import { StateClock, systemClock } from '../../../lib/base/clock.ts';
import { loadVectors } from '../../support/vectors.ts';

interface ClockRow {
  readonly date_now: number;
  readonly drift: number;
  readonly state: number;
}

interface BurstRow {
  readonly call_after_first: number | string;
  readonly date_now: number;
  readonly state: number;
}

type Row = ClockRow | { readonly burst: readonly BurstRow[] };

const rows = loadVectors<{ readonly clock: readonly Row[] }>('gun/ham.json').clock;

/** A state clock over a wall clock that the spec sets. */
function clockAt(start: number): { set(now: number): void; next(): number } {
  let wall = start;
  const states = new StateClock(() => wall);
  return {
    set: (now) => {
      wall = now;
    },
    next: () => states.next(),
  };
}

describe('base.clock', () => {
  it('gives the states that Gun gives while the wall clock does not step back', () => {
    const clock = clockAt(0);
    let latest = 0;
    let compared = 0;
    for (const row of rows) {
      if ('burst' in row) continue;
      // Gun reads Date, which cuts fractions off.
      const now = Math.trunc(row.date_now);
      clock.set(now);
      const state = clock.next();
      if (row.drift === 0 && now >= latest) {
        expect(state).to.equal(row.state);
        compared += 1;
      }
      latest = Math.max(latest, now);
    }
    expect(compared).to.equal(9);
  });

  it('gives the states that Gun gives in a burst of two thousand calls and after it', () => {
    const burst = rows.flatMap((row) => ('burst' in row ? row.burst : []));
    const counted = burst.filter((row) => typeof row.call_after_first === 'number');
    const states = new Map(counted.map((row) => [row.call_after_first, row.state]));
    const clock = clockAt(burst[0]!.date_now);
    clock.next();
    for (let call = 1; call <= 2001; call += 1) {
      const state = clock.next();
      if (states.has(call)) expect(state, `call ${call}`).to.equal(states.get(call));
    }
    const later = burst.filter((row) => typeof row.call_after_first === 'string');
    for (const row of later) {
      clock.set(row.date_now);
      expect(clock.next()).to.equal(row.state);
    }
    expect([counted.length, later.length]).to.deep.equal([10, 2]);
  });

  it('goes on rising when the wall clock steps back, and returns to it once it has caught up', () => {
    const clock = clockAt(1_750_000_001_000);
    let last = clock.next();
    for (const step of [-100, -100, -50, 0, 0]) {
      clock.set(1_750_000_001_000 + step);
      const state = clock.next();
      expect(state).to.be.above(last);
      expect(state - last).to.be.below(0.01);
      last = state;
    }
    clock.set(1_750_000_001_001);
    expect(clock.next()).to.equal(1_750_000_001_001);
  });

  it('uses the clock of the machine unless it is given another', () => {
    const before = systemClock();
    const state = new StateClock().next();
    expect(state).to.be.within(before, systemClock());
  });
});
