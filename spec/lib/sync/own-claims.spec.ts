import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { fromHex } from '../../../lib/base/byte-texts.ts';
import type { Tips } from '../../../lib/log/heights.ts';
import type { LogHead } from '../../../lib/store/log-head.ts';
import { FIRST_PEER_MS, OwnClaims, UNKEPT_MS, type OwnClaimEvent } from '../../../lib/sync/own-claims.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const name = { author: 'a'.repeat(64), log: 'b'.repeat(64) };
const idOf = (digit: string): string => digit.repeat(64);

function showing(height: number, id: string): Tips {
  return new Map([[name.author, new Map([[name.log, { height, id: fromHex(idOf(id))! }]])]]);
}

describe('sync.own-claims', () => {
  let head: LogHead | undefined;
  let ids: Record<number, string>;
  let time: FakeClock;
  let told: OwnClaimEvent[];
  let claims: OwnClaims;

  beforeEach(() => {
    head = { first: 0, height: 4, tip: idOf('4'), bytes: 1000, side: undefined };
    ids = { 2: idOf('2') };
    time = new FakeClock();
    told = [];
    claims = new OwnClaims({
      name,
      store: { head: () => Promise.resolve(head), idAt: (_name, at) => Promise.resolve(ids[at]) },
      now: time.clock,
      startTimer: time.startTimer,
      report: (event) => told.push(event),
    });
  });

  /** Expects that claims which are not kept hold for half of their time yet. */
  async function expectHalfLeft(): Promise<void> {
    void claims.heard(showing(99, '9'));
    await setImmediate();
    time.advance(UNKEPT_MS / 2 - 1);
    expect(claims.isBehind).to.equal(true);
    time.advance(1);
    expect(claims.isBehind).to.equal(false);
  }

  it('say nothing of those who know as much or less', async () => {
    for (const tips of [new Map() as Tips, showing(4, '4'), showing(2, '2'), showing(3, '9')]) {
      const done = claims.heard(tips);
      await setImmediate();
      expect(claims.isBehind).to.equal(false);
      await done();
    }
    head = { ...head!, side: { from: 4, height: 4, tip: idOf('7'), bytes: 200 } };
    await claims.heard(showing(4, '7'))();
    expect(told).to.deep.equal([]);
    expect(time.timerCount).to.equal(0);
  });

  it('hold until what a node shows is here', async () => {
    const done = claims.heard(showing(6, '6'));
    expect(claims.isBehind).to.equal(true);
    await setImmediate();
    expect([claims.isBehind, claims.lag]).to.deep.equal([true, 2]);
    head = { ...head!, height: 6, tip: idOf('6') };
    await done();
    expect([claims.isBehind, claims.lag]).to.deep.equal([false, 0]);
    expect(told).to.deep.equal([
      { kind: 'log-own-behind', height: 5, shown: 7 },
      { kind: 'log-own-recovered', height: 7 },
    ]);
  });

  it('hold for another operation at a place as well, and for a store that has nothing', async () => {
    for (const tips of [showing(4, '5'), showing(2, '3')]) {
      const done = claims.heard(tips);
      await setImmediate();
      expect(claims.isBehind).to.equal(true);
      head = { ...head!, side: { from: 2, height: 4, tip: idOf('5'), bytes: 600 } };
      await done();
    }
    head = undefined;
    const done = claims.heard(showing(0, '1'));
    await setImmediate();
    expect([claims.isBehind, claims.lag]).to.deep.equal([true, 1]);
    await done();
    expect(told.at(-1)).to.deep.equal({ kind: 'log-own-unproven', shown: 1 });
  });

  it('stop nobody for longer than some minutes in all when they are not kept, over any number of lines', async () => {
    for (let line = 0; line < 3; line += 1) {
      const done = claims.heard(showing(99, '9'));
      await setImmediate();
      time.advance(UNKEPT_MS / 2);
      expect(claims.isBehind).to.equal(line < 1);
      await done();
    }
    expect(claims.isBehind).to.equal(false);
    expect(told.filter(({ kind }) => kind === 'log-own-unproven')).to.have.lengthOf(2);
  });

  it('stop nobody for longer in all however many of them overlap', async () => {
    const done: (() => Promise<void>)[] = [];
    let heldMs = 0;
    // Each line but the first comes just before the one before it is let go.
    for (let second = 0; second < 1500; second += 1) {
      if (second % 299 === 0) done.push(claims.heard(showing(99, '9')));
      if (second % 299 === 1) await setImmediate();
      if (second % 400 === 399) await done.shift()!();
      if (claims.isBehind) heldMs += 1000;
      time.advance(1000);
    }
    expect(heldMs).to.equal(UNKEPT_MS);
    expect(time.timerCount).to.equal(0);
  });

  it('are counted by the time that is held, not by how many there are, and not when they are no news', async () => {
    for (let line = 0; line < 500; line += 1) {
      const done = claims.heard(showing(4, '4'));
      time.advance(1000);
      await setImmediate();
      await done();
    }
    const lies = Array.from({ length: 10 }, () => claims.heard(showing(99, '9')));
    await setImmediate();
    time.advance(UNKEPT_MS / 2);
    for (const done of lies) await done();
    await expectHalfLeft();
  });

  it('are counted too where the last claim beside them is no news', async () => {
    let answer: ((id: string) => void) | undefined;
    const held = new Promise<string>((resolve) => {
      answer = resolve;
    });
    claims = new OwnClaims({
      name,
      store: { head: () => Promise.resolve(head), idAt: () => held },
      now: time.clock,
      startTimer: time.startTimer,
    });
    const lie = claims.heard(showing(99, '9'));
    await setImmediate();
    time.advance(UNKEPT_MS / 2);
    void claims.heard(showing(2, '2'));
    await lie();
    answer!(idOf('2'));
    await setImmediate();
    expect(claims.isBehind).to.equal(false);
    await expectHalfLeft();
  });

  it('begin to be counted anew when one of them is kept, unless others are open beside it', async () => {
    void claims.heard(showing(99, '9'));
    const beside = claims.heard(showing(6, '6'));
    await setImmediate();
    time.advance(UNKEPT_MS / 2);
    head = { ...head!, height: 6, tip: idOf('6') };
    await beside();
    time.advance(UNKEPT_MS / 4);
    expect(claims.isBehind).to.equal(true);
    const kept = claims.heard(showing(7, '7'));
    await setImmediate();
    time.advance(UNKEPT_MS / 4 - 1);
    expect(claims.isBehind).to.equal(true);
    time.advance(1);
    expect(claims.isBehind, 'all of them').to.equal(false);
    await kept();
  });

  it('begin to be counted anew when the last of them is kept', async () => {
    const lie = claims.heard(showing(99, '9'));
    const kept = claims.heard(showing(6, '6'));
    await setImmediate();
    time.advance(UNKEPT_MS - 1);
    await lie();
    head = { ...head!, height: 6, tip: idOf('6') };
    await kept();
    void claims.heard(showing(99, '9'));
    await setImmediate();
    time.advance(UNKEPT_MS - 1);
    expect(claims.isBehind).to.equal(true);
    time.advance(1);
    expect([claims.isBehind, time.timerCount]).to.deep.equal([false, 0]);
  });

  it('let a node that is to have peers wait for the first, and not for long', async () => {
    let isReady = false;
    const waiting = async (): Promise<void> => {
      claims.expect();
      await claims.ready();
      isReady = true;
    };
    let waited = waiting();
    time.advance(FIRST_PEER_MS - 1);
    await setImmediate();
    expect(isReady).to.equal(false);
    time.advance(1);
    await waited;
    isReady = false;
    waited = waiting();
    void claims.heard(showing(4, '4'))();
    await waited;
    expect(isReady).to.equal(true);
    await claims.ready();
  });

  it('hold while operations of the own log come, and for some minutes after the last of them', async () => {
    const done = claims.heard(showing(99, '9'));
    await setImmediate();
    for (let sequence = 5; sequence < 15; sequence += 1) {
      time.advance(UNKEPT_MS - 1);
      claims.brought({ ...name, sequence });
    }
    time.advance(UNKEPT_MS - 1);
    expect(claims.isBehind).to.equal(true);
    time.advance(1);
    expect(claims.isBehind).to.equal(false);
    await done();
    expect(told.map(({ kind }) => kind)).to.deep.equal(['log-own-behind', 'log-own-unproven']);
  });

  it('are held up by nothing else that nodes bring', async () => {
    const done = claims.heard(showing(99, '9'));
    await setImmediate();
    time.advance(UNKEPT_MS - 1);
    claims.brought({ ...name, author: 'c'.repeat(64), sequence: 5 });
    claims.brought({ ...name, log: 'c'.repeat(64), sequence: 5 });
    time.advance(1);
    expect(claims.isBehind).to.equal(false);
    await done();
    claims.brought({ ...name, sequence: 5 });
    expect([claims.isBehind, time.timerCount], 'nobody claims anything').to.deep.equal([false, 0]);
  });

  it('hold again when operations come though their time was over, also those that came later', async () => {
    const early = claims.heard(showing(6, '6'));
    await setImmediate();
    time.advance(UNKEPT_MS);
    const late = claims.heard(showing(7, '7'));
    expect(claims.isBehind).to.equal(false);
    claims.brought({ ...name, sequence: 5 });
    await setImmediate();
    expect([claims.isBehind, claims.lag]).to.deep.equal([true, 3]);
    head = { ...head!, height: 7, tip: idOf('7') };
    ids = { 6: idOf('6') };
    await early();
    expect(claims.isBehind).to.equal(true);
    await late();
    expect([claims.isBehind, time.timerCount]).to.deep.equal([false, 0]);
  });

  it('wait for the rest when a line is cut amid operations, and not when the other side says that this was all', async () => {
    const cut = claims.heard(showing(9, '9'));
    await setImmediate();
    claims.brought({ ...name, sequence: 5 });
    await cut(false);
    expect(claims.isBehind).to.equal(true);
    const ended = claims.heard(showing(8, '8'));
    await setImmediate();
    claims.brought({ ...name, sequence: 6 });
    await ended();
    expect(claims.isBehind, 'what was cut').to.equal(true);
    head = { ...head!, height: 9, tip: idOf('9') };
    claims.brought({ ...name, sequence: 9 });
    await setImmediate();
    expect([claims.isBehind, time.timerCount]).to.deep.equal([false, 0]);
    expect(told.map(({ kind }) => kind)).to.deep.equal([
      'log-own-behind',
      'log-own-behind',
      'log-own-unproven',
      'log-own-recovered',
    ]);
  });

  it('end with their line where no operation came by it', async () => {
    const cut = claims.heard(showing(9, '9'));
    await setImmediate();
    await cut(false);
    expect([claims.isBehind, time.timerCount]).to.deep.equal([false, 0]);
  });

  it('hold no longer for many lines that were cut than for the one that showed most', async () => {
    for (const height of [7, 9, 8]) {
      const cut = claims.heard(showing(height, '9'));
      await setImmediate();
      claims.brought({ ...name, sequence: 5 });
      await cut(false);
    }
    expect([claims.isBehind, claims.lag]).to.deep.equal([true, 5]);
    time.advance(UNKEPT_MS);
    expect([claims.isBehind, claims.lag, time.timerCount]).to.deep.equal([false, 0, 0]);
    expect(told.filter(({ kind }) => kind === 'log-own-unproven')).to.deep.equal([
      { kind: 'log-own-unproven', shown: 10 },
    ]);
  });

  it('stay when the node closes, so that it does not publish at the end', async () => {
    claims.expect();
    const done = claims.heard(showing(9, '9'));
    await setImmediate();
    claims.close();
    await claims.ready();
    expect(claims.isBehind).to.equal(true);
    expect(time.timerCount).to.equal(0);
    await done();
  });

  it('stop everything for ever when another node signs this log', async () => {
    claims.expect();
    claims.share();
    await claims.ready();
    await claims.heard(showing(4, '4'))();
    time.advance(UNKEPT_MS);
    expect([claims.isBehind, claims.isExpecting]).to.deep.equal([true, false]);
  });

  it('hold while the store cannot be read', async () => {
    claims = new OwnClaims({
      name,
      store: {
        head: () => Promise.reject(new Error('broken')),
        idAt: () => Promise.reject(new Error('broken')),
      },
      now: time.clock,
      startTimer: time.startTimer,
    });
    const done = claims.heard(showing(9, '9'));
    await done();
    expect(claims.isBehind).to.equal(true);
    time.advance(UNKEPT_MS);
    expect(claims.isBehind).to.equal(false);
  });
});
