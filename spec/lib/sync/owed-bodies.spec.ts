import { expect } from 'chai';
import { OwedBodies } from '../../../lib/sync/owed-bodies.ts';
import type { OutgoingOperation } from '../../../lib/sync/sync-store.ts';

const LOG = { author: 'aa', log: 'bb' };

function at(sequence: number, names = LOG): OutgoingOperation {
  return { ...names, id: `${sequence}`, sequence, header: Uint8Array.of(1), body: Uint8Array.of(2) };
}

describe('sync.owed-bodies', () => {
  it('are owed until they come, once each', () => {
    const owed = new OwedBodies();
    expect(owed.settle(at(7))).to.equal(false);
    owed.add(LOG, 7);
    owed.add(LOG, 7);
    expect(owed.settle(at(6))).to.equal(false);
    expect(owed.settle(at(7, { author: 'bb', log: 'aa' }))).to.equal(false);
    expect(owed.settle({ ...at(7), body: undefined })).to.equal(false);
    expect(owed.settle(at(7))).to.equal(true);
    expect(owed.settle(at(7))).to.equal(false);
  });

  it('are 1,024 at most, and more when some have come', () => {
    const owed = new OwedBodies();
    for (let place = 0; place <= 1024; place += 1) owed.add(LOG, place);
    expect([owed.settle(at(1024)), owed.settle(at(1023))]).to.deep.equal([false, true]);
    owed.add(LOG, 1024);
    expect(owed.settle(at(1024))).to.equal(true);
  });
});
