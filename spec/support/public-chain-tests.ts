/** Gun's own public tests of its chain (`gun/test/common.js`), run in processes of their own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from './temporary-folder.ts';

const CHILD = fileURLToPath(new URL('public-chain-tests-child.js', import.meta.url));
/** The tests wait for their own timers most of the time. */
const SHARES = 8;

/** What one process runs. */
export interface PublicRun {
  readonly implementation: 'gun' | 'thicket';
  /** Which share of the tests, of how many. */
  readonly share: number;
  readonly shares: number;
  /** Titles that are not run. */
  readonly without: readonly string[];
  /** Where it may leave files. */
  readonly folder: string;
}

/** One test and how it ended. */
export interface PublicTest {
  /** The titles of its suites and its own, joined by ` › `. */
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly error: string;
}

/** The titles of a test, of its suites and its own, in one. */
export function titleOf(path: readonly string[]): string {
  return path.slice(1).join(' › ');
}

/** Runs them all but some; the order is that of the file within each share. */
export async function runPublicChainTests(
  implementation: PublicRun['implementation'],
  without: readonly string[],
): Promise<readonly PublicTest[]> {
  const shares = Array.from({ length: SHARES }, async (_, share) => {
    await using folder = await temporaryFolder();
    return await runShare({ implementation, share, shares: SHARES, without, folder: folder.path });
  });
  const tests = new Map<string, PublicTest>();
  for (const share of await Promise.all(shares)) for (const test of share) tests.set(test.title, test);
  return [...tests.values()];
}

function runShare(run: PublicRun): Promise<readonly PublicTest[]> {
  const child = fork(CHILD, [JSON.stringify(run)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  let complaints = '';
  child.stderr!.on('data', (text: Buffer) => (complaints += text.toString().slice(0, 2000)));
  return new Promise((resolve, reject) => {
    let tests: readonly PublicTest[] | undefined;
    child.on('message', (told: readonly PublicTest[]) => (tests = told));
    child.once('exit', (code) => {
      if (tests === undefined) reject(new Error(`share ${run.share} ended with ${code}: ${complaints}`));
      else resolve(tests);
    });
  });
}
