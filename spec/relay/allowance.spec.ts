import { expect } from 'chai';
import { Allowance, Allowances } from '../../relay/allowance.ts';
import { DEFAULT_OPTIONS } from '../../relay/option-table.ts';

describe('relay allowance', () => {
  const messages = { perSecond: 10, burst: 20 };
  const bytes = { perSecond: 1000, burst: 2000 };

  it('is used up by messages or by bytes, whichever come first', () => {
    const byMessages = new Allowance(messages, bytes, 0);
    expect(byMessages.spend(20, 0, 0)).to.equal(0);
    expect(byMessages.spend(5, 0, 0)).to.equal(500);
    const byBytes = new Allowance(messages, bytes, 0);
    expect(byBytes.spend(1, 2000, 0)).to.equal(0);
    expect(byBytes.spend(1, 100, 0)).to.equal(100);
  });

  it('is rested when half of both is there again', () => {
    const allowance = new Allowance(messages, bytes, 0);
    expect(allowance.isRested(0)).to.equal(true);
    allowance.spend(20, 2000, 0);
    expect(allowance.isRested(999)).to.equal(false);
    expect(allowance.isRested(1000)).to.equal(true);
  });

  it('is one for each peer and one for all of an address, which remains when they leave', () => {
    const allowances = new Allowances({
      ...DEFAULT_OPTIONS,
      peerMessages: 10,
      peerMessagesBurst: 10,
      addressMessages: 10,
      addressMessagesBurst: 15,
    });
    const [ownFirst, shared] = allowances.of('192.0.2.7', 0);
    expect(ownFirst!.spend(10, 0, 0)).to.equal(0);
    expect(shared!.spend(10, 0, 0)).to.equal(0);
    const [ownNext, sharedNext] = allowances.of('192.0.2.7', 0);
    expect(ownNext!.spend(10, 0, 0)).to.equal(0);
    expect(sharedNext!.spend(10, 0, 0)).to.equal(500);
    expect(allowances.of('192.0.2.8', 0)[1]!.spend(10, 0, 0)).to.equal(0);
  });

  it('is remembered of no more addresses than may be', () => {
    const allowances = new Allowances({ ...DEFAULT_OPTIONS, rememberedAddresses: 50 });
    for (let i = 0; i < 1000; i += 1) allowances.of(`address ${i}`, 0);
    expect(allowances.addressCount).to.be.within(1, 51);
  });
});
