import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { BUNDLERS, buildApp, type BuiltApp } from '../support/app-builders.ts';
import { BrowserWorld, needChromium } from '../support/browser.ts';
import { bundleForBrowsers, NEEDS_NODE } from '../support/bundle.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';
import { manifest, ROOT } from './project.ts';

const PAGE = '<!doctype html><body><script type="module" src="./app.js"></script>';
/** Imports as apps do; what one graph has written, the other one reads through a relay. */
const APP = `
  import { createGraph, keys, stored } from 'thicket';
  import { userOf, userSpaces } from 'thicket/user';
  import { Gun, SEA } from 'thicket/gun';
  import { GraphProvider, useNode } from 'thicket/react';
  import { IndexedDbStorage } from 'thicket/adapters/indexed-db';
  import { websocket } from 'thicket/adapters/websocket-link';

  const once = (chain) => new Promise((resolve) => chain.once(resolve));

  globalThis.hooks = { GraphProvider, useNode };
  globalThis.run = async (url, name) => {
    const storage = stored(new IndexedDbStorage({ name }));
    const graph = createGraph({ storage, users: userSpaces(), peers: [websocket(url)] });
    await graph.get(name).put({ text: 'from the graph' }, { until: 'relay' });
    const user = userOf(graph);
    const { pub } = await user.create(name, 'correct horse');
    await user.get('profile').put({ name: 'Alice' }, { until: 'relay' });

    const gun = Gun({ peers: [url], file: name + '-gun' });
    const text = await once(gun.get(name).get('text'));
    const alice = await once(gun.user(pub).get('profile').get('name'));
    const ack = await new Promise((resolve) => gun.get(name + '-of-gun').put({ text: 'from gun' }, resolve));
    const { value } = await graph.get(name + '-of-gun').get('text').once();
    const some = await graph.get(name).map(keys().prefix('te')).once();
    const pair = await SEA.pair();
    const signed = await SEA.verify(await SEA.sign('hello', pair), pair.pub);
    await gun.close();
    await graph.close();
    return { text, alice, error: ack.err, value, found: some.found, signed };
  };
`;

/** Of the mesh and the store of relays, their limits and their errors, which are parts of `thicket` that no app above calls. */
const RELAY_ONLY = [
  'relaysForOthers',
  'deferredCount',
  'put: too many writes from the future are waiting',
  'dedupeLifeMs',
  'the relay cannot listen on its port',
];

/** Doors that only Node can open; the conformance suite is for test runners. */
const NOT_FOR_PAGES = new Set(['./package.json', './relay', './adapters/level', './adapters/conformance']);
/** What browsers have and a server that renders has not, or not in the same way. */
const BROWSERS_HAVE = [
  'window',
  'document',
  'navigator',
  'location',
  'indexedDB',
  'localStorage',
  'WebSocket',
];

/** What a script prints as JSON, run by Node in the project. */
async function print(source: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], {
    cwd: ROOT,
  });
  return JSON.parse(stdout);
}

