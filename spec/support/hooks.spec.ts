import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
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

/** How the specs of this project are run. */
const IN_PROCESSES = ['--parallel', '--jobs', '2'];

/** Runs a spec file of its own in a mocha of its own, with these hooks. */
function runMocha(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MOCHA, '--no-config', '--no-package', '--require', HOOKS, ...args, file],
      { env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        resolve({ failed: error !== null, output: stdout + stderr });
      },
    );
  });
}

describe('root hooks', () => {
  const folder = temporaryFolders();

  async function outcomeOf(body: string, args: readonly string[] = [], env = {}): Promise<Outcome> {
    const file = join(await folder(), 'stray.spec.mjs');
    await writeFile(file, `it('looks green', async () => { ${body} });`);
    return runMocha(file, args, env);
  }

  for (const [how, args] of [
    ['', []],
    [' in processes of their own', IN_PROCESSES],
  ] as const) {
    it(`fail a run with a stray rejection, and name it${how}`, async () => {
      const body = "void Promise.reject(new Error('nobody waits for me'));";
      const { failed, output } = await outcomeOf(body, args);
      expect(failed).to.equal(true);
      expect(output).to.include('nobody waits for me').and.to.include('1 passing');
    });
  }

  it('count what specs cover in processes of their own, but not what the processes cover that specs start', async () => {
    const covered = await folder();
    const body = `
      const { spawnSync } = await import('node:child_process');
      spawnSync(process.execPath, ['--eval', '0']);
      if (process.listenerCount('SIGTERM') === 0) throw new Error('cut off while coverage is written down');`;
    const { failed, output } = await outcomeOf(body, IN_PROCESSES, { NODE_V8_COVERAGE: covered });
    expect(failed, output).to.equal(false);
    // That of mocha, and that of its worker.
    expect(await readdir(covered)).to.have.lengthOf(2);
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
