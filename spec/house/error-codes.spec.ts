import { expect } from 'chai';
import { ERROR_CODES } from '../../lib/base/errors.ts';
import { readProjectFile, sourceFiles } from './project.ts';
import { codeOf, readmeTable } from './readme.ts';

describe('error codes', () => {
  it('are in the README with their meaning, and nothing else is', () => {
    const listed = readmeTable('Error codes').map(([code = '', meaning]) => [codeOf(code), meaning]);
    expect(listed).to.deep.equal(Object.entries(ERROR_CODES));
  });

  it('stand in alphabetical order', () => {
    const codes = Object.keys(ERROR_CODES);
    expect(codes).to.deep.equal(codes.toSorted());
  });

  it('are all raised by some source file', () => {
    const texts = sourceFiles()
      .filter((file) => file !== 'lib/base/errors.ts')
      .map(readProjectFile);
    const unused = Object.keys(ERROR_CODES).filter(
      (code) => !texts.some((text) => text.includes(`'${code}'`)),
    );
    expect(unused).to.deep.equal([]);
  });
});
