import { expect } from 'chai';
import type { Tip, Tips } from '../../../lib/log/heights.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { LogSession, type OutgoingOperation, type SessionAction } from '../../../lib/sync/log-sync.ts';
import { LOG_REASONS } from '../../../lib/log/reasons.ts';
import { TOPIC } from '../../support/log-maker.ts';

const bytes = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);
const NO_TIPS = new Map();

function operation(sequence: number, id = `id${sequence}`): OutgoingOperation {
  return { author: 'aa', log: 'bb', id, sequence, header: Uint8Array.of(sequence), body: undefined };
}

/** What actions say, in short. */
function said(actions: readonly SessionAction[]): string[] {
  return actions.flatMap((action) => {
    if (action.do === 'show') return action.frames.map(({ type }) => type);
    return [action.do === 'send' ? action.frame.type : action.do];
  });
}

/** The parts of a state vector that actions show. */
function shownIn(actions: readonly SessionAction[]): { readonly tips: Tips; readonly more: boolean }[] {
  const frames = actions.flatMap((action) => (action.do === 'show' ? action.frames : []));
  return frames.flatMap((shown) => (shown.type === 'have' ? [shown] : []));
}

function frame(of: Record<string, unknown> & { readonly type: LogFrame['type'] }): LogFrame {
  return { session: 1, ...of } as unknown as LogFrame;
}

const FRAMES: readonly LogFrame[] = [
  frame({ type: 'hello', nodeKey: bytes(1), network: bytes(1), nonce: bytes(1), features: NO_TIPS }),
  frame({ type: 'proof', signature: bytes(1) }),
  frame({ type: 'topic', topic: TOPIC }),
  frame({ type: 'agreed' }),
  frame({ type: 'have', tips: NO_TIPS, more: false }),
  frame({ type: 'preSync', operations: 1, bytes: 1 }),
  frame({ type: 'operation', header: bytes(1), body: undefined }),
  frame({ type: 'done' }),
  frame({ type: 'live', header: bytes(1), body: undefined }),
  frame({ type: 'fork', first: bytes(1), second: bytes(2) }),
  frame({ type: 'digest', digest: bytes(1) }),
];

/** A session of the acceptor's side, led to a state by frames and answers. */
function sessionIn(
  state: 'topic' | 'agreed' | 'comparing' | 'syncing' | 'done' | 'live',
  mostLogs = 10,
): LogSession {
  const session = new LogSession({ session: 1, mostLogs });
  const steps: readonly (readonly [string, () => void])[] = [
    ['topic', () => undefined],
    ['agreed', () => session.receive(FRAMES[2]!) && session.agree()],
    ['comparing', () => session.receive(FRAMES[3]!) && session.tips(NO_TIPS)],
    ['syncing', () => session.receive(FRAMES[4]!) && session.plan({ operations: 1, bytes: 9 })],
    ['done', () => session.receive(FRAMES[7]!)],
    ['live', () => session.sent()],
  ];
  for (const [name, step] of steps) {
    step();
    if (name === state) break;
  }
  return session;
}

/** A session of the side that opened it, which has shown nothing. */
function openedSession(): LogSession {
  const session = new LogSession({ session: 1, mostLogs: 10 });
  session.start(TOPIC);
  session.receive(frame({ type: 'agreed' }));
  return session;
}

const part = (from: number, more: boolean): LogFrame => {
  const logs = new Map([0, 1, 2].map((at) => [`log${from + at}`, { height: 1, id: bytes(1) }] as const));
  return frame({ type: 'have', tips: new Map([['aa', logs]]), more });
};

