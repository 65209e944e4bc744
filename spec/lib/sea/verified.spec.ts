import { expect } from 'chai';
import { writeOf } from '../../../lib/graph/write.ts';
import { VerifiedWrites } from '../../../lib/sea/verified.ts';

const CAPACITY = 64 * 1024;
const write = writeOf('~a.b', 'k', 5, 'value');

describe('sea VerifiedWrites', () => {
  it('knows a write only under its own soul, key, state and value', () => {
    const verified = new VerifiedWrites(CAPACITY);
    expect(verified.get(write)).to.equal(undefined);
    verified.add(write);
    expect(verified.get({ ...write })).to.include({ soul: '~a.b', key: 'k', state: 5 });
    for (const other of [{ soul: '~a.c' }, { key: 'l' }, { state: 6 }, { json: '"other"' }]) {
      expect(verified.get({ ...write, ...other }), JSON.stringify(other)).to.equal(undefined);
    }
  });

  it('gives back guest and certificate', () => {
    const verified = new VerifiedWrites(CAPACITY);
    const certificate = { m: {}, s: 's' };
    verified.add(write, 'guest', certificate);
    expect(verified.get(write)).to.include({ guest: 'guest', certificate });
  });

  it('keeps no more bytes than it may', () => {
    const verified = new VerifiedWrites(CAPACITY);
    for (let made = 0; made < 5000; made += 1) verified.add(writeOf('s', 'k', made, `value ${made}`));
    expect(verified.size).to.be.within(100, CAPACITY / 200);
    expect(verified.get(writeOf('s', 'k', 4999, 'value 4999'))).to.not.equal(undefined);
    expect(verified.get(writeOf('s', 'k', 0, 'value 0'))).to.equal(undefined);
  });

  it('keeps what is asked for again while others leave', () => {
    const verified = new VerifiedWrites(CAPACITY);
    verified.add(write);
    for (let made = 0; made < 2000; made += 1) {
      verified.add(writeOf('s', 'k', made, `value ${made}`));
      expect(verified.get(write), String(made)).to.not.equal(undefined);
    }
  });

  it('does not give all its room to one value', () => {
    const verified = new VerifiedWrites(CAPACITY);
    verified.add(writeOf('s', 'k', 1, 'x'.repeat(CAPACITY / 32)));
    expect(verified.size).to.equal(0);
    const none = new VerifiedWrites(0);
    none.add(write);
    expect(none.size).to.equal(0);
  });
});
