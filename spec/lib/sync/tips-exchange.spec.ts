import { expect } from 'chai';
import type { Tip, Tips } from '../../../lib/log/heights.ts';
import type { LogFrame } from '../../../lib/sync/log-frames.ts';
import { PeerHeights } from '../../../lib/sync/peer-heights.ts';
import type { SessionAction } from '../../../lib/sync/session-actions.ts';
import { TipsExchange } from '../../../lib/sync/tips-exchange.ts';
import { bytes, hashes, NO_TIPS, partHashes, said } from '../../support/log-sessions.ts';
import { partedTips, plainTips } from '../../support/parted-tips.ts';

const LOCAL = partedTips([['aa', logsOf(1)]]);
const NONE = NO_TIPS;

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

function anExchange(mostLogs = 10, mayHold?: (logs: number) => boolean, partsFrom?: number): Exchanging {
  const [peer, faults] = [new PeerHeights(), [] as string[]];
  const fail = (fault: string): SessionAction[] => {
    faults.push(fault);
    return [{ do: 'end', end: { by: 'close' } }];
  };
  return {
    exchange: new TipsExchange({ session: 1, mostLogs, mayHold, partsFrom, peer, fail }),
    peer,
    faults,
  };
}

/** The parts of a state vector that actions show. */
function shownIn(actions: readonly SessionAction[]): Extract<LogFrame, { type: 'have' }>[] {
  const frames = actions.flatMap((action) => (action.do === 'show' ? [...action.frames] : []));
  return frames.flatMap((shown) => (shown.type === 'have' ? [shown] : []));
}

/** The state vectors that actions compare this side's with. */
function comparedIn(actions: readonly SessionAction[]): ReturnType<typeof plainTips>[] {
  return actions.flatMap((action) => (action.do === 'compare' ? [plainTips(action.remote)] : []));
}

