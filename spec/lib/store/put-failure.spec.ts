import { expect } from 'chai';
import { GraphError, relayError } from '../../../lib/base/errors.ts';
import { putFailure } from '../../../lib/store/put-failure.ts';

describe('putFailure', () => {
  it('says what those can do something about who asked, and else that nothing was stored', () => {
    const reasons = [
      new GraphError('STORAGE_FULL'),
      relayError('STORAGE_DAMAGED'),
      new GraphError('STORAGE_FAILED', 'sector 7'),
      new Error('of the engine'),
    ].map((error) => putFailure(error));
    expect(reasons.map(({ ok, reason }) => [ok, reason])).to.deep.equal([
      [false, 'the disk is full, nothing was stored'],
      [false, 'the store is damaged and read-only'],
      [false, 'storage failed, nothing was stored'],
      [false, 'storage failed, nothing was stored'],
    ]);
  });
});
