import { expect } from 'chai';
import { DEFAULT_LIMITS } from '../../lib/base/limits.ts';
import { OPTION_TABLE } from '../../relay/option-table.ts';
import { readProjectFile } from './project.ts';

describe('SECURITY.md', () => {
  const rows = readProjectFile('SECURITY.md')
    .split('\n')
    .filter((line) => line.startsWith('| `--'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

  it('lists every limit', () => {
    const limits = OPTION_TABLE.filter(({ name }) => Object.hasOwn(DEFAULT_LIMITS, name));
    const listed = new Set(rows.map(([, flag]) => flag));
    expect(limits.filter(({ flag }) => !listed.has(`\`${flag}\``)).map(({ flag }) => flag)).to.deep.equal([]);
  });

  it('gives defaults and units as the relay has them', () => {
    const known = new Map(OPTION_TABLE.map((row) => [`\`${row.flag}\``, row]));
    for (const [, flag = '', defaultText, unit] of rows) {
      const row = known.get(flag);
      expect([defaultText, unit], flag).to.deep.equal([row?.defaultText, row?.unit]);
    }
  });
});
