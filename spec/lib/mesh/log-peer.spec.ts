import { setImmediate } from 'node:timers/promises';
import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { toHex } from '../../../lib/base/byte-texts.ts';
import { success } from '../../../lib/base/result.ts';
import {
  DIGEST_FEATURE,
  DIGEST_PARTS_FEATURE,
  LOG_FEATURE,
  LogPeer,
  type LogLine,
  type LogPeerEvent,
  type LogPeerOptions,
} from '../../../lib/mesh/log-peer.ts';
import { decodeFrame, encodeFrame, type LogFrame } from '../../../lib/sync/log-frames.ts';
import { takeOne } from '../../../lib/sync/intake.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { authorOf, logOf, operationAfter, TOPIC, verifyFast } from '../../support/log-maker.ts';
import { LogReplica } from '../../support/log-replica.ts';
import { manyTips } from '../../support/parted-tips.ts';

const network = new Uint8Array(32).fill(9);

/** A line whose frames go to another peer in a later turn, unless it is paused. */
class PairedLine implements LogLine {
  other: LogPeer | undefined;
  closed: readonly [code: number, reason: string] | undefined;
  pauses = 0;
  /** Types of the frames that were sent. */
  readonly types: string[] = [];

  get sent(): number {
    return this.types.length;
  }

  send(frame: LogFrame): void {
    this.types.push(frame.type);
    const bytes = encodeFrame(frame);
    queueMicrotask(() => this.other?.receive(decodeFrame(bytes)));
  }

  pause(): void {
    this.pauses += 1;
  }

  resume(): void {
    this.pauses -= 1;
  }

  close(code: number, reason: string): void {
    this.closed = [code, reason];
    const { other } = this;
    queueMicrotask(() => other?.gone());
  }
}

interface End {
  readonly peer: LogPeer;
  readonly line: PairedLine;
  readonly replica: LogReplica;
  readonly events: LogPeerEvent[];
}

const time = new FakeClock();

function endOf(
  number: number,
  changes: Partial<LogPeerOptions> = {},
  features: readonly string[] = [LOG_FEATURE],
): End {
  const line = new PairedLine();
  const replica = new LogReplica();
  const events: LogPeerEvent[] = [];
  const peer = new LogPeer({
    line,
    store: replica,
    topics: [TOPIC],
    dialled: number === 1,
    limits: limitsWith(),
    startTimer: time.startTimer,
    report: (event) => events.push(event),
    handshake: {
      signer: authorOf(number),
      network,
      nonce: new Uint8Array(32).fill(number),
      features: new Map(features.map((name) => [name, 1])),
      verify: verifyFast,
    },
    ...changes,
  });
  replica.onTaken = (operation) => peer.appended(operation);
  return { peer, line, replica, events };
}

async function joined(a: End, b: End): Promise<void> {
  a.line.other = b.peer;
  b.line.other = a.peer;
  a.peer.start();
  b.peer.start();
  for (let turn = 0; turn < 30; turn += 1) await setImmediate();
}

