import { expect } from 'chai';
import { checkAuthors } from '../../lib/api/author.ts';
import { RELAY_ERROR_CODES } from '../../lib/base/relay-error-codes.ts';
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

  it('tells of authors in apps only what there is', () => {
    const [, section = ''] = readProjectFile('SECURITY.md').split('\n## Authors in apps\n');
    const words = [...section.split('\n## ')[0]!.matchAll(/`([^`]+)`/g)].map(([, word]) => word!);
    const flags = new Set(OPTION_TABLE.map(({ flag }) => flag));
    expect(words.filter((word) => word.startsWith('--') && !flags.has(word))).to.deep.equal([]);
    expect(words.filter((word) => word.startsWith('--'))).to.include.members(['--forks', '--prune']);
    expect(words).to.include('checkAuthors').and.include('author.leave()');
    expect(typeof checkAuthors).to.equal('function');
    expect(section).to.contain('LOG_FORKED');
    expect(Object.keys(RELAY_ERROR_CODES)).to.include('LOG_FORKED');
  });
});
