/** Behaviour of graphs in Chromium: what apps write outlives pages, networks and tabs. */
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { LogVerifier } from '../../lib/log/log-verifier.ts';
import { RemoteLogs } from '../../relay/remote-logs.ts';
import { BrowserWorld, crash, needChromium } from '../support/browser.ts';
import { InteropWorld } from '../support/interop-world.ts';
import { gathered } from '../support/log-bytes.ts';
import { verifyFast } from '../support/log-maker.ts';
import type { RelayProcess } from '../support/relay-process.ts';

const PAGE = `
  import { createGraph, stored } from './lib/index.js';
  import { authorOf } from './lib/api/author.js';
  import { IndexedDbStorage } from './adapters/indexed-db.js';
  import { websocket } from './adapters/websocket-link.js';
  globalThis.open = (url, name) => {
    const storage = name === undefined ? {} : { storage: stored(new IndexedDbStorage({ name, tabs: true })) };
    const peer = websocket(url, { firstDelayMs: 20, maxDelayMs: 100 });
    globalThis.graph = createGraph({ ...storage, peers: [peer] });
  };
  globalThis.sign = async () => { globalThis.author = await authorOf(graph, { key: 'stored', batch: 0 }); };
  globalThis.becomes = (soul, key, value) => new Promise((resolve) => {
    graph.get(soul).get(key).on((found) => { if (found.value === value) resolve(found.source); });
  });
`;

/** Writes of a tab, over a few turns. */
function writesOf(name: string): string {
  return `Promise.all(Array.from({ length: 15 }, async (_, at) => {
        for (let turn = 0; turn < at % 4; turn += 1) await new Promise((next) => setTimeout(next));
        await graph.get('list').put({ ['${name}' + at]: at });
      }))`;
}

