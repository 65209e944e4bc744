import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { DEFAULT_OPTIONS, OPTION_TABLE } from '../../relay/option-table.ts';

describe('relay option table', () => {
  it('has an option for every limit, whose default lies in its range', () => {
    const names = OPTION_TABLE.filter(({ isLimit }) => isLimit).map(({ name }) => name);
    expect(names).to.have.members(Object.keys(DEFAULT_LIMITS));
    for (const row of OPTION_TABLE) {
      const { values } = row;
      if (values.kind !== 'integer') continue;
      expect(Number(row.defaultText), row.flag).to.be.within(values.min, values.max);
    }
  });

  it('names flags and variables after the limit', () => {
    const row = OPTION_TABLE.find(({ name }) => name === 'frameBytes');
    expect(row).to.include({ flag: '--frame-bytes', env: 'THICKET_FRAME_BYTES', defaultText: '8388608' });
  });

  it('has a row for every other option', () => {
    const names = OPTION_TABLE.filter(({ isLimit }) => !isLimit).map(({ name }) => name);
    expect([...names, 'limits']).to.have.members(Object.keys(DEFAULT_OPTIONS));
  });

  it('uses no flag and no variable twice', () => {
    for (const column of ['flag', 'env'] as const) {
      const texts = OPTION_TABLE.map((row) => row[column]);
      expect(new Set(texts).size).to.equal(texts.length);
    }
  });
});
