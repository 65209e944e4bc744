import { expect } from 'chai';
import { LOG_REASONS } from '../../../lib/log/reasons.ts';
import { faultOf, SESSION_FAULTS } from '../../../lib/sync/session-faults.ts';

describe('sync.session-faults', () => {
  it('have a code each, beside those of operations, and none twice', () => {
    const codes = [...Object.values(LOG_REASONS), ...Object.values(SESSION_FAULTS)].map(({ code }) => code);
    expect(new Set(codes).size).to.equal(codes.length);
  });

  it('are told as what they are, of a session or of an operation', () => {
    expect(faultOf('topic')).to.deep.equal({ code: 101, text: 'not a topic of this node' });
    expect(faultOf('signature')).to.equal(LOG_REASONS.signature);
  });
});