describe('interop: graphs in Chromium', function () {
  this.timeout(90_000);
  let browser: BrowserWorld;
  let relay: RelayProcess;
  const world = new InteropWorld();

  before(async function () {
    needChromium(this);
    browser = await BrowserWorld.start(PAGE);
  });

  after(async () => {
    await browser?.close();
  });

  beforeEach(async () => {
    relay = await world.relay();
  });

  afterEach(async () => {
    for (const opened of browser?.context.pages() ?? []) await opened.close();
    await world.end();
  });

  async function tab(name?: string): Promise<Page> {
    const opened = await browser.page();
    await opened.evaluate(`open(${JSON.stringify(relay.url)}, ${JSON.stringify(name)})`);
    return opened;
  }

  /** Loads the page anew, as users do. */
  async function reload(opened: Page, name: string): Promise<void> {
    await opened.reload();
    await opened.evaluate(`open(${JSON.stringify(relay.url)}, ${JSON.stringify(name)})`);
  }

  it('do not forget with the page what they wrote and read', async () => {
    const gun = await world.gun({ peers: [relay] });
    await gun.put(['theirs'], { x: 'from gun' });
    const app = await tab('reload');
    await app.evaluate("graph.get('mine').put({ x: 1, deep: { y: 2 } }, { until: 'relay' })");
    await app.evaluate("graph.get('theirs').once()");
    await relay.kill();
    await reload(app, 'reload');
    expect(
      await app.evaluate("graph.get('mine').get('deep').get('y').once().then(({ value }) => value)"),
    ).to.equal(2);
    expect(await app.evaluate("graph.get('theirs').get('x').once().then(({ value }) => value)")).to.equal(
      'from gun',
    );
  });

  it('do not lose what was written offline with the page that wrote it', async () => {
    const app = await tab('offline');
    await app.evaluate("graph.get('doc').put({ before: 1 }, { until: 'relay' })");
    await relay.kill();
    await app.evaluate("graph.get('doc').put({ offline: 'kept' })");
    await app.close();
    relay = await world.relay({ data: relay.data, port: relay.port });
    const next = await tab('offline');
    expect(await next.evaluate('graph.ready.then(() => graph.sent())')).to.equal(true);
    const gun = await world.gun({ peers: [relay] });
    expect(await gun.once(['doc', 'offline'])).to.equal('kept');
  });

  it('send what a tab wrote offline that was closed, from another that is open all the while', async () => {
    const [one, two] = [await tab('left'), await tab('left')];
    for (const other of [one, two])
      await other.evaluate("graph.get('doc').put({ before: 1 }, { until: 'relay' })");
    await relay.kill();
    await one.evaluate("graph.get('doc').put({ left: 'kept' })");
    await one.close();
    relay = await world.relay({ data: relay.data, port: relay.port });
    const reader = await tab();
    await reader.evaluate("becomes('doc', 'left', 'kept')");
    await two.evaluate('graph.sent()');
  });

  it('do not lose what a tab wrote offline that crashed: another one that is online sends it at once', async () => {
    const online = await tab('crashed');
    await online.evaluate("graph.get('doc').put({ before: 1 }, { until: 'relay' })");
    const offline = await browser.page();
    await offline.evaluate("open('ws://127.0.0.1:1/gun', 'crashed')");
    await offline.evaluate("graph.get('doc').put({ left: 'kept' })");
    const reader = await tab();
    await reader.evaluate("void (globalThis.seen = becomes('doc', 'left', 'kept'))");
    await crash(offline);
    expect(await reader.evaluate('seen')).to.equal('peers');
  });

  it('come back by themselves and learn what they missed', async () => {
    const app = await tab();
    await app.evaluate("graph.get('doc').put({ word: 'before' }, { until: 'relay' })");
    await app.evaluate(
      "globalThis.missed = becomes('doc', 'word', 'meanwhile'); becomes('doc', 'word', 'before')",
    );
    await relay.kill();
    relay = await world.relay({ data: relay.data, port: relay.port });
    const gun = await world.gun({ peers: [relay] });
    await gun.put(['doc', 'word'], 'meanwhile');
    expect(await app.evaluate('missed')).to.equal('peers');
  });

  it('share a database between tabs, of which each sees at once what the other writes, also offline', async () => {
    await relay.kill();
    const [one, two] = [await tab('tabs'), await tab('tabs')];
    await two.evaluate("void (globalThis.seen = becomes('doc', 'word', 'from the other tab'))");
    await one.evaluate("graph.get('doc').put({ word: 'from the other tab' })");
    await two.evaluate('seen');
    await Promise.all([
      one.evaluate(
        "Promise.all(Array.from({ length: 30 }, (_, at) => graph.get('list').put({ ['one' + at]: at })))",
      ),
      two.evaluate(
        "Promise.all(Array.from({ length: 30 }, (_, at) => graph.get('list').put({ ['two' + at]: at })))",
      ),
    ]);
    for (const other of [one, two]) {
      const count = await other.evaluate(
        "graph.get('list').once().then(({ value }) => Object.keys(value).length)",
      );
      expect(count).to.equal(60);
    }
    await one.close();
    await two.close();
    relay = await world.relay({ data: relay.data, port: relay.port });
    const next = await tab('tabs');
    expect(await next.evaluate('graph.ready.then(() => graph.sent())')).to.equal(true);
    const gun = await world.gun({ peers: [relay] });
    expect(await gun.once(['list', 'two29'])).to.equal(29);
    expect(await gun.once(['list', 'one0'])).to.equal(0);
  });

  it('sign one log in two tabs that write at once, also while one of them is closed', async () => {
    const [one, two] = [await tab('author'), await tab('author')];
    await Promise.all([one.evaluate('sign()'), two.evaluate('sign()')]);
    const id = await one.evaluate('author.id');
    expect(await two.evaluate('author.id')).to.equal(id);
    await Promise.all([one.evaluate(writesOf('one')), two.evaluate(writesOf('two'))]);
    await Promise.all([one.close(), two.evaluate("graph.get('list').put({ last: true })")]);
    expect(await two.evaluate('graph.sent()')).to.equal(true);
    const height = await two.evaluate('author.height()');
    const logs = new RemoteLogs({ relay: relay.url, token: '' });
    const [head] = await gathered(logs.heads(id as string));
    expect([head!.height, head!.side]).to.deep.equal([height, undefined]);
    const verifier = new LogVerifier(head!, verifyFast);
    for await (const operation of logs.operations(head!))
      expect(verifier.take(operation)).to.equal(undefined);
    expect(verifier.end()).to.deep.equal([]);
    const gun = await world.gun({ peers: [relay] });
    const list = (await gun.once(['list'])) as Record<string, unknown>;
    for (const name of ['one', 'two'])
      for (let at = 0; at < 15; at += 1) expect(list[`${name}${at}`], `${name}${at}`).to.equal(at);
    expect(browser.errors).to.deep.equal([]);
  });

  it('are not ended by twenty megabytes, of which gun keeps five', async () => {
    const app = await tab('large');
    const write = `(async () => {
      const text = 'x'.repeat(100 * 1024);
      for (let at = 0; at < 200; at += 1) await graph.get('large ' + at).put({ text: at + text });
    })()`;
    await app.evaluate(write);
    await relay.kill();
    await reload(app, 'large');
    const lengths = `(async () => {
      let sum = 0;
      for (let at = 0; at < 200; at += 1) {
        const { value } = await graph.get('large ' + at).get('text').once({ timeout: 0 });
        sum += value.length - String(at).length;
      }
      return sum;
    })()`;
    expect(await app.evaluate(lengths)).to.equal(200 * 100 * 1024);
    expect(browser.errors).to.deep.equal([]);
  });
});
