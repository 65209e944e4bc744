import { expect } from 'chai';
import { parseMoment } from '../../relay/moment.ts';

describe('relay moment', () => {
  it('is the id of an operation, milliseconds, or a date', () => {
    const id = 'ab'.repeat(32);
    expect(parseMoment(id)).to.equal(id);
    expect(parseMoment('5')).to.equal(5);
    expect(parseMoment('1700000000000.5')).to.equal(1_700_000_000_000.5);
    expect(parseMoment('-1')).to.equal(-1);
    expect(parseMoment('2026-01-31')).to.equal(Date.UTC(2026, 0, 31));
    expect(parseMoment('2026-01-31T12:30:15.250Z')).to.equal(Date.UTC(2026, 0, 31, 12, 30, 15, 250));
    expect(parseMoment('2026-01-31T12:30+02:00')).to.equal(Date.UTC(2026, 0, 31, 10, 30));
  });

  it('is nothing else', () => {
    for (const text of [
      '',
      'yesterday',
      '31.1.2026',
      '2026-13-01',
      'AB'.repeat(32),
      'ab'.repeat(31),
      '1e3',
      'NaN',
    ]) {
      expect(parseMoment(text), text).to.equal(undefined);
    }
  });
});
