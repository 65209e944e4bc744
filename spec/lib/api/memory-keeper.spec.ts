import { expect } from 'chai';
import { MemoryKeeper } from '../../../lib/api/memory-keeper.ts';
import { limitsWith } from '../../../lib/base/limits.ts';
import { writeOf } from '../../../lib/graph/write.ts';

const MIB = 1024 * 1024;

function keeperAt(now = 1000, limits = {}): MemoryKeeper {
  return new MemoryKeeper(limitsWith(limits), () => now);
}

/** A node of others, of half a mebibyte. */
function large(soul: string): ReturnType<typeof writeOf> {
  return writeOf(soul, 'k', 1, 'x'.repeat(MIB / 4));
}

describe('MemoryKeeper', () => {
  it('keeps for good what the app wrote', () => {
    const keeper = keeperAt();
    keeper.commit([large('mine')], true);
    for (let at = 0; at < 40; at += 1) keeper.commit([large(`theirs ${at}`)], false);
    expect(keeper.read('mine').size).to.equal(1);
  });

  it('keeps what is in use until it is released, and the rest for a while', () => {
    const keeper = keeperAt();
    keeper.hold('used');
    keeper.hold('used');
    keeper.commit([large('used'), large('unused')], false);
    expect(keeper.read('unused').size).to.equal(1);
    for (let at = 0; at < 40; at += 1) keeper.commit([large(`other ${at}`)], false);
    expect([keeper.read('used').size, keeper.read('unused').size]).to.deep.equal([1, 0]);
    keeper.release('used');
    for (let at = 0; at < 40; at += 1) keeper.commit([large(`other ${at}`)], false);
    expect(keeper.read('used').size).to.equal(1);
    keeper.release('used');
    expect(keeper.read('used').size).to.equal(1);
    for (let at = 0; at < 40; at += 1) keeper.commit([large(`another ${at}`)], false);
    expect(keeper.read('used').size).to.equal(0);
  });

  it('forgets a held node that never came to anything', () => {
    const keeper = keeperAt();
    keeper.hold('nothing');
    keeper.release('nothing');
    keeper.release('nothing');
    expect(keeper.read('nothing').size).to.equal(0);
  });

  it('bounds the writes that wait for their time', () => {
    const keeper = keeperAt(1000, { futureWrites: 2, futureMs: 500 });
    expect(keeper.commit([writeOf('s', 'a', 1100, 1), writeOf('s', 'b', 1100, 1)], false).ok).to.equal(true);
    expect(keeper.commit([writeOf('s', 'c', 1100, 1)], false)).to.deep.equal({
      ok: false,
      reason: 'too many writes wait for their time',
    });
    void keeper.close();
  });
});
