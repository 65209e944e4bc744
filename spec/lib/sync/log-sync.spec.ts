import { expect } from 'chai';
import { LOG_REASONS } from '../../../lib/log/reasons.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { LogSession } from '../../../lib/sync/log-sync.ts';
import type { OutgoingOperation } from '../../../lib/sync/sync-store.ts';
import { TOPIC } from '../../support/log-maker.ts';
import {
  bytes,
  frame,
  FRAMES,
  hashes,
  NO_TIPS,
  openedSession,
  partHashes,
  said,
  sessionIn,
} from '../../support/log-sessions.ts';
import { partedTips } from '../../support/parted-tips.ts';

function operation(sequence: number, id = `id${sequence}`): OutgoingOperation {
  return { author: 'aa', log: 'bb', id, sequence, header: Uint8Array.of(sequence), body: undefined };
}

const digest = (byte: number): LogFrame => frame({ type: 'digest', digest: bytes(byte) });
const digestParts = (byteOf: (part: number) => number): LogFrame =>
  frame({ type: 'digestParts', hashes: partHashes(byteOf) });

describe('sync.log-sync', () => {
  it('asks for bodies once live, one question at a time, and answers then', () => {
    const [author, log] = ['aa', 'bb'].map((byte) => byte.repeat(32)) as [string, string];
    const lacking = { author, log, places: [1, 5] };
    const bodies = frame({ type: 'bodies', author: bytes(0xaa), log: bytes(0xbb), places: [1, 5] });
    const session = sessionIn('live');
    expect(said(session.receive(frame({ type: 'given' })))).to.deep.equal(['error', 'end']);
    for (const state of ['topic', 'comparing', 'syncing', 'done'] as const) {
      expect(sessionIn(state).ask(lacking)).to.deep.equal([]);
      expect(said(sessionIn(state).receive(bodies))).to.deep.equal(['error', 'end']);
      expect(sessionIn(state).gave()).to.deep.equal([]);
    }
    const asking = sessionIn('live');
    expect(asking.ask(lacking)).to.deep.equal([{ do: 'send', frame: bodies }]);
    expect(asking.ask(lacking)).to.deep.equal([]);
    expect(asking.receive(frame({ type: 'given' }))).to.deep.equal([{ do: 'given' }]);
    expect(said(asking.ask(lacking))).to.deep.equal(['bodies']);
    const answering = sessionIn('live');
    expect(answering.receive(bodies)).to.deep.equal([{ do: 'give', bodies: lacking }]);
    expect(said(answering.gave())).to.deep.equal(['given']);
  });

  it('goes from the topic over comparing and syncing to live', () => {
    const session = new LogSession({ session: 1, mostLogs: 10 });
    expect(said(session.start(TOPIC))).to.deep.equal(['topic']);
    expect(said(session.receive(frame({ type: 'agreed' })))).to.deep.equal(['agreed', 'read-tips']);
    expect(said(session.tips(NO_TIPS))).to.deep.equal(['have']);
    expect(said(session.receive(FRAMES[4]!))).to.deep.equal(['compare']);
    expect(said(session.plan({ operations: 2, bytes: 10 }))).to.deep.equal(['preSync', 'stream']);
    expect(said(session.send(operation(0)))).to.deep.equal(['operation']);
    expect(said(session.receive(FRAMES[5]!))).to.deep.equal(['expect']);
    expect(said(session.receive(FRAMES[6]!))).to.deep.equal(['take']);
    expect(said(session.sent())).to.deep.equal(['done']);
    expect(session.state).to.equal('syncing');
    expect(said(session.receive(FRAMES[7]!))).to.deep.equal(['go-live']);
    expect(session.state).to.equal('live');
    expect(said(session.send(operation(1)))).to.deep.equal(['live']);
    expect(said(session.receive(FRAMES[8]!))).to.deep.equal(['take']);
    expect(said(session.receive(frame({ type: 'close' })))).to.deep.equal(['end']);
    expect(said(session.receive(FRAMES[8]!))).to.deep.equal([]);
    expect(session.state).to.equal('closed');
  });

  const TAKEN: Readonly<Record<string, readonly LogFrame['type'][]>> = {
    topic: ['topic'],
    agreed: ['agreed'],
    comparing: ['have', 'digest'],
    syncing: ['preSync', 'operation', 'done', 'fork'],
    done: ['fork'],
    live: ['live', 'fork'],
  };
  for (const [state, taken] of Object.entries(TAKEN)) {
    it(`takes ${taken.join(', ')} when ${state}, and calls everything else a fault`, () => {
      for (const given of FRAMES) {
        const session = sessionIn(state as 'topic');
        const actions = session.receive(given);
        if (taken.includes(given.type)) expect(session.state, given.type).to.not.equal('closed');
        else {
          expect(said(actions), given.type).to.deep.equal(['error', 'end']);
          expect(actions[1], given.type).to.deep.equal({ do: 'end', end: { by: 'fault', reason: 'order' } });
        }
      }
    });
  }

  describe('with digests', () => {
    const LOCAL = partedTips([['aa', new Map([['bb', { height: 7, id: bytes(1) }]])]]);
    it('takes an equal one for the whole state vector, and goes on from there', () => {
      for (const isFirst of [true, false]) {
        const session = openedSession();
        const first = isFirst ? session.tips(LOCAL, hashes(5)) : session.receive(digest(5));
        const second = isFirst ? session.receive(digest(5)) : session.tips(LOCAL, hashes(5));
        expect(said([...first, ...second])).to.deep.equal(['digest', 'compare']);
        expect(second.at(-1)).to.deep.equal({ do: 'compare', remote: LOCAL });
        expect(session.logCount).to.equal(1);
        expect(said(session.plan({ operations: 0, bytes: 0 }))).to.deep.equal(['done']);
        expect(said(session.receive(frame({ type: 'done' })))).to.deep.equal(['go-live']);
        expect(session.appended(operation(7), false).do).to.equal('nothing');
        expect(session.appended(operation(8), false).do).to.equal('send');
        expect(session.appended(operation(10), false)).to.deep.equal({
          do: 'catch-up',
          log: { author: 'aa', log: 'bb', after: 8, forked: false },
        });
      }
    });

    it('shows the state vector to a side that says another, or that has few logs and says none', () => {
      const other = openedSession();
      expect(said(other.tips(LOCAL, hashes(5)))).to.deep.equal(['digest']);
      expect(said(other.receive(digest(6)))).to.deep.equal(['have']);
      expect(said(other.receive(FRAMES[4]!))).to.deep.equal(['compare']);
      const few = openedSession();
      few.tips(LOCAL, hashes(5));
      expect(said(few.receive(FRAMES[4]!))).to.deep.equal(['have', 'compare']);
      const late = openedSession();
      expect(said(late.receive(FRAMES[4]!))).to.deep.equal(['compare']);
      expect(said(late.tips(LOCAL, hashes(5)))).to.deep.equal(['have']);
      const plain = openedSession();
      expect(said(plain.tips(LOCAL))).to.deep.equal(['have']);
      expect(said(plain.receive(digest(5)))).to.deep.equal([]);
      expect(said(plain.receive(FRAMES[4]!))).to.deep.equal(['compare']);
    });

    it('takes one alone, and before a state vector', () => {
      const twice = openedSession();
      twice.receive(digest(5));
      expect(said(twice.receive(digest(5)))).to.deep.equal(['error', 'end']);
      const late = openedSession();
      late.receive(frame({ type: 'have', tips: LOCAL, more: true }));
      expect(said(late.receive(digest(5)))).to.deep.equal(['error', 'end']);
      const both = openedSession();
      both.tips(LOCAL, hashes(5));
      both.receive(digest(5));
      expect(said(both.receive(FRAMES[4]!))).to.deep.equal(['error', 'end']);
    });

    it('takes the hashes of parts where it says its own, and knows then how far the other side is in equal ones', () => {
      const session = openedSession(1);
      const local = partedTips([...LOCAL, ['cc', new Map([['bb', { height: 3, id: bytes(1) }]])]]);
      expect(said(session.tips(local, hashes(5)))).to.deep.equal(['digest']);
      expect(said(session.receive(digest(6)))).to.deep.equal(['digestParts']);
      expect(said(session.receive(digestParts((part) => (part === 0xcc ? 6 : 5))))).to.deep.equal(['have']);
      expect(said(session.receive(FRAMES[4]!))).to.deep.equal(['compare']);
      expect(session.logCount).to.equal(1);
      session.plan({ operations: 0, bytes: 0 });
      session.receive(frame({ type: 'done' }));
      expect(session.state).to.equal('live');
      expect(session.appended(operation(7), false).do).to.equal('nothing');
      expect(session.appended(operation(8), false).do).to.equal('send');
      const other = { ...operation(4), author: 'cc' };
      expect(session.appended(other, false)).to.deep.equal({
        do: 'catch-up',
        log: { author: 'cc', log: 'bb', after: undefined, forked: false },
      });
    });

    it('holds no more logs than there is room for', () => {
      const session = new LogSession({ session: 1, mostLogs: 10, mayHold: (logs) => logs < 1 });
      session.start(TOPIC);
      session.receive(frame({ type: 'agreed' }));
      session.tips(LOCAL, hashes(5));
      expect(said(session.receive(digest(5)))).to.deep.equal(['error', 'end']);
    });
  });

  it('sends nothing back, nothing twice, and asks for what lies between', () => {
    const session = sessionIn('live');
    session.has(operation(0), true);
    expect(session.appended(operation(0), false)).to.deep.equal({ do: 'nothing' });
    expect(session.appended(operation(1), false).do).to.equal('send');
    expect(session.appended(operation(1), false)).to.deep.equal({ do: 'nothing' });
    const catchUp = session.appended(operation(3), false);
    expect(catchUp).to.deep.equal({
      do: 'catch-up',
      log: { author: 'aa', log: 'bb', after: 1, forked: false },
    });
    expect(session.appended(operation(9), true).do).to.equal('send');
    expect(session.appended(operation(5, 'side'), true).do).to.equal('send');
    expect(session.appended(operation(5, 'other'), false)).to.deep.equal({ do: 'nothing' });
  });

  it('sends what goes on behind a fork, however high the other side was on its own branch', () => {
    const session = sessionIn('live');
    for (const sequence of [0, 1, 2, 3]) session.has(operation(sequence), true);
    const fork = { author: 'aa', log: 'bb' };
    const verdict = session.forked(fork, 1);
    if (verdict.do !== 'catch-up') throw new Error(verdict.do);
    session.fallBehind(verdict.log);
    expect(session.takeBehind()).to.deep.equal([{ ...fork, after: 0, forked: true }]);
    expect(session.appended(operation(2, 'other'), false)).to.deep.equal({
      do: 'catch-up',
      log: { ...fork, after: 1, forked: true },
    });
    expect(session.appended({ ...operation(2, 'of another log'), log: 'cc' }, false).do).to.equal('catch-up');
    expect(session.appended(operation(4, 'next'), false).do).to.equal('send');
  });

  it('remembers what went on before it was live', () => {
    const session = sessionIn('syncing');
    session.receive(FRAMES[7]!);
    expect(session.appended(operation(4), false)).to.deep.equal({ do: 'nothing' });
    session.send(operation(2));
    expect(session.forked({ author: 'cc', log: 'dd' }, 3)).to.deep.equal({ do: 'nothing' });
    const goLive = session.sent().find((action) => action.do === 'go-live');
    expect(goLive).to.deep.equal({
      do: 'go-live',
      behind: [
        { author: 'aa', log: 'bb', after: 2, forked: false },
        { author: 'cc', log: 'dd', after: undefined, forked: true },
      ],
    });
  });

  it('tells the other side its reason, by code', () => {
    const [error] = sessionIn('live').fail('signature');
    expect(error).to.deep.equal({
      do: 'send',
      frame: { type: 'error', session: 1, code: 3, text: LOG_REASONS.signature.text },
    });
    const session = sessionIn('live');
    expect(session.receive(frame({ type: 'error', code: 3, text: 'x' }))).to.deep.equal([
      { do: 'end', end: { by: 'peer', code: 3, text: 'x' } },
    ]);
    expect([
      session.fail('order'),
      session.close(),
      session.send(operation(1)),
      session.sent(),
    ]).to.deep.equal([[], [], [], []]);
  });

  it('does nothing for answers that come too early or twice', () => {
    const session = sessionIn('agreed');
    expect(session.plan({ operations: 1, bytes: 1 })).to.deep.equal([]);
    expect(session.send(operation(0))).to.deep.equal([]);
    expect(session.sendFork(bytes(1), bytes(2))).to.deep.equal([]);
    const comparing = sessionIn('comparing');
    expect(comparing.tips(NO_TIPS)).to.deep.equal([]);
    expect(comparing.agree()).to.deep.equal([]);
    const live = sessionIn('live');
    expect(live.sent()).to.deep.equal([]);
    expect(said(live.sendFork(bytes(1), bytes(2)))).to.deep.equal(['fork']);
  });
});
