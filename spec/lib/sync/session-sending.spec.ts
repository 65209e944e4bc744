import { expect } from 'chai';
import type { LogName } from '../../../lib/log/heights.ts';
import { namesOf, type Operation } from '../../../lib/log/operation.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import type { LogSession } from '../../../lib/sync/log-sync.ts';
import { SessionSending } from '../../../lib/sync/session-sending.ts';
import type { OutgoingOperation, SyncStore } from '../../../lib/sync/sync-store.ts';
import { authorOf, logOf, operationAfter, TOPIC } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { FRAMES, NO_TIPS, openedSession, said, sessionIn } from '../../support/log-sessions.ts';

const LOG = logOf(authorOf(1), 600);
const NAME: LogName = namesOf(LOG[0]!);

/** Sends to another side that reads only when it is told to, while it is full. */
class Sent {
  readonly frames: LogFrame[] = [];
  readonly said: string[] = [];
  readonly session: LogSession;
  readonly sending: SessionSending;
  /** Lets a full line take more; undefined while it is not full. */
  drain: (() => void) | undefined;
  #isFull = false;

  constructor(session: LogSession, store: SyncStore) {
    this.session = session;
    this.sending = new SessionSending({
      session,
      store,
      send: (frame) => this.#send(frame),
      run: (actions) => void this.said.push(...said(actions)),
    });
  }

  /** Makes the line full with the next frame. */
  fill(): void {
    this.#isFull = true;
  }

  #send(frame: LogFrame): Promise<void> | void {
    this.frames.push(frame);
    if (!this.#isFull) return;
    this.#isFull = false;
    return new Promise((resolve) => {
      this.drain = resolve;
    });
  }

  /** Places of the operations that were sent. */
  get places(): number[] {
    return this.frames.flatMap((frame) => {
      const isOperation = frame.type === 'operation' || frame.type === 'live';
      return isOperation ? [LOG.findIndex(({ header }) => header.bytes === frame.header)] : [];
    });
  }
}

function outgoing(place: number): OutgoingOperation {
  const { header, body } = LOG[place]!;
  return { ...NAME, ...namesOf(LOG[place]!), sequence: place, header: header.bytes, body };
}

/** A replica with a fork at the second operation. */
function forked(): LogReplica {
  const side: Operation = operationAfter(authorOf(1), LOG[0]!.header, Uint8Array.of(200));
  return new LogReplica().add([...LOG.slice(0, 3), side]);
}

describe('sync.session-sending', () => {
  it('sends all that the other side lacks, page after page, and says so', async () => {
    const sent = new Sent(sessionIn('comparing'), new LogReplica().add(LOG));
    sent.session.receive(FRAMES[4]!);
    await sent.sending.compare(TOPIC, NO_TIPS);
    expect(sent.sending.plan.operations).to.equal(LOG.length);
    await sent.sending.stream(undefined);
    expect(sent.said).to.deep.equal(['preSync', 'stream', 'done']);
    expect(sent.places).to.deep.equal([...LOG.keys()]);
  });

  it('does one thing after the other, and nothing once the session has ended', async () => {
    const { sending, session } = new Sent(sessionIn('live'), new LogReplica());
    const done: number[] = [];
    sending.later(async () => {
      await new Promise<void>((resolve) => setImmediate(resolve));
      done.push(1);
    });
    sending.later(() => Promise.resolve(void done.push(2)));
    await sending.idle();
    expect(done).to.deep.equal([1, 2]);
    sending.later(() => Promise.resolve(void done.push(3)));
    session.abandon();
    await sending.idle();
    expect(done).to.deep.equal([1, 2]);
  });

  it('ends the session when the store fails', async () => {
    const store = new LogReplica().add(LOG);
    store.read = () => Promise.reject(new Error('broken'));
    const sent = new Sent(sessionIn('live'), store);
    sent.sending.missed(outgoing(3), false);
    await sent.sending.idle();
    expect(sent.said).to.deep.equal(['error', 'end']);
    expect(sent.session.state).to.equal('closed');
  });

  it('waits for a line that is full, and reads then what was new meanwhile, once', async () => {
    const sent = new Sent(sessionIn('live'), new LogReplica().add(LOG.slice(0, 20)));
    sent.fill();
    for (let place = 0; place < 10; place += 1) sent.sending.appended(outgoing(place), false);
    expect(sent.places).to.deep.equal([0]);
    sent.sending.missed(outgoing(10), false);
    sent.drain!();
    await sent.sending.idle();
    await sent.sending.idle();
    expect(sent.places).to.deep.equal([...LOG.slice(0, 20).keys()]);
    sent.sending.appended(outgoing(19), false);
    sent.sending.appended(outgoing(20), false);
    expect(sent.places).to.deep.equal([...LOG.slice(0, 21).keys()]);
  });

  it('reads a page no further while the line takes no more of it', async () => {
    const sent = new Sent(sessionIn('live'), new LogReplica().add(LOG));
    sent.session.has(outgoing(99), true);
    sent.sending.catchUp([{ ...NAME, after: 99, forked: false }]);
    sent.fill();
    const idle = sent.sending.idle();
    await new Promise<void>((resolve) => setImmediate(resolve));
    expect(sent.places).to.deep.equal([100]);
    sent.drain!();
    await idle;
    expect(sent.places).to.deep.equal([...LOG.keys()].slice(100));
  });

  it('sends evidence before a side branch, and once, whoever sent it first', async () => {
    const sent = new Sent(sessionIn('live'), forked());
    sent.sending.follow(sent.session.forked(NAME, 1));
    await sent.sending.idle();
    expect(sent.frames.map(({ type }) => type)).to.deep.equal(['live', 'live', 'live', 'live']);
    expect(sent.said).to.deep.equal(['fork']);
    await sent.sending.sendEvidence(NAME);
    const told = new Sent(sessionIn('live'), forked());
    told.sending.noteFork(NAME);
    await told.sending.sendEvidence(NAME);
    expect([sent.said, told.said]).to.deep.equal([['fork'], []]);
  });

  it('sends a digest before the state vector from so many authors on', async () => {
    for (const [digestsFrom, frame] of [
      [1, 'digest'],
      [2, 'have'],
    ] as const) {
      const sent = new Sent(openedSession(), new LogReplica().add(LOG.slice(0, 3)));
      await sent.sending.sendTips(TOPIC, digestsFrom);
      expect([...sent.frames.map(({ type }) => type), ...sent.said]).to.deep.equal([frame]);
    }
  });

  it('shows the parts of a state vector in turns of their own, until the session ends', async () => {
    const sent = new Sent(sessionIn('live'), new LogReplica());
    const parts = [FRAMES[4]!, FRAMES[4]!, FRAMES[4]!];
    const shown = sent.sending.show(parts);
    await Promise.resolve();
    expect(sent.frames).to.have.lengthOf(1);
    await shown;
    expect(sent.frames).to.have.lengthOf(3);
    sent.session.abandon();
    await sent.sending.show(parts);
    expect(sent.frames).to.have.lengthOf(3);
  });
});
