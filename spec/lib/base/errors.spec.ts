import { expect } from 'chai';
import { GRAPH_ERROR_CODES, GraphError, relayError } from '../../../lib/base/errors.ts';
import { RELAY_ERROR_CODES } from '../../../lib/base/relay-error-codes.ts';

describe('base.errors', () => {
  it('lists codes of the form AREA_WHAT in alphabetical order', () => {
    for (const codes of [Object.keys(GRAPH_ERROR_CODES), Object.keys(RELAY_ERROR_CODES)]) {
      expect(codes).to.deep.equal(codes.toSorted());
      for (const code of codes) expect(code).to.match(/^[A-Z]+(_[A-Z]+)+$/);
    }
  });

  it('says in a message what the code means and what happened', () => {
    const error = new GraphError('STORAGE_LOCKED', '/var/data');
    expect(error.code).to.equal('STORAGE_LOCKED');
    expect(error.message).to.equal(`${GRAPH_ERROR_CODES.STORAGE_LOCKED}: /var/data`);
    expect(new GraphError('STORAGE_LOCKED').message).to.equal(GRAPH_ERROR_CODES.STORAGE_LOCKED);
  });

  it('says the same of what only relays meet', () => {
    const error = relayError('STORAGE_DAMAGED', 'a record is gone');
    expect(error).to.be.instanceOf(GraphError);
    expect(error.code).to.equal('STORAGE_DAMAGED');
    expect(error.message).to.equal(`${RELAY_ERROR_CODES.STORAGE_DAMAGED}: a record is gone`);
    expect(relayError('LOG_FULL').message).to.equal(RELAY_ERROR_CODES.LOG_FULL);
  });

  it('is an Error with a name and the cause it was given', () => {
    const cause = new Error('disk');
    const error = new GraphError('STORAGE_FAILED', undefined, { cause });
    expect(error).to.be.instanceOf(Error);
    expect(error.name).to.equal('GraphError');
    expect(error.cause).to.equal(cause);
  });
});
