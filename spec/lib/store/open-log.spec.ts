import { expect } from 'chai';
import { fromHex } from '../../../lib/base/byte-texts.ts';
import { OpenLog } from '../../../lib/store/open-log.ts';

const [ONE, OTHER] = ['ab'.repeat(32), 'cd'.repeat(32)] as const;
const AUTHOR = new Uint8Array(32);
const headOf = (
  tip: string,
): { first: number; height: number; tip: string; bytes: number; side: undefined } => ({
  first: 2,
  height: 7,
  tip,
  bytes: 1,
  side: undefined,
});

describe('store.open-log', () => {
  it('gives what an operation is compared with, with the bytes of the tip that the head has', () => {
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE));
    const held = { author: AUTHOR, first: 2, height: 7, tip: fromHex(ONE) };
    expect(log.heldOf(AUTHOR, log.head!)).to.deep.equal(held);
    expect(log.heldOf(AUTHOR, log.head!).tip).to.equal(log.heldOf(AUTHOR, log.head!).tip);
    expect(log.heldOf(AUTHOR, headOf(OTHER)).tip).to.deep.equal(fromHex(OTHER));
  });

  it('takes bytes that are known of its tip, and of nothing else', () => {
    const log = new OpenLog({ author: 'a', log: 'l' }, headOf(ONE));
    const bytes = fromHex(OTHER)!;
    log.noteTip(OTHER, bytes);
    expect(log.heldOf(AUTHOR, log.head!).tip).to.deep.equal(fromHex(ONE));
    log.head = headOf(OTHER);
    log.noteTip(OTHER, bytes);
    expect(log.heldOf(AUTHOR, log.head).tip).to.equal(bytes);
  });
});
