import { expect } from 'chai';
import { limitsWith } from '../../lib/base/limits.ts';
import { decodeFrame } from '../../lib/wire/codec.ts';
import { microsecondsPerParse, YARDSTICK_PUT } from './yardstick.ts';

describe('the yardstick of the bench', () => {
  it('is a legal put of about 192 bytes, and takes some time', () => {
    expect(YARDSTICK_PUT.length).to.be.within(180, 210);
    const [item] = decodeFrame(YARDSTICK_PUT, limitsWith());
    expect(item).to.have.nested.property('value.kind', 'put');
    expect(microsecondsPerParse()).to.be.greaterThan(0);
  });
});
