import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolders } from './temporary-folder.ts';

const HOOKS = fileURLToPath(new URL('hooks.js', import.meta.url));
const MOCHA = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin', 'mocha.js');

interface Outcome {
  readonly failed: boolean;
  readonly output: string;
}

/** Runs a spec file of its own in a mocha of its own, with these hooks. */
function runMocha(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MOCHA, '--no-config', '--no-package', '--require', HOOKS, file],
      (error, stdout, stderr) => {
        resolve({ failed: error !== null, output: stdout + stderr });
      },
    );
  });
}

describe('root hooks', () => {
  const folder = temporaryFolders();

  async function outcomeOf(body: string): Promise<Outcome> {
    const file = join(await folder(), 'stray.spec.mjs');
    await writeFile(file, `it('looks green', () => { ${body} });`);
    return runMocha(file);
  }

  it('fail a run with a stray rejection, and name it', async () => {
    const { failed, output } = await outcomeOf("void Promise.reject(new Error('nobody waits for me'));");
    expect(failed).to.equal(true);
    expect(output).to.include('nobody waits for me').and.to.include('1 passing');
  });

  it('fail a run with several stray rejections, and count them', async () => {
    const { failed, output } = await outcomeOf(
      'void Promise.reject(new Error("1")); void Promise.reject(new Error("2"));',
    );
    expect(failed).to.equal(true);
    expect(output).to.include('2 stray errors');
  });

  it('let a run without strays pass', async () => {
    const { failed, output } = await outcomeOf(
      'Promise.reject(new Error("handled")).catch(() => undefined);',
    );
    expect(output).to.include('1 passing');
    expect(failed).to.equal(false);
  });
});
