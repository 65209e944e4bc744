import { expect } from 'chai';
import { namesOf } from '../../../lib/log/operation.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { SessionBodies } from '../../../lib/sync/session-bodies.ts';
import { SessionSending, type SessionParts } from '../../../lib/sync/session-sending.ts';
import type { LackingBodies, OutgoingOperation } from '../../../lib/sync/sync-store.ts';
import { TakingLoad } from '../../../lib/sync/taking-load.ts';
import { authorOf, logOf, TOPIC } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { frame, said, sessionIn } from '../../support/log-sessions.ts';

const LOG = logOf(authorOf(1), 4);
const { author, log } = namesOf(LOG[0]!);
const lackingAt = (...places: readonly number[]): LackingBodies => ({ author, log, places });

function outgoing(place: number, hasBody: boolean): OutgoingOperation {
  const { header, body } = LOG[place]!;
  const names = namesOf(LOG[place]!);
  return { ...names, sequence: place, header: header.bytes, body: hasBody ? body : undefined };
}

/** The bodies of a session that is live, over a store that has the first two of four, and lacks what it is told. */
function aSession(...lacking: readonly LackingBodies[]): {
  readonly bodies: SessionBodies;
  readonly sending: SessionSending;
  readonly load: TakingLoad;
  readonly parts: SessionParts;
  /** Frames that were sent, and held reading, in their order. */
  readonly did: string[];
} {
  const did: string[] = [];
  const rest = [...lacking];
  const store = Object.assign(new LogReplica(), {
    lacking: () => Promise.resolve(rest.shift()),
    at: (_topic: Uint8Array, _log: unknown, place: number) => Promise.resolve([outgoing(place, place < 2)]),
  });
  const send = (sent: LogFrame): void => void did.push(sent.type);
  const parts: SessionParts = {
    session: sessionIn('live'),
    store,
    send,
    run: (actions) => void did.push(...said(actions)),
  };
  const sending = new SessionSending(parts);
  const load = new TakingLoad(() => undefined);
  return { bodies: new SessionBodies(parts, sending, load), sending, load, parts, did };
}

describe('sync.session-bodies', () => {
  it('asks for what is lacking, and on when the answer is taken in', async () => {
    const { bodies, sending, load, parts, did } = aSession(lackingAt(0), lackingAt(1));
    bodies.ask();
    await sending.idle();
    expect(did).to.deep.equal(['bodies']);
    load.add(1);
    parts.session.receive(frame({ type: 'given' }));
    const asked = bodies.askOn();
    await sending.idle();
    expect(did).to.deep.equal(['bodies']);
    bodies.came();
    load.remove(1);
    await asked;
    await sending.idle();
    expect(did).to.deep.equal(['bodies', 'bodies']);
  });

  it('asks for nothing where nothing is lacking, and no more after answers that bring nothing', async () => {
    const none = aSession();
    none.bodies.ask();
    await none.sending.idle();
    expect(none.did).to.deep.equal([]);
    const vain = aSession(...LOG.map((_, place) => lackingAt(place)));
    vain.bodies.ask();
    for (const _ of LOG) {
      await vain.sending.idle();
      vain.parts.session.receive(frame({ type: 'given' }));
      await vain.bodies.askOn();
    }
    expect(vain.did).to.deep.equal(['bodies', 'bodies', 'bodies']);
  });

  it('gives what is held behind what is being sent, and counts that as under way until then', async () => {
    const { bodies, sending, load, did } = aSession();
    sending.later(() => Promise.resolve(void did.push('before')));
    bodies.give(TOPIC, lackingAt(0, 2, 1));
    did.push('asked');
    await load.idle();
    did.push('idle');
    expect(did).to.deep.equal(['asked', 'before', 'live', 'live', 'given', 'idle']);
  });

  it('owes what it was asked for in vain until it comes with its body', async () => {
    const { bodies, sending } = aSession();
    bodies.give(TOPIC, lackingAt(0, 2));
    await sending.idle();
    expect(bodies.settle(outgoing(0, true))).to.equal(false);
    expect(bodies.settle(outgoing(2, false))).to.equal(false);
    expect(bodies.settle(outgoing(2, true))).to.equal(true);
    expect(bodies.settle(outgoing(2, true))).to.equal(false);
  });
});