describe('bundlers without plugins', function () {
  this.timeout(60_000);
  const folder = temporaryFolders();
  const built = new Map<string, BuiltApp>();
  let apps: string;

  /** A folder inside the project, so that `thicket` is found as it is in an app, by its exports. */
  async function app(name: string, source: string): Promise<string> {
    const path = join(apps, name);
    await mkdir(path);
    await writeFile(join(path, 'app.js'), source);
    await writeFile(join(path, 'index.html'), PAGE);
    return path;
  }

  before(async () => {
    apps = await mkdtemp(join(ROOT, 'dist', 'apps-'));
    const path = await app('app', APP);
    for (const bundler of BUNDLERS) built.set(bundler, await buildApp(bundler, path));
  });

  after(() => rm(apps, { recursive: true, force: true }));

  for (const bundler of BUNDLERS) {
    it(`build an app with nothing to complain about and nothing of Node in it: ${bundler}`, () => {
      const { code, complaints } = built.get(bundler)!;
      expect(complaints).to.deep.equal([]);
      // React asks whether there is a process before it tells it of errors.
      expect(code.replaceAll('process.emit', '')).to.not.match(NEEDS_NODE);
      expect(code).to.not.match(/\bimport\b/);
    });

    it(`leave out what only relays need: ${bundler}`, () => {
      const { code } = built.get(bundler)!;
      expect(code).to.contain('radata');
      expect(RELAY_ONLY.filter((text) => code.includes(text))).to.deep.equal([]);
    });
  }

  it('would have kept it, had the app imported it', async () => {
    const { code } = await bundleForBrowsers();
    expect(RELAY_ONLY.filter((text) => !code.includes(text))).to.deep.equal([]);
  });

  it('would complain about a module of Node', async () => {
    const path = await app('node', "import { readFileSync } from 'node:fs';\nconsole.log(readFileSync);\n");
    for (const bundler of BUNDLERS) {
      expect((await buildApp(bundler, path)).complaints, bundler).to.not.deep.equal([]);
    }
  });

  describe('in Chromium', () => {
    let world: BrowserWorld;
    let relay: Relay;

    before(async function () {
      needChromium(this);
      world = await BrowserWorld.start('');
    });

    after(async () => {
      await world?.close();
    });

    beforeEach(async () => {
      const data = join(await folder(), 'data');
      relay = createRelay({ port: 0, host: '127.0.0.1', data, logLevel: 'error' });
      await relay.listen();
    });

    afterEach(() => relay.close());

    for (const bundler of BUNDLERS) {
      it(`make a graph, users and gun's chain that work: ${bundler}`, async () => {
        const page = await world.page();
        await page.addScriptTag({ content: built.get(bundler)!.code, type: 'module' });
        await page.waitForFunction('globalThis.run !== undefined');
        const url = `ws://127.0.0.1:${relay.port}/gun`;
        const seen = await page.evaluate(`run(${JSON.stringify(url)}, ${JSON.stringify(bundler)})`);
        expect(seen).to.deep.equal({
          text: 'from the graph',
          alice: 'Alice',
          error: undefined,
          value: 'from gun',
          found: true,
          signed: 'hello',
        });
        await page.close();
        expect(world.errors).to.deep.equal([]);
      });
    }
  });
});

describe('pages rendered on a server, as Next does', () => {
  const { name, exports } = manifest();
  const doors = Object.keys(exports)
    .filter((path) => !NOT_FOR_PAGES.has(path))
    .map((path) => `${name}${path.slice(1)}`);

  it('import every door without a look at what only browsers have', async () => {
    // What speeds ws up, when it is installed, asks whether it runs in a window of Electron.
    const touched = await print(`
      process.env.WS_NO_BUFFER_UTIL = '1';
      const touched = [];
      for (const name of ${JSON.stringify(BROWSERS_HAVE)}) {
        Object.defineProperty(globalThis, name, { configurable: true, get: () => void touched.push(name) });
      }
      void globalThis.window;
      for (const door of ${JSON.stringify(doors)}) {
        touched.push(door);
        await import(door);
      }
      console.log(JSON.stringify(touched));
    `);
    expect(touched).to.deep.equal(['window', ...doors]);
  });

  it('show that it loads, and ask no storage and no peer', async () => {
    const html = await print(`
      import { createElement as h } from 'react';
      import { renderToString } from 'react-dom/server';
      import { createGraph } from 'thicket';
      import { GraphProvider, useGraph, useNode, useSet, useStatus } from 'thicket/react';
      const Page = () => {
        const { loading } = useNode(useGraph().get('mark'));
        const all = useSet(useGraph().get('todos'));
        return [loading, all.loading, useStatus().connection].join(' ');
      };
      const graph = createGraph();
      console.log(JSON.stringify(renderToString(h(GraphProvider, { graph }, h(Page)))));
    `);
    expect(html).to.equal('true true alone');
  });
});
