import { expect } from 'chai';
import type { LogShare } from '../../lib/store/log-room.ts';
import { Newcomers } from '../../relay/newcomers.ts';
import { DEFAULT_OPTIONS } from '../../relay/option-table.ts';

const HOUR_MS = 3_600_000;

/** Somebody at an address. */
function at(key: string, isExempt = false): Parameters<Newcomers['of']>[0] {
  return { address: key, key, isLocal: isExempt, isExempt };
}

/** Takes logs that cost so much until no more are to be had; how many there were. */
function takeAll(share: LogShare, cost = 1): number {
  let taken = 0;
  for (; share.has(cost); taken += 1) share.take(cost);
  return taken;
}

describe('relay newcomers', () => {
  it('may be so many a day from one address, whoever brings them, and as many from another', () => {
    let now = 0;
    const newcomers = new Newcomers({ ...DEFAULT_OPTIONS, addressAuthors: 24 }, () => now);
    expect(takeAll(newcomers.of(at('192.0.2.7'))!)).to.equal(24);
    expect(takeAll(newcomers.of(at('192.0.2.7'))!)).to.equal(0);
    expect(takeAll(newcomers.of(at('192.0.2.8'))!)).to.equal(24);
    now += 3 * HOUR_MS;
    expect(takeAll(newcomers.of(at('192.0.2.7'))!)).to.equal(3);
    now += 1000 * HOUR_MS;
    expect(takeAll(newcomers.of(at('192.0.2.7'))!)).to.equal(24);
  });

  it('are fewer when each costs more, but one a day at least', () => {
    let now = 0;
    const share = new Newcomers({ ...DEFAULT_OPTIONS, addressAuthors: 24 }, () => now).of(at('192.0.2.7'))!;
    expect(takeAll(share, 10)).to.equal(2);
    now += 24 * HOUR_MS;
    expect(takeAll(share, share.most)).to.equal(1);
    now += 24 * HOUR_MS;
    expect(takeAll(share, share.most)).to.equal(1);
  });

  it('may bring so many forks a day of logs that are not held, apart from authors', () => {
    let now = 0;
    const newcomers = new Newcomers({ ...DEFAULT_OPTIONS, addressAuthors: 1, addressForks: 24 }, () => now);
    const share = newcomers.of(at('192.0.2.7'))!;
    expect([takeAll(share.evidence!), takeAll(share), takeAll(share.evidence!)]).to.deep.equal([24, 1, 0]);
    expect(takeAll(newcomers.of(at('192.0.2.8'))!.evidence!)).to.equal(24);
    now += HOUR_MS;
    expect(takeAll(newcomers.of(at('192.0.2.7'))!.evidence!)).to.equal(1);
  });

  it('are not counted of addresses that no limit holds for', () => {
    expect(new Newcomers(DEFAULT_OPTIONS, () => 0).of(at('127.0.0.1', true))).to.equal(undefined);
  });

  it('are remembered of no more addresses than may be', () => {
    const newcomers = new Newcomers({ ...DEFAULT_OPTIONS, rememberedAddresses: 50 }, () => 0);
    for (let address = 0; address < 1000; address += 1) newcomers.of(at(`address ${address}`));
    expect(newcomers.addressCount).to.be.within(1, 51);
  });
});
