import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compiledText, readProjectFile, ROOT, sourceFiles, typescriptFiles } from './project.ts';

/** Suites for others to run: the specs that run them are their specs. */
const SUITES = 'adapters/conformance/';

/** An export that declares something; re-exports are documented where they come from. */
const DECLARATION = /^export (?:abstract |async )?(?:function|class|const|interface|type (?!\{))/;

/** False for types, constants and files that only re-export. */
function hasBehaviour(file: string): boolean {
  return /=>|\bfunction\b|\bclass\b/.test(compiledText(file).replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''));
}

describe('source files', () => {
  it('with behaviour have a spec of their own', () => {
    const missing = sourceFiles()
      .filter((file) => !file.startsWith(SUITES) && hasBehaviour(file))
      .map((file) => `spec/${file.replace(/\.ts$/, '.spec.ts')}`)
      .filter((spec) => !existsSync(join(ROOT, spec)));
    expect(missing).to.deep.equal([]);
  });

  it('of every spec exist', () => {
    const orphans = ['spec/lib', 'spec/adapters', 'spec/relay']
      .flatMap((folder) => typescriptFiles(folder))
      .filter((file) => file.endsWith('.spec.ts') && !existsSync(join(ROOT, sourceOf(file))))
      .filter((file) => !isBehaviourOfFolder(file));
    expect(orphans).to.deep.equal([]);
  });

  it('document every export', () => {
    const bare = sourceFiles().flatMap((file) => {
      const lines = readProjectFile(file).split('\n');
      return lines
        .filter((line, index) => DECLARATION.test(line) && !lines[index - 1]?.endsWith('*/'))
        .map((line) => `${file}: ${line}`);
    });
    expect(bare).to.deep.equal([]);
  });
});

function sourceOf(spec: string): string {
  return spec.replace(/^spec\//, '').replace(/\.spec\.ts$/, '.ts');
}

/** A spec about a whole folder says so: `hostile-frames.spec.ts` beside the specs of single files. */
function isBehaviourOfFolder(file: string): boolean {
  return readProjectFile(file).startsWith('/** Behaviour of ');
}
