import { expect } from 'chai';
import { limitsWith } from '../../../lib/base/limits.ts';
import { Asks, type WaitingRead } from '../../../lib/mesh/asks.ts';
import { Peer, type PeerRole } from '../../../lib/mesh/peer.ts';
import type { GetMessage } from '../../../lib/wire/message.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { putTimersOn } from '../../support/code-timers.ts';
import { RecordingLink } from '../../support/recording-link.ts';

const ASK_MS = 2000;
const TICK_MS = 50;
const OPEN_ASKS = 40;
const LIMITS = limitsWith({ askMs: ASK_MS, openAsks: OPEN_ASKS });

function newPeer(role: PeerRole): Peer {
  return new Peer(new RecordingLink(role), role, LIMITS);
}

/** A read of a soul of that name, or of the same soul as others. */
function read(id: string, soul: string = id): GetMessage {
  return {
    kind: 'get',
    id,
    idJson: `"${id}"`,
    listsPeers: false,
    replyTo: undefined,
    selector: { soul, reverse: false },
    contentHash: undefined,
    local: false,
  };
}

/** Timers of others are none of its business. */
const ASKS = /\/lib\/mesh\/asks\./;

describe('mesh/asks', () => {
  let time: FakeClock;
  let asks: Asks;
  let ended: WaitingRead[];
  let asker: Peer;
  let near: Peer;
  let far: Peer;
  let stranger: Peer;
  let restoreTimers: () => void;

  beforeEach(() => {
    time = new FakeClock();
    restoreTimers = putTimersOn(time, ASKS);
    ended = [];
    asks = new Asks(LIMITS, time.clock, (ask) => ended.push(ask));
    asker = newPeer('client');
    [near, far, stranger] = [newPeer('relay'), newPeer('relay'), newPeer('client')];
  });

  afterEach(() => {
    asks.close();
    restoreTimers();
    expect(time.timerCount).to.equal(0);
  });

  it('ends with the first whole answer', () => {
    expect(asks.open(asker, read('x'), [near, far])).to.equal(true);
    expect(asks.isWaitingFor('x', near)).to.equal(true);
    expect(asks.isWaitingFor('x', asker)).to.equal(false);
    asks.answered('x', near, [{ soul: 'x' }]);
    expect(ended.map((ask) => [ask.asker, ask.get.id])).to.deep.equal([[asker, 'x']]);
    expect(asks.isWaitingFor('x', far)).to.equal(false);
    asks.answered('x', near, [{ soul: 'x' }]);
    asks.notFound('x', far);
    expect(ended).to.have.lengthOf(1);
    expect(asks.size).to.equal(0);
  });

  it('ends a LEX read of souls when all have answered, as each may have other nodes', () => {
    const lex = { ...read('x'), selector: { soul: { prefix: 'x/' }, reverse: false } };
    asks.open(asker, lex, [near, far, stranger]);
    asks.answered('x', near, [{ soul: 'x/1' }]);
    asks.answered('x', near, [{ soul: 'x/1' }]);
    asks.notFound('x', stranger);
    expect(ended).to.deep.equal([]);
    asks.answered('x', far, [{ soul: 'x/2' }]);
    expect(ended).to.have.lengthOf(1);
    expect(asks.size).to.equal(0);
  });

  it('takes an answer about something else for "not found"', () => {
    asks.open(asker, read('x'), [near, far, stranger]);
    asks.answered('x', stranger, []);
    asks.answered('x', far, [{ soul: 'y' }]);
    asks.answered('x', far, [{ soul: 'y' }]);
    expect(ended).to.deep.equal([]);
    asks.answered('x', near, [{ soul: 'y' }, { soul: 'x' }]);
    expect(ended).to.have.lengthOf(1);
  });

  it('ends when nobody has anything', () => {
    asks.open(asker, read('x'), [near, far]);
    asks.notFound('x', near);
    asks.notFound('x', near);
    asks.notFound('x', stranger);
    asks.notFound('y', far);
    expect(ended).to.deep.equal([]);
    asks.notFound('x', far);
    expect(ended).to.have.lengthOf(1);
  });

  it('ends at its deadline when a relay that was dialled stays silent', () => {
    asks.open(asker, read('x'), [near, far]);
    asks.notFound('x', far);
    time.advance(ASK_MS - 1);
    expect(ended).to.deep.equal([]);
    time.advance(TICK_MS + 1);
    expect(ended).to.have.lengthOf(1);
    expect(asks.size).to.equal(0);
  });

  it('gives peers that came in an eighth of the time, for anybody can come in and stay silent', () => {
    asks.open(asker, read('x'), [stranger]);
    asks.open(asker, read('y'), [stranger, near]);
    time.advance(ASK_MS / 8 - 1);
    expect(ended).to.deep.equal([]);
    time.advance(TICK_MS + 1);
    expect(ended.map(({ get }) => get.id)).to.deep.equal(['x']);
    expect(asks.isWaitingFor('y', stranger)).to.equal(false);
    asks.notFound('y', near);
    expect(ended.map(({ get }) => get.id)).to.deep.equal(['x', 'y']);
  });

  it('keeps a LEX read of souls no longer than others for who came in, or was dialled, and stays silent', () => {
    const lex = { ...read('x'), selector: { soul: { prefix: 'x/' }, reverse: false } };
    asks.open(asker, lex, [near, stranger]);
    asks.open(asker, { ...lex, id: 'y', selector: { soul: {}, reverse: false } }, [near, far]);
    asks.answered('x', near, [{ soul: 'x/1' }]);
    asks.answered('y', far, [{ soul: 'x/1' }]);
    time.advance(ASK_MS / 8 - 1);
    expect(ended).to.deep.equal([]);
    time.advance(TICK_MS + 1);
    expect(ended.map(({ get }) => get.id)).to.deep.equal(['x']);
    time.advance(ASK_MS);
    expect(ended.map(({ get }) => get.id)).to.deep.equal(['x', 'y']);
  });

  it('keeps each deadline of reads that came one after the other', () => {
    const endedAt = new Map<string, number>();
    const start = time.clock();
    const timed = new Asks(LIMITS, time.clock, ({ get }) => endedAt.set(get.id, time.clock() - start));
    for (let i = 0; i < 10; i += 1) {
      timed.open(asker, read(`${i}`), [i % 2 === 0 ? near : stranger]);
      time.advance(100);
    }
    time.advance(2 * ASK_MS);
    for (let i = 0; i < 10; i += 1) {
      const due = i * 100 + (i % 2 === 0 ? ASK_MS : ASK_MS / 8);
      expect(endedAt.get(`${i}`), `read ${i}`).to.be.within(due, due + TICK_MS);
    }
    expect(time.timerCount).to.equal(0);
  });

  it('is not held up by a clock that is set back, nor by one that is set forward', () => {
    let offsetMs = 0;
    const moved = new Asks(
      LIMITS,
      () => time.clock() + offsetMs,
      (ask) => ended.push(ask),
    );
    for (const [id, jumpMs] of [
      ['x', -3_600_000],
      ['y', 3_600_000],
    ] as const) {
      moved.open(asker, read(id), [near]);
      offsetMs += jumpMs;
      moved.open(asker, read(`${id} later`), [near]);
      time.advance(ASK_MS + TICK_MS);
    }
    expect(ended.map(({ get }) => get.id)).to.have.members(['x', 'x later', 'y', 'y later']);
    expect(time.timerCount).to.equal(0);
  });

  it('does not open the same read twice', () => {
    asks.open(asker, read('x'), [near]);
    expect(asks.open(far, read('x'), [near])).to.equal(false);
    asks.notFound('x', near);
    expect(ended.map((ask) => ask.asker)).to.deep.equal([asker]);
  });

  it('opens no more reads than allowed, and no more than a quarter of them for one asker', () => {
    for (let i = 0; i < OPEN_ASKS / 4; i += 1) expect(asks.open(asker, read(`a${i}`), [near])).to.equal(true);
    expect(asks.open(asker, read('a'), [near])).to.equal(false);
    const others = Array.from({ length: OPEN_ASKS }, () => newPeer('client'));
    const opened = others.filter((other, i) => asks.open(other, read(`o${i}`), [near]));
    expect(opened).to.have.lengthOf((OPEN_ASKS * 3) / 4);
    expect(asks.size).to.equal(OPEN_ASKS);
    asks.notFound('a0', near);
    expect(asks.open(asker, read('again'), [near])).to.equal(true);
  });

  it('stops waiting for a peer that is gone', () => {
    asks.open(asker, read('x'), [near]);
    asks.open(asker, read('y'), [near, far]);
    asks.removePeer(near);
    expect(ended.map(({ get }) => get.id)).to.deep.equal(['x']);
    asks.removePeer(far);
    expect(ended.map(({ get }) => get.id)).to.deep.equal(['x', 'y']);
  });

  it('lets clients wait together for the same', () => {
    const other = newPeer('client');
    expect(asks.join(asker, read('x', 'soul'))).to.equal(false);
    asks.open(asker, read('x', 'soul'), [near]);
    expect(asks.join(other, read('y', 'soul'))).to.equal(true);
    expect(asks.join(other, read('z', 'another'))).to.equal(false);
    expect(asks.size).to.equal(2);
    expect(asks.isWaitingFor('y', near)).to.equal(false);
    asks.notFound('x', near);
    expect(ended.map((ask) => [ask.asker, ask.get.id])).to.deep.equal([
      [asker, 'x'],
      [other, 'y'],
    ]);
    expect(asks.join(other, read('w', 'soul'))).to.equal(false);
    expect(asks.size).to.equal(0);
  });

  it('lets no relay wait together with others, for relays could wait for each other', () => {
    asks.open(asker, read('x', 'soul'), [near]);
    expect(asks.join(far, read('y', 'soul'))).to.equal(false);
    expect(asks.open(far, read('y', 'soul'), [near])).to.equal(false);
  });

  it('does not ask for the same again at once, but does after a while', () => {
    asks.open(asker, read('x', 'soul'), [near]);
    asks.answered('x', near, [{ soul: 'soul' }]);
    expect(asks.open(asker, read('y', 'soul'), [near])).to.equal(false);
    expect(asks.mayAsk(read('y', 'soul').selector)).to.equal(false);
    expect(asks.mayAsk({ soul: 'soul', key: 'k', reverse: false })).to.equal(true);
    expect(asks.mayAsk({ soul: 'soul', key: 'k', reverse: false })).to.equal(false);
    time.advance(2 * ASK_MS);
    expect(asks.open(asker, read('z', 'soul'), [near])).to.equal(true);
  });

  it('asks for the same again when another peer came', () => {
    asks.open(asker, read('x', 'soul'), [near]);
    asks.answered('x', near, [{ soul: 'soul' }]);
    asks.peerCame();
    expect(asks.open(asker, read('y', 'soul'), [near, far])).to.equal(true);
  });

  it('tells LEX reads apart by all they ask', () => {
    const prefix = { prefix: 'a' };
    const selectors = [
      { soul: 's', reverse: false },
      { soul: 's', key: 'k', reverse: false },
      { soul: 's', key: prefix, reverse: false },
      { soul: 's', key: prefix, reverse: true },
      { soul: 's', key: prefix, reverse: true, byteLimit: 9 },
      { soul: prefix, reverse: false },
      { soul: { from: 'a' }, reverse: false },
    ];
    for (const selector of selectors) expect(asks.mayAsk(selector), JSON.stringify(selector)).to.equal(true);
    for (const selector of selectors) expect(asks.mayAsk(selector)).to.equal(false);
  });

  it('takes the names of built-ins for ids like any other', () => {
    for (const id of ['__proto__', 'constructor', 'toString']) {
      expect(asks.isWaitingFor(id, near)).to.equal(false);
      asks.notFound(id, near);
      expect(asks.open(asker, read(id), [near])).to.equal(true);
      asks.notFound(id, near);
    }
    expect(ended).to.have.lengthOf(3);
  });

  it('ends nothing and opens nothing once it is closed', () => {
    asks.open(asker, read('x'), [near]);
    asks.close();
    expect(time.timerCount).to.equal(0);
    expect(asks.open(asker, read('y'), [near])).to.equal(false);
    asks.notFound('x', near);
    time.advance(2 * ASK_MS);
    expect(ended).to.deep.equal([]);
  });
});
