import { expect } from 'chai';
import { ERROR_CODES, GraphError, type ErrorCode } from '../../../lib/base/errors.ts';

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

describe('base.errors', () => {
  it('lists codes of the form AREA_WHAT in alphabetical order', () => {
    expect(codes).to.deep.equal(codes.toSorted());
    for (const code of codes) expect(code).to.match(/^[A-Z]+(_[A-Z]+)+$/);
  });

  it('says in a message what the code means and what happened', () => {
    const error = new GraphError('STORAGE_LOCKED', '/var/data');
    expect(error.code).to.equal('STORAGE_LOCKED');
    expect(error.message).to.equal(`${ERROR_CODES.STORAGE_LOCKED}: /var/data`);
    expect(new GraphError('STORAGE_LOCKED').message).to.equal(ERROR_CODES.STORAGE_LOCKED);
  });

  it('is an Error with a name and the cause it was given', () => {
    const cause = new Error('disk');
    const error = new GraphError('STORAGE_FAILED', undefined, { cause });
    expect(error).to.be.instanceOf(Error);
    expect(error.name).to.equal('GraphError');
    expect(error.cause).to.equal(cause);
  });
});
