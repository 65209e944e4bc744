import { expect } from 'chai';
import { ERROR_CODES } from '../../lib/base/error-codes.ts';
import type { ErrorCode } from '../../lib/base/errors.ts';
import { readProjectFile, sourceFiles } from './project.ts';
import { codeOf, readmeTable } from './readme.ts';

const TABLES = new Set(['lib/base/errors.ts', 'lib/base/relay-error-codes.ts']);

describe('error codes', () => {
  it('are in the README with their meaning, and nothing else is', () => {
    const listed = readmeTable('Error codes').map(([code = '', meaning]) => [codeOf(code), meaning]);
    const codes = Object.keys(ERROR_CODES).toSorted() as ErrorCode[];
    expect(listed).to.deep.equal(codes.map((code) => [code, ERROR_CODES[code]]));
  });

  it('are all raised by some source file', () => {
    const texts = sourceFiles()
      .filter((file) => !TABLES.has(file))
      .map(readProjectFile);
    const unused = Object.keys(ERROR_CODES).filter(
      (code) => !texts.some((text) => text.includes(`'${code}'`)),
    );
    expect(unused).to.deep.equal([]);
  });
});