describe('mesh.log-peer', () => {
  const log = logOf(authorOf(5), 4);

  it('proves who it is, then makes the topic equal on both sides', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(log);
    await joined(a, b);
    expect(a.peer.peer?.nodeKey).to.deep.equal(authorOf(2).publicKey);
    expect(b.replica.lines()).to.deep.equal(a.replica.lines());
    expect(a.events.map(({ kind }) => kind)).to.deep.equal(['log-peer-known', 'log-synced']);
    expect([a.peer.sessionCount, b.peer.sessionCount]).to.deep.equal([1, 1]);
  });

  it('says hashes of what it has to who knows them too, and of its parts when it has much', async () => {
    const all = [LOG_FEATURE, DIGEST_FEATURE, DIGEST_PARTS_FEATURE];
    for (const [count, features, types] of [
      [1000, all, ['digest', 'digestParts', 'have']],
      [999, all, ['digest', 'have']],
      [2, all, ['have']],
      [1000, [LOG_FEATURE, DIGEST_FEATURE], ['digest', 'have']],
      [1000, [LOG_FEATURE, DIGEST_PARTS_FEATURE], ['have']],
      [1000, [LOG_FEATURE], ['have']],
    ] as const) {
      const [a, b] = [endOf(1, {}, all), endOf(2, {}, features)];
      a.replica.tips = () => Promise.resolve(manyTips(count));
      const [changed] = manyTips(1, 2);
      b.replica.tips = () => Promise.resolve(manyTips(count).set(...changed!));
      await joined(a, b);
      for (const { line } of [a, b]) {
        const said = line.types.filter((type) => ['digest', 'digestParts', 'have'].includes(type));
        expect(said, `${count}, ${features.join()}`).to.deep.equal(types);
      }
    }
  });

  it('takes all else where new authors are left out, and ends the line in an hour, so that a next one brings them', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(log).add(logOf(authorOf(6), 3));
    // There may be room again amid a log, of which nothing is there to be followed.
    b.replica.refusal = ({ author, sequence }) =>
      author !== toHex(authorOf(6).publicKey) ? undefined : sequence === 0 ? 'newcomers' : 'gap';
    await joined(a, b);
    expect(b.events.map(({ kind }) => kind)).to.deep.equal(['log-peer-known', 'log-synced']);
    expect(b.replica.lines()).to.have.lengthOf(log.length);
    time.advance(3_599_999);
    expect(b.line.closed).to.equal(undefined);
    time.advance(1);
    expect(b.line.closed).to.deep.equal([1013, 'more authors next time']);
  });

  it('waits for no hour once the line is gone over which authors were left out', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(log);
    b.replica.refusal = () => 'newcomers';
    const before = time.timerCount;
    await joined(a, b);
    expect(time.timerCount).to.equal(before + 1);
    b.peer.gone();
    expect(time.timerCount).to.equal(before);
  });

  it('ends the line of who sends what follows nothing', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(log);
    b.replica.refusal = () => 'gap';
    await joined(a, b);
    expect(b.line.closed).to.deep.equal([1008, 'gap']);
    time.advance(3_600_000);
    expect(b.line.closed).to.deep.equal([1008, 'gap']);
  });

  it('passes new operations on while it lasts, and ends with its line', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(log);
    await joined(a, b);
    const next = operationAfter(authorOf(5), log.at(-1)!.header, Uint8Array.of(9));
    await takeOne(b.replica, TOPIC, next.header.bytes, next.body);
    for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    expect(a.replica.lines()).to.deep.equal(b.replica.lines());
    a.peer.close(1001, 'bye');
    await setImmediate();
    expect(a.line.closed).to.deep.equal([1001, 'bye']);
    expect(b.events.at(-1)).to.deep.include({ kind: 'log-session-ended', end: { by: 'close' } });
    expect([a.peer.sessionCount, b.peer.sessionCount]).to.deep.equal([0, 0]);
    const sent = a.line.sent;
    a.peer.receive(success({ type: 'close', session: 0 }));
    expect(a.line.sent).to.equal(sent);
  });

  it('ends the line of who is of another network, has nothing in common, or says what is no frame', async () => {
    const stranger = endOf(2, {
      handshake: {
        signer: authorOf(2),
        network: new Uint8Array(32),
        nonce: new Uint8Array(32),
        features: new Map(),
      },
    });
    const a = endOf(1);
    await joined(a, stranger);
    expect(a.line.closed).to.deep.equal([1008, 'handshake: network']);
    const mute = endOf(2, {
      handshake: { signer: authorOf(2), network, nonce: new Uint8Array(32), features: new Map() },
    });
    const b = endOf(1);
    await joined(b, mute);
    expect(b.line.closed).to.deep.equal([1008, 'nothing in common']);
    const c = endOf(1);
    c.peer.receive(decodeFrame(Uint8Array.of(0x9f)));
    expect(c.line.closed).to.deep.equal([1002, 'an indefinite length']);
  });

  it('takes no session before it knows who asks, and no second hello', async () => {
    const a = endOf(2);
    a.peer.receive(success({ type: 'topic', session: 1, topic: TOPIC }));
    expect(a.line.closed).to.deep.equal([1008, 'handshake: order']);
    const [c, d] = [endOf(1), endOf(2)];
    await joined(c, d);
    d.peer.receive(success({ type: 'proof', signature: new Uint8Array(64) }));
    expect(d.line.closed).to.deep.equal([1002, 'hello twice']);
  });

  it('runs no more sessions than it may, also one after the other', async () => {
    const topics = [TOPIC, ...[1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))];
    const [a, b] = [endOf(1), endOf(2, { topics, limits: limitsWith({ logSessions: 3 }) })];
    await joined(a, b);
    for (let session = 1; session <= 2; session += 1)
      b.peer.receive(success({ type: 'topic', session, topic: topics[session]! }));
    expect([b.peer.sessionCount, b.line.closed]).to.deep.equal([3, undefined]);
    b.peer.receive(success({ type: 'close', session: 1 }));
    expect(b.peer.sessionCount).to.equal(2);
    b.peer.receive(success({ type: 'topic', session: 9, topic: topics[3]! }));
    expect(b.line.closed).to.deep.equal([1013, 'too many sessions']);
  });

  it('runs one session of a topic', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    await joined(a, b);
    b.peer.receive(success({ type: 'topic', session: 1, topic: TOPIC }));
    expect(b.line.closed).to.deep.equal([1008, 'a session of this topic runs']);
  });

  it('waits no longer than it may for a proof, and as long as it takes for everything else', async () => {
    const silent = endOf(1);
    silent.peer.start();
    expect(silent.peer.state).to.equal('greeting');
    const [a, b] = [endOf(1), endOf(2)];
    await joined(a, b);
    time.advance(60_000);
    expect(silent.line.closed).to.deep.equal([1008, 'handshake: too late']);
    expect([silent.peer.state, a.peer.state, a.line.closed]).to.deep.equal(['closed', 'proven', undefined]);
  });

  it('does nothing more once its line is gone', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    await joined(a, b);
    a.peer.gone();
    const { sent } = a.line;
    a.replica.add(log);
    await takeOne(
      a.replica,
      TOPIC,
      operationAfter(authorOf(6), undefined, undefined).header.bytes,
      undefined,
    );
    expect([a.line.sent, a.peer.sessionCount, a.line.closed]).to.deep.equal([sent, 0, undefined]);
  });

  it('ends the line when a session does because of a fault, so that the next begins anew', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(log);
    b.replica.broken = true;
    await joined(a, b);
    expect(b.line.closed).to.deep.equal([1008, 'storage']);
    expect(a.events.at(-1)).to.deep.nested.include({ 'end.code': 103 });
  });

  it('ignores what is said of sessions that are over', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    await joined(a, b);
    b.peer.receive(success({ type: 'done', session: 77 }));
    expect([b.line.closed, b.peer.sessionCount]).to.deep.equal([undefined, 1]);
  });

  it('reads no further while too much evidence waits to be checked', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    await joined(a, b);
    const checks: (() => void)[] = [];
    b.replica.takeEvidence = () =>
      new Promise((resolve) => {
        checks.push(() => resolve(undefined));
      });
    const [first, second] = [log[0]!.header.bytes, log[1]!.header.bytes];
    for (let frame = 0; frame < 600; frame += 1)
      b.peer.receive(success({ type: 'fork', session: 0, first, second }));
    expect(b.line.pauses).to.equal(1);
    for (const check of checks) check();
    await setImmediate();
    expect([b.line.pauses, b.line.closed]).to.deep.equal([0, undefined]);
  });

  it('reads no further while too much waits to be taken in', async () => {
    const [a, b] = [endOf(1), endOf(2)];
    a.replica.add(logOf(authorOf(5), 700));
    const pending: (() => void)[] = [];
    const take = b.replica.take.bind(b.replica);
    let mostPauses = 0;
    b.replica.take = (topic, header, body, taker) => {
      pending.push(() => take(topic, header, body, taker));
    };
    await joined(a, b);
    mostPauses = b.line.pauses;
    while (pending.length > 0) {
      for (const go of pending.splice(0)) go();
      await setImmediate();
    }
    expect([mostPauses, b.line.pauses]).to.deep.equal([1, 0]);
    expect(b.replica.lines()).to.deep.equal(a.replica.lines());
  });
});