describe('sync.tips-exchange', () => {
  it('is done when both sides were shown where the other one’s logs end, whoever comes first', () => {
    const { exchange, peer } = anExchange();
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([false, false]);
    expect(said(exchange.show(NONE, undefined))).to.deep.equal(['have']);
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([true, false]);
    const remote = new Map([['bb', logsOf(4)]]);
    expect(comparedIn(exchange.receiveTips(remote, false))).to.deep.equal([remote]);
    expect(exchange.hasRemote).to.equal(true);
    expect(peer.heightOf({ author: 'bb', log: 'log3' })).to.equal(3);
    const late = anExchange().exchange;
    expect(said(late.receiveTips(remote, false))).to.deep.equal(['compare']);
    expect(said(late.show(NONE, undefined))).to.deep.equal(['have']);
    expect(late.show(NONE, undefined)).to.deep.equal([]);
  });

  it('takes an equal digest for the whole state vector, also of how far the other side is', () => {
    const { exchange, peer } = anExchange();
    expect(said(exchange.show(LOCAL, hashes(5)))).to.deep.equal(['digest']);
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([false, false]);
    expect(exchange.receiveDigest(bytes(5))).to.deep.equal([{ do: 'compare', remote: LOCAL }]);
    expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([true, true]);
    expect(peer.heightOf({ author: 'aa', log: 'log0' })).to.equal(0);
  });

  it('shows the state vector behind its digest to whoever says another one, or none', () => {
    const other = anExchange().exchange;
    other.show(LOCAL, hashes(5));
    expect(shownIn(other.receiveDigest(bytes(6)))[0]?.tips).to.deep.equal(plainTips(LOCAL));
    const none = anExchange().exchange;
    none.show(LOCAL, hashes(5));
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
    digested.exchange.show(LOCAL, hashes(5));
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
        `${(at % 256).toString(16).padStart(2, '0')} ${at}`,
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
    const shown = shownIn(anExchange().exchange.show(partedTips([['aa', logsOf(2400)]]), undefined));
    expect(shown.map(({ tips, more }) => [tips.get('aa')!.size, more])).to.deep.equal([
      [1000, true],
      [1000, true],
      [400, false],
    ]);
  });

  it('fills parts with the logs of many authors', () => {
    const tips = partedTips([
      ...Array.from({ length: 999 }, (_, at) => [`aa${at}`, logsOf(1)] as const),
      ['bb', logsOf(2)],
      ['cc', logsOf(1)],
    ]);
    const parts = shownIn(anExchange().exchange.show(tips, undefined)).map((shown) => shown.tips);
    expect(parts.map(({ size }) => size)).to.deep.equal([999, 2]);
    expect(new Map(parts.flatMap((some) => Array.from(some)))).to.deep.equal(new Map(tips));
  });

  describe('with the hashes of parts', () => {
    /** Logs of two authors, in parts 0xaa and 0xbb. */
    const TWO = partedTips([
      ['aa', logsOf(1)],
      ['bb', logsOf(2)],
    ]);
    const OWN = hashes(5);
    const EQUAL_BUT_BB = partHashes((part) => (part === 0xbb ? 6 : 5));
    const OF_BB: Tips = new Map([['bb', logsOf(3)]]);

    /** A side that has said its digest and, as the other one differs, the hashes of its parts. */
    function asking(mostLogs = 10, mayHold?: (logs: number) => boolean): Exchanging {
      const exchanging = anExchange(mostLogs, mayHold, 2);
      expect(said(exchanging.exchange.show(TWO, OWN))).to.deep.equal(['digest']);
      expect(exchanging.exchange.receiveDigest(bytes(6))).to.deep.equal([
        { do: 'send', frame: { type: 'digestParts', session: 1, hashes: OWN.parts } },
      ]);
      return exchanging;
    }

    it('shows the logs of unequal parts, and takes its own for those of equal ones', () => {
      const { exchange, peer } = asking();
      expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([false, false]);
      const shown = shownIn(exchange.receiveParts(EQUAL_BUT_BB));
      expect(shown.map(({ tips, more }) => [plainTips(tips), more])).to.deep.equal([
        [new Map([['bb', logsOf(2)]]), false],
      ]);
      expect([exchange.isShown, exchange.hasRemote]).to.deep.equal([true, false]);
      const remote = new Map([['aa', logsOf(1)], ...OF_BB]);
      expect(comparedIn(exchange.receiveTips(OF_BB, false))).to.deep.equal([remote]);
      expect([exchange.hasRemote, peer.size]).to.deep.equal([true, 4]);
      expect(['aa', 'bb'].map((author) => peer.heightOf({ author, log: 'log0' }))).to.deep.equal([0, 0]);
      expect(peer.heightOf({ author: 'bb', log: 'log2' })).to.equal(2);
    });

    it('says its own at once when the other digest came before, and nothing when they are equal', () => {
      const late = anExchange(10, undefined, 2).exchange;
      late.receiveDigest(bytes(6));
      expect(said(late.show(TWO, OWN))).to.deep.equal(['digest', 'digestParts']);
      expect(said(late.receiveParts(EQUAL_BUT_BB))).to.deep.equal(['have']);
      const equal = anExchange(10, undefined, 2).exchange;
      equal.receiveDigest(bytes(5));
      expect(said(equal.show(TWO, OWN))).to.deep.equal(['digest', 'compare']);
    });

    it('shows an end of nothing where all parts are said to be equal, or only the other side has logs', () => {
      for (const parts of [OWN.parts, partHashes((part) => (part === 0xcc ? 6 : 5))]) {
        const { exchange } = asking();
        const shown = shownIn(exchange.receiveParts(parts));
        expect(shown.map(({ tips, more }) => [tips.size, more])).to.deep.equal([[0, false]]);
        expect(comparedIn(exchange.receiveTips(NONE, false))).to.deep.equal([plainTips(TWO)]);
      }
    });

    it('shows everything to a side that has few logs or does not say theirs, which may cross', () => {
      const { exchange, faults } = asking();
      const actions = exchange.receiveTips(OF_BB, true);
      expect(plainTips(shownIn(actions)[0]!.tips)).to.deep.equal(plainTips(TWO));
      exchange.receiveTips(OF_BB, false);
      const few = anExchange(10, undefined, 3);
      few.exchange.show(TWO, OWN);
      expect(plainTips(shownIn(few.exchange.receiveDigest(bytes(6)))[0]!.tips)).to.deep.equal(plainTips(TWO));
      expect(few.exchange.receiveParts(EQUAL_BUT_BB)).to.deep.equal([]);
      expect(comparedIn(few.exchange.receiveTips(LOCAL, false))).to.deep.equal([plainTips(LOCAL)]);
      expect([faults, few.faults]).to.deep.equal([[], []]);
    });

    it('takes those of the other side once, after both digests, before its logs, and if it knows of them', () => {
      const orders: readonly (readonly [name: string, partsFrom: number | undefined, steps: string])[] = [
        ['before any digest', 2, 'p'],
        ['before the digest of the other side', 2, 'Dp'],
        ['before the own one', 2, 'dp'],
        ['after equal digests', 2, 'Dep'],
        ['twice', 2, 'Ddpp'],
        ['twice to a side with few logs', 3, 'Ddpp'],
        ['after logs', 2, 'Ddhp'],
        ['after an end of logs', 3, 'DdHp'],
        ['after logs that were shown first', 2, 'hDp'],
        ['after all', 2, 'DdpHp'],
        ['without being negotiated', undefined, 'Ddp'],
        ['with a digest after them', 2, 'Ddpd'],
      ];
      for (const [name, partsFrom, steps] of orders) {
        const { exchange, faults } = anExchange(10, undefined, partsFrom);
        const step: Readonly<Record<string, () => unknown>> = {
          D: () => exchange.show(TWO, OWN),
          d: () => exchange.receiveDigest(bytes(6)),
          e: () => exchange.receiveDigest(bytes(5)),
          p: () => exchange.receiveParts(EQUAL_BUT_BB),
          h: () => exchange.receiveTips(OF_BB, true),
          H: () => exchange.receiveTips(OF_BB, false),
        };
        for (let at = 0; at < steps.length; at += 1) {
          expect(faults, `${name}, step ${at}`).to.deep.equal([]);
          step[steps.charAt(at)]!();
        }
        expect(faults, name).to.deep.equal(['order']);
      }
    });

    it('takes no logs of a part that both said is equal', () => {
      const { exchange, peer, faults } = asking();
      exchange.receiveParts(EQUAL_BUT_BB);
      exchange.receiveTips(OF_BB, true);
      exchange.receiveTips(new Map([...OF_BB, ['aa', logsOf(1)]]), false);
      expect([faults, exchange.hasRemote]).to.deep.equal([['order'], false]);
      expect(peer.heightOf({ author: 'aa', log: 'log7' })).to.equal(undefined);
    });

    it('counts the logs of equal parts among those that it may remember, not among those that it is shown', () => {
      const counted: number[] = [];
      const held = asking(10, (logs) => counted.push(logs) > 0);
      held.exchange.receiveParts(EQUAL_BUT_BB);
      held.exchange.receiveTips(OF_BB, false);
      expect(counted).to.deep.equal([4, 4]);
      for (const [mostLogs, fault] of [
        [3, []],
        [2, ['logs']],
      ] as const) {
        const { exchange, faults } = asking(mostLogs);
        exchange.receiveParts(EQUAL_BUT_BB);
        exchange.receiveTips(OF_BB, false);
        expect(faults).to.deep.equal(fault);
      }
    });

    it('makes the frames of a long vector one by one', () => {
      const { exchange } = anExchange();
      let isMade = 0;
      const tips = partedTips(Array.from({ length: 3000 }, (_, at) => [`aa${at}`, logsOf(1)]));
      const entries = tips.entries.bind(tips);
      tips[Symbol.iterator] = function* () {
        for (const entry of entries()) {
          isMade += 1;
          yield entry;
        }
        return undefined;
      };
      const [show] = exchange.show(tips, undefined);
      if (show?.do !== 'show') throw new Error('nothing shown');
      const made = Array.from(show.frames, () => isMade);
      expect(made).to.deep.equal([2001, 3000, 3000]);
    });
  });
});
