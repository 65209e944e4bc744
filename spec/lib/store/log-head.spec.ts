import { expect } from 'chai';
import { decodeHead, encodeHead } from '../../../lib/store/log-head.ts';

describe('store.log-head', () => {
  it('comes back as it was, with a side branch and without', () => {
    const head = { first: 3, height: 2 ** 32 - 1, tip: 'ab'.repeat(32), bytes: 2 ** 45, side: undefined };
    expect(decodeHead(encodeHead(head))).to.deep.equal(head);
    const forked = { ...head, side: { from: 0, height: 255, tip: 'cd'.repeat(32), bytes: 7 } };
    expect(decodeHead(encodeHead(forked))).to.deep.equal(forked);
  });
});
