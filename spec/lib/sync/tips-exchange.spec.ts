import { expect } from 'chai';
import type { Tip, Tips } from '../../../lib/log/heights.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { PeerHeights } from '../../../lib/sync/peer-heights.ts';
import type { SessionAction } from '../../../lib/sync/session-actions.ts';
import { TipsExchange } from '../../../lib/sync/tips-exchange.ts';
import { bytes, said } from '../../support/log-sessions.ts';

const LOCAL: Tips = new Map([['aa', logsOf(1)]]);
const NONE: Tips = new Map();

function tipOf(at: number): [log: string, tip: Tip] {
  return [`log${at}`, { height: at, id: bytes(1) }];
}

function logsOf(count: number, from = 0): Map<string, Tip> {
  return new Map(Array.from({ length: count }, (_, at) => tipOf(from + at)));
}

interface Exchanging {
  readonly exchange: TipsExchange;
  readonly peer: PeerHeights;
  readonly faults: string[];
}

function anExchange(mostLogs = 10, mayHold?: (logs: number) => boolean): Exchanging {
  const [peer, faults] = [new PeerHeights(), [] as string[]];
  const fail = (fault: string): SessionAction[] => {
    faults.push(fault);
    return [{ do: 'end', end: { by: 'close' } }];
  };
  return { exchange: new TipsExchange({ session: 1, mostLogs, mayHold, peer, fail }), peer, faults };
}

/** The parts of a state vector that actions show. */
function shownIn(actions: readonly SessionAction[]): Extract<LogFrame, { type: 'have' }>[] {
  const frames = actions.flatMap((action) => (action.do === 'show' ? action.frames : []));
  return frames.flatMap((shown) => (shown.type === 'have' ? [shown] : []));
}

describe('sync.tips-exchange', () => {
  it('is done when both sides were shown where the other one’s logs end, whoever comes first', () => {
    const { exchange, peer } = anExchange();
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([false, false]);
    expect(said(exchange.show(NONE, undefined))).to.deep.equal(['have']);
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([true, false]);
    const remote = new Map([['bb', logsOf(4)]]);
    expect(exchange.receiveTips(remote, false)).to.deep.equal([{ do: 'compare', remote }]);
    expect(exchange.hasRemote).to.equal(true);
    expect(peer.heightOf({ author: 'bb', log: 'log3' })).to.equal(3);
    const late = anExchange().exchange;
    expect(said(late.receiveTips(remote, false))).to.deep.equal(['compare']);
    expect(said(late.show(NONE, undefined))).to.deep.equal(['have']);
    expect(late.show(NONE, undefined)).to.deep.equal([]);
  });

  it('takes an equal digest for the whole state vector, also of how far the other side is', () => {
    const { exchange, peer } = anExchange();
    expect(said(exchange.show(LOCAL, bytes(5)))).to.deep.equal(['digest']);
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([false, false]);
    expect(exchange.receiveDigest(bytes(5))).to.deep.equal([{ do: 'compare', remote: LOCAL }]);
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([true, true]);
    expect(peer.heightOf({ author: 'aa', log: 'log0' })).to.equal(0);
  });

  it('shows the state vector behind its digest to whoever says another one, or none', () => {
    const other = anExchange().exchange;
    other.show(LOCAL, bytes(5));
    expect(shownIn(other.receiveDigest(bytes(6)))[0]?.tips).to.deep.equal(LOCAL);
    const none = anExchange().exchange;
    none.show(LOCAL, bytes(5));
    expect(said(none.receiveTips(NONE, true))).to.deep.equal(['have']);
    expect(said(none.receiveTips(NONE, false))).to.deep.equal(['compare']);
  });

  it('takes a state vector once, and a digest only before it', () => {
    const whole = anExchange();
    whole.exchange.receiveTips(NONE, false);
    whole.exchange.receiveTips(NONE, false);
    whole.exchange.receiveDigest(bytes(5));
    const begun = anExchange();
    begun.exchange.receiveTips(NONE, true);
    begun.exchange.receiveDigest(bytes(5));
    const twice = anExchange();
    twice.exchange.receiveDigest(bytes(5));
    twice.exchange.receiveDigest(bytes(5));
    expect([whole, begun, twice].map(({ faults }) => faults)).to.deep.equal([
      ['order', 'order'],
      ['order'],
      ['order'],
    ]);
  });

  it('gathers what comes in parts, up to its bound and to the room for all sessions', () => {
    const { exchange } = anExchange(6);
    expect(exchange.receiveTips(new Map([['aa', logsOf(3)]]), true)).to.deep.equal([]);
    const [compare] = exchange.receiveTips(new Map([['aa', logsOf(3, 3)]]), false);
    expect(compare?.do === 'compare' && compare.remote.get('aa')).to.deep.equal(logsOf(6));
    const bounded = anExchange(5);
    bounded.exchange.receiveTips(new Map([['aa', logsOf(3)]]), true);
    bounded.exchange.receiveTips(new Map([['aa', logsOf(3, 3)]]), false);
    const held = anExchange(10, (logs) => logs < 3);
    held.exchange.receiveTips(new Map([['aa', logsOf(3)]]), true);
    const digested = anExchange(10, (logs) => logs < 1);
    digested.exchange.show(LOCAL, bytes(5));
    digested.exchange.receiveDigest(bytes(5));
    for (const { faults, exchange: ended } of [bounded, held, digested]) {
      expect(faults).to.deep.equal(['logs']);
      expect(ended.hasRemote).to.equal(false);
    }
  });

  it('takes the logs of one author from several parts, and of one log what came last', () => {
    const { exchange, peer } = anExchange();
    const say = (log: string, height: number, more: boolean): SessionAction[] =>
      exchange.receiveTips(new Map([['aa', new Map([[log, { height, id: bytes(1) }]])]]), more);
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
    expect(peer.size).to.equal(3);
  });

  it('looks at no log again for the parts that follow', () => {
    let seen = 0;
    const { exchange } = anExchange(200_000, (logs) => {
      seen = Math.max(seen, logs);
      return true;
    });
    const tips = new Map(
      Array.from({ length: 100_000 }, (_, at) => [
        `author${at}`,
        new Map([['log', { height: 1, id: bytes(1) }]]),
      ]),
    );
    exchange.receiveTips(tips, true);
    const again = new Map([[...tips][7]!]);
    const before = process.cpuUsage().user;
    for (let more = 0; more < 10_000; more += 1) exchange.receiveTips(again, true);
    // In microseconds; a look at all of them takes more than one millisecond.
    expect(process.cpuUsage().user - before).to.be.below(2_000_000);
    expect(seen).to.equal(100_000);
  });

  it('sends a long state vector in parts', () => {
    const shown = shownIn(anExchange().exchange.show(new Map([['aa', logsOf(2400)]]), undefined));
    expect(shown.map(({ tips, more }) => [tips.get('aa')!.size, more])).to.deep.equal([
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
    const parts = shownIn(anExchange().exchange.show(tips, undefined)).map((shown) => shown.tips);
    expect(parts.map(({ size }) => size)).to.deep.equal([999, 2]);
    expect(new Map(parts.flatMap((some) => Array.from(some)))).to.deep.equal(tips);
  });
});
