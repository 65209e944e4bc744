import { expect } from 'chai';
import { NOTHING, formatNumber, formatTable } from './table.ts';

describe('tables of the bench', () => {
  it('shows three significant digits below a hundred and whole, grouped numbers above', () => {
    expect(formatNumber(0.012345)).to.equal('0.0123');
    expect(formatNumber(9.999)).to.equal('10');
    expect(formatNumber(12.34)).to.equal('12.3');
    expect(formatNumber(1234.5)).to.equal('1,235');
  });

  it('shows a dash where nothing was measured', () => {
    expect(formatNumber(Number.NaN)).to.equal(NOTHING);
    expect(formatNumber(undefined)).to.equal(NOTHING);
  });

  it('aligns the first columns left and the others right, without trailing blanks', () => {
    const table = formatTable(
      ['case', 'unit', 'value'],
      [
        ['put', 'puts/s', '7'],
        ['a longer name', 's', '1,000'],
      ],
      2,
    );
    expect(table.split('\n')).to.deep.equal([
      'case           unit    value',
      '-------------  ------  -----',
      'put            puts/s      7',
      'a longer name  s       1,000',
    ]);
  });
});
