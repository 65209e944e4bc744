import { expect } from 'chai';
import { LOG_FLAGS } from '../../relay/log-options.ts';
import { OPTION_TABLE } from '../../relay/option-table.ts';
import { readProjectFile } from './project.ts';
import { codeOf, readmeBlocks, readmeTable, readmeText } from './readme.ts';

/** A cell with code, or an empty one. */
function code(text: string): string {
  return text === '' ? '' : `\`${text}\``;
}

/** The README's table: flag, environment variable, unit, default, range, what it does. */
function expectedRows(): string[][] {
  return OPTION_TABLE.map((row) => [
    code(row.flag),
    code(row.env),
    row.unit,
    code(row.defaultText),
    row.rangeText,
    row.help,
  ]);
}

describe('options', () => {
  it('stand in the README as the relay takes them', () => {
    const rows = readmeTable('Options');
    const wanted = expectedRows().map((cells) => `| ${cells.join(' | ')} |`);
    expect(rows, `the table should be:\n${wanted.join('\n')}\n`).to.deep.equal(expectedRows());
  });

  it('of Node are the same wherever a relay is started', () => {
    const flag = '--max-semi-space-size=8';
    const { scripts } = JSON.parse(readProjectFile('package.json')) as { scripts: Record<string, string> };
    expect(scripts['start']).to.equal(`exec node ${flag} dist/relay/bin.js`);
    expect(readProjectFile('Dockerfile')).to.include(`ENTRYPOINT ["node", "${flag}", "dist/relay/bin.js"]`);
    expect(readmeText()).to.include(`node ${flag}`);
    expect(readProjectFile('spec/bench/relay-process.ts')).to.include(`'${flag}'`);
  });

  it('that the README shows on command lines exist', () => {
    const flags = new Set(['--help', '--version', ...LOG_FLAGS, ...OPTION_TABLE.map(({ flag }) => flag)]);
    const shown = readmeBlocks()
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code: text }) => text.split('\n'))
      .filter((line) => /\bthicket\b|npm start/.test(line))
      .flatMap((line) => [...line.matchAll(/(?<=\s)--[a-z][a-z-]*/g)].map(([flag]) => flag));
    expect(shown.filter((flag) => !flags.has(codeOf(flag)))).to.deep.equal([]);
  });
});
