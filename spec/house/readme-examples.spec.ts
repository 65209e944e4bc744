import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { expect } from 'chai';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { endProcess } from '../support/end-process.ts';
import { Inbox } from '../support/inbox.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { manifest, ROOT } from './project.ts';
import { readmeBlocks, type CodeBlock } from './readme.ts';

/** `console.log(…) // → text` promises the line `text`. */
const PROMISE = /\/\/ → (.*)$/gm;
/** The address that examples use, as users do. */
const README_PORT = /\b8765\b/g;

/** Languages of blocks that can be run, and how Node wants their files to be called. */
const ENDINGS: ReadonlyMap<string, string> = new Map([
  ['js', '.mjs'],
  ['cjs', '.cjs'],
]);

/** Blocks marked `run`: ```` ```js run ```` is a module, ```` ```cjs run ```` a CommonJS script. */
function runnableBlocks(): CodeBlock[] {
  return readmeBlocks().filter(({ marks }) => marks.includes('run'));
}

function promisesOf({ code }: CodeBlock): string[] {
  return [...code.matchAll(PROMISE)].map(([, text]) => text!.trim());
}

describe('README examples', () => {
  const folder = temporaryFolders();
  let relay: Relay;
  let scripts: string;

  before(async () => {
    // Inside the project, so that `thicket` and `gun` are found as they are in an app.
    scripts = await mkdtemp(join(ROOT, 'dist', 'readme-'));
  });

  after(() => rm(scripts, { recursive: true, force: true }));

  beforeEach(async () => {
    relay = createRelay({
      port: 0,
      host: '127.0.0.1',
      data: join(await folder(), 'data'),
      logLevel: 'error',
    });
    await relay.listen();
  });

  afterEach(() => relay.close());

  async function start(block: CodeBlock): Promise<ChildProcessByStdio<null, Readable, Readable>> {
    const script = join(scripts, `line-${block.line}${ENDINGS.get(block.language)}`);
    await writeFile(script, block.code.replaceAll(README_PORT, String(relay.port)));
    return spawn(process.execPath, [script], { cwd: await folder(), stdio: ['ignore', 'pipe', 'pipe'] });
  }

  it('exist, can be run and promise a result', () => {
    const blocks = runnableBlocks();
    expect(blocks).to.not.deep.equal([]);
    for (const block of blocks) {
      expect([...ENDINGS.keys()], `language of line ${block.line}`).to.include(block.language);
      expect(promisesOf(block), `promises of line ${block.line}`).to.not.deep.equal([]);
    }
  });

  it('print what they promise', async () => {
    for (const block of runnableBlocks()) {
      const child = await start(block);
      const lines = new Inbox<string>(`example at line ${block.line}`);
      for (const input of [child.stdout, child.stderr]) {
        createInterface({ input }).on('line', (line) => lines.push(line));
      }
      child.once('close', (code) => lines.close(`it ended with ${code}`));
      try {
        for (const promised of promisesOf(block)) {
          await lines.next((line) => line === promised, `the line ${JSON.stringify(promised)}`);
        }
      } finally {
        await endProcess(child, 'SIGKILL');
      }
    }
  }).timeout(60_000);

  it('name only scripts that exist', () => {
    const { scripts: known } = manifest();
    const builtIn = new Set(['ci', 'install', 'pack', 'exec']);
    const named = readmeBlocks()
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => [...code.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(([, name]) => name!));
    expect(named.filter((name) => !builtIn.has(name) && !(name in known))).to.deep.equal([]);
  });
});
