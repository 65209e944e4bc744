import { expect } from 'chai';
import { failure } from '../../../lib/base/result.ts';
import { SessionTaker } from '../../../lib/sync/session-taker.ts';

describe('sync.session-taker', () => {
  it('tells its session which operation it is, how large, and what became of it', () => {
    const told: unknown[][] = [];
    const session = {
      node: 'node',
      isInvited: false,
      seen: (...all: unknown[]) => void told.push(all),
      taken: (...all: unknown[]) => void told.push(all),
    };
    const taker = new SessionTaker(session, 7, false, true);
    expect([taker.node, taker.isInvited]).to.deep.equal(['node', false]);
    const operation = { author: 'aa', log: 'bb', id: 'cc', sequence: 1 };
    taker.seen(operation);
    taker.settle(failure('gap'));
    new SessionTaker(session, 8, true, false).fail();
    expect(told).to.deep.equal([
      [operation, false],
      [7, true, failure('gap'), operation],
      [8, false, undefined, undefined],
    ]);
  });
});
