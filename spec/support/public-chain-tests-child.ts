/** Runs gun's own public tests of its chain, read from the installed package, with one Gun or the other. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';
import Mocha from 'mocha';
import { randomText } from '../../lib/base/random.ts';
import { titleOf, type PublicRun, type PublicTest } from './public-chain-tests.ts';

const { implementation, share, shares, without, folder } = JSON.parse(process.argv[2]!) as PublicRun;
const file = createRequire(import.meta.url).resolve('gun/test/common.js');
const requireAsTest = createRequire(file);
const world = globalThis as Record<string, unknown>;

/** What the tests themselves use of what gun adds to the built-in objects. */
function addTools(): void {
  const tools: [object, string, unknown][] = [
    [String, 'random', (length = 24) => randomText(length)],
    [Object, 'empty', (of: object = {}) => Object.keys(of).length === 0],
    [console, 'only', () => undefined],
  ];
  for (const [owner, name, value] of tools) Object.defineProperty(owner, name, { value, configurable: true });
}

async function load(): Promise<void> {
  process.chdir(folder);
  world['expect'] = requireAsTest('./expect.js');
  world['require'] = requireAsTest;
  if (implementation === 'thicket') {
    addTools();
    const { Gun } = (await import('../../adapters/doors/gun.ts')) as { Gun: unknown };
    world['Gun'] = Gun;
    return;
  }
  requireAsTest('../lib/yson');
  world['Gun'] = Object.assign(requireAsTest('../gun') as object, { TESTING: true });
  requireAsTest('../lib/store');
  requireAsTest('../lib/rfs');
}

/** Leaves every so many-th test; the others are left to other processes. */
function keepShare(suite: Mocha.Suite): void {
  let at = 0;
  const walk = (inner: Mocha.Suite): void => {
    const wanted = inner.tests.filter((test) => !without.includes(titleOf(test.titlePath())));
    inner.tests = wanted.filter((test) => test.isPending() || at++ % shares === share);
    for (const each of inner.suites) walk(each);
  };
  walk(suite);
}

/** A reporter that prints nothing. */
function silent(): void {
  // The results are sent to the parent.
}

function run(): void {
  const mocha = new Mocha({ ui: 'bdd', timeout: 9000, reporter: silent as never });
  mocha.suite.emit('pre-require', world as never, 'common.js', mocha);
  runInThisContext(readFileSync(file, 'utf8'), { filename: file });
  keepShare(mocha.suite);
  const tests = new Map<string, PublicTest>();
  const runner = mocha.run(() => process.send!([...tests.values()], () => process.exit()));
  const note = (test: Mocha.Test, outcome: PublicTest['outcome'], error = ''): void => {
    const title = titleOf(test.titlePath());
    // A test that calls back twice has failed, whatever it said before.
    if (tests.get(title)?.outcome !== 'failed') tests.set(title, { title, outcome, error });
  };
  runner.on('pass', (test) => note(test, 'passed'));
  runner.on('pending', (test) => note(test, 'skipped'));
  runner.on('fail', (test, error: Error) => note(test, 'failed', error.message));
}

await load();
console.log = () => undefined;
run();
