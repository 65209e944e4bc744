import { expect } from 'chai';
import { giveWay, strangerOf } from '../../relay/line-share.ts';

/** Lines of strangers, each named by a letter. */
function linesOf(strangers: string): { readonly stranger: string; readonly at: number }[] {
  return Array.from(strangers, (stranger, at) => ({ stranger, at }));
}

describe('relay.line-share', () => {
  it('takes addresses without their ports for strangers, and of IPv6 the network of a customer', () => {
    expect(strangerOf('198.51.100.7:1234')).to.equal('198.51.100.7');
    expect(strangerOf('198.51.100.7:1234 (texts)')).to.equal('198.51.100.7');
    expect(strangerOf('2001:db8:0:1::7:1234')).to.equal(strangerOf('2001:db8:0:1::9:99'));
    expect(strangerOf('2001:db8:0:2::7:1234')).to.not.equal(strangerOf('2001:db8:0:1::7:1234'));
    expect(strangerOf('somewhere')).to.equal('somewhere');
  });

  it('lets the latest of who has most give way, while that is more than the newcomer would have', () => {
    expect(giveWay(linesOf('abbab'), 'c')?.at).to.equal(4);
    expect(giveWay(linesOf('abbb'), 'a')?.at).to.equal(3);
    expect(giveWay(linesOf('aabbb'), 'a')).to.equal(undefined);
    expect(giveWay(linesOf('abc'), 'd')).to.equal(undefined);
    expect(giveWay(linesOf('aaa'), 'a')).to.equal(undefined);
    expect(giveWay([], 'a')).to.equal(undefined);
  });
});
