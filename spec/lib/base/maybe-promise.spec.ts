import { expect } from 'chai';
import { chain } from '../../../lib/base/maybe-promise.ts';

describe('base chain', () => {
  it('goes on at once with a value that is there', () => {
    expect(chain(2, (value) => value + 1)).to.equal(3);
  });

  it('goes on later with a value that comes later', async () => {
    const later = chain(Promise.resolve(2), (value) => value + 1);
    expect(later).to.be.an.instanceof(Promise);
    expect(await later).to.equal(3);
  });

  it('passes a failure on', async () => {
    const failed = await Promise.resolve(chain(Promise.reject(new Error('gone')), () => 1)).catch(String);
    expect(failed).to.equal('Error: gone');
  });
});