function logsOf(count: number): Map<string, Tip> {
  return new Map(
    Array.from({ length: count }, (_, at) => [`log${at}`, { height: at, id: bytes(1) }] as const),
  );
}

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

  it('looks at no log again for the parts of a state vector that follow', () => {
    let seen = 0;
    const mayHold = (logs: number): boolean => {
      seen = Math.max(seen, logs);
      return true;
    };
    const session = new LogSession({ session: 1, mostLogs: 200_000, mayHold });
    for (const before of [FRAMES[2]!, FRAMES[3]!]) {
      session.receive(before);
      session.agree();
    }
    const tips = new Map(
      Array.from({ length: 100_000 }, (_, at) => [
        `author${at}`,
        new Map([['log', { height: 1, id: bytes(1) }]]),
      ]),
    );
    session.receive(frame({ type: 'have', tips, more: true }));
    const again = new Map([[...tips][7]!]);
    const before = process.cpuUsage().user;
    for (let more = 0; more < 10_000; more += 1) {
      session.receive(frame({ type: 'have', tips: again, more: true }));
    }
    // In microseconds; a look at all of them takes more than one millisecond.
    expect(process.cpuUsage().user - before).to.be.below(2_000_000);
    expect(seen).to.equal(100_000);
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

  it('gathers a state vector that comes in parts, up to its bound', () => {
    const session = sessionIn('comparing');
    expect(said(session.receive(part(0, true)))).to.deep.equal([]);
    const [compare] = session.receive(part(3, false));
    expect(compare?.do === 'compare' && compare.remote.get('aa')?.size).to.equal(6);
    const bounded = sessionIn('comparing', 5);
    bounded.receive(part(0, true));
    expect(bounded.receive(part(3, false))[1]).to.deep.equal({
      do: 'end',
      end: { by: 'fault', reason: 'logs' },
    });
  });

  it('sends a long state vector in parts', () => {
    const logs = new Map(
      Array.from({ length: 2400 }, (_, at) => [`${at}`, { height: at, id: bytes(1) }] as const),
    );
    const session = openedSession();
    const parts = shownIn(session.tips(new Map([['aa', logs]]))).map(({ tips, more }) => [
      tips.get('aa')!.size,
      more,
    ]);
    expect(parts).to.deep.equal([
      [1000, true],
      [1000, true],
      [400, false],
    ]);
  });

  it('fills parts with the logs of many authors', () => {
    const tips = new Map([
      ...Array.from({ length: 999 }, (_, at) => [`a${at}`, logsOf(1)] as const),
      ['b', logsOf(2)],
      ['c', logsOf(1)],
    ]);
    const session = openedSession();
    const parts = shownIn(session.tips(tips)).map((shown) => shown.tips);
    expect(parts.map(({ size }) => size)).to.deep.equal([999, 2]);
    expect(new Map(parts.flatMap((some) => Array.from(some)))).to.deep.equal(tips);
  });

  describe('with digests', () => {
    const LOCAL: Tips = new Map([['aa', new Map([['bb', { height: 7, id: bytes(1) }]])]]);
    const digest = (byte: number): LogFrame => frame({ type: 'digest', digest: bytes(byte) });
    it('takes an equal one for the whole state vector, and goes on from there', () => {
      for (const isFirst of [true, false]) {
        const session = openedSession();
        const first = isFirst ? session.tips(LOCAL, bytes(5)) : session.receive(digest(5));
        const second = isFirst ? session.receive(digest(5)) : session.tips(LOCAL, bytes(5));
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
      expect(said(other.tips(LOCAL, bytes(5)))).to.deep.equal(['digest']);
      expect(said(other.receive(digest(6)))).to.deep.equal(['have']);
      expect(said(other.receive(FRAMES[4]!))).to.deep.equal(['compare']);
      const few = openedSession();
      few.tips(LOCAL, bytes(5));
      expect(said(few.receive(FRAMES[4]!))).to.deep.equal(['have', 'compare']);
      const late = openedSession();
      expect(said(late.receive(FRAMES[4]!))).to.deep.equal(['compare']);
      expect(said(late.tips(LOCAL, bytes(5)))).to.deep.equal(['have']);
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
      late.receive(part(0, true));
      expect(said(late.receive(digest(5)))).to.deep.equal(['error', 'end']);
      const both = openedSession();
      both.tips(LOCAL, bytes(5));
      both.receive(digest(5));
      expect(said(both.receive(FRAMES[4]!))).to.deep.equal(['error', 'end']);
    });

    it('holds no more logs than there is room for', () => {
      const session = new LogSession({ session: 1, mostLogs: 10, mayHold: (logs) => logs < 1 });
      session.start(TOPIC);
      session.receive(frame({ type: 'agreed' }));
      session.tips(LOCAL, bytes(5));
      expect(said(session.receive(digest(5)))).to.deep.equal(['error', 'end']);
    });
  });

  it('takes the logs of one author from several parts', () => {
    const session = new LogSession({ session: 1, mostLogs: 10 });
    for (const before of [FRAMES[2]!, FRAMES[3]!]) {
      session.receive(before);
      session.agree();
    }
    const say = (log: string, height: number, more: boolean): SessionAction[] =>
      session.receive(
        frame({ type: 'have', tips: new Map([['aa', new Map([[log, { height, id: bytes(1) }]])]]), more }),
      );
    say('x', 1, true);
    say('y', 2, true);
    say('x', 3, true);
    const [compare] = say('z', 4, false);
    if (compare?.do !== 'compare') throw new Error('nothing to compare');
    const heights = [...compare.remote.get('aa')!].map(([log, { height }]) => [log, height]);
    expect(heights).to.have.deep.members([
      ['x', 3],
      ['y', 2],
      ['z', 4],
    ]);
    expect(session.logCount).to.equal(3);
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
