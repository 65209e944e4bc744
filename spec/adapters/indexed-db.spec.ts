import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { describeStorage } from '../../adapters/conformance/index.ts';
import { BrowserWorld, needChromium } from '../support/browser.ts';
import { seed } from '../support/seed.ts';

/** What the page does: it has the suite as functions by their titles. */
const PAGE = `
  import { describeStorage } from './adapters/conformance/index.js';
  import { IndexedDbStorage } from './adapters/indexed-db.js';
  let count = 0;
  const cases = new Map();
  const path = [];
  const runner = {
    describe(title, body) { path.push(title); body(); path.pop(); },
    it(title, body) { cases.set([...path, title].join(' '), body); },
  };
  const create = () => {
    const name = 'suite ' + (count += 1);
    const deleted = () => new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase(name);
      request.onsuccess = resolve;
      request.onerror = reject;
    });
    const again = () => new IndexedDbStorage({ name });
    return { storage: again(), again, remove: deleted };
  };
  const supports = { persistent: true, snapshots: false };
  globalThis.register = (seed) => {
    describeStorage(runner, 'IndexedDbStorage', create, { supports, seed });
    return [...cases.keys()];
  };
  globalThis.run = async (title) => {
    try { await cases.get(title)(); } catch (error) { return String(error.stack ?? error); }
  };
  globalThis.IndexedDbStorage = IndexedDbStorage;
`;

function inThePage(): never {
  return expect.fail('the suite runs in the page');
}

/** Titles of the suite, as the page has them. */
function titlesOf(): string[] {
  const titles: string[] = [];
  const path: string[] = [];
  const runner = {
    describe(title: string, body: () => void) {
      path.push(title);
      body();
      path.pop();
    },
    it(title: string) {
      titles.push([...path, title].join(' '));
    },
  };
  describeStorage(runner, 'IndexedDbStorage', inThePage, {
    supports: { persistent: true, snapshots: false },
    seed,
  });
  return titles;
}

/** Opens a storage in a page; the code of what goes wrong. */
function open(options: string): string {
  return `(globalThis.storage = new IndexedDbStorage(${options})).open().then(() => 'open', ({ code }) => code)`;
}

describe('IndexedDbStorage in Chromium', function () {
  this.timeout(60_000);
  let world: BrowserWorld;
  let page: Page;

  before(async function () {
    needChromium(this);
    world = await BrowserWorld.start(PAGE);
    page = await world.page();
    await page.evaluate(`register(${seed})`);
  });

  after(async () => {
    await world?.close();
  });

  for (const title of titlesOf()) {
    it(title, async () => {
      const failure = await page.evaluate<string | undefined>(`run(${JSON.stringify(title)})`);
      if (failure !== undefined) expect.fail(failure);
    });
  }

  it('is for one tab alone, unless tabs share it', async () => {
    const other = await world.page();
    const alone = "{ name: 'alone' }";
    expect(await page.evaluate(open(alone))).to.equal('open');
    expect(await other.evaluate(open(alone))).to.equal('STORAGE_LOCKED');
    await page.evaluate('storage.close()');
    expect(await other.evaluate(open(alone))).to.equal('open');
    const shared = "{ name: 'shared', tabs: true }";
    expect(await page.evaluate(open(shared))).to.equal('open');
    expect(await other.evaluate(open(shared))).to.equal('open');
    await other.close();
  });

  it('reads many texts that lie together by few requests, and finds them wherever they lie', async () => {
    const read = `(async () => {
      const storage = new IndexedDbStorage({ name: 'many' });
      await storage.open();
      const texts = Array.from({ length: 1000 }, (_, at) => ['k' + at, 'text ' + at]);
      await storage.commit(texts);
      const { get } = IDBObjectStore.prototype;
      let requests = 0;
      IDBObjectStore.prototype.get = function (key) { requests += 1; return get.call(this, key); };
      const together = [...texts.map(([key]) => key), 'none', 'k1'];
      const close = await storage.getTexts(together);
      const few = requests;
      const apart = Array.from({ length: 40 }, (_, at) => ['k' + at * 25, 'none' + at]).flat();
      const far = await storage.getTexts(apart);
      IDBObjectStore.prototype.get = get;
      const one = await Promise.all([...together, ...apart].map((key) => storage.getText(key)));
      await storage.close();
      return { few, isSame: JSON.stringify([...close, ...far]) === JSON.stringify(one), found: close.length };
    })()`;
    expect(await page.evaluate(read)).to.deep.equal({ few: 0, isSame: true, found: 1002 });
  });

  it('keeps twenty megabytes and finds them after a reload', async () => {
    const fill = `(async () => {
      globalThis.storage = new IndexedDbStorage({ name: 'large' });
      await storage.open();
      for (let at = 0; at < 20; at += 1)
        await storage.commit([['k' + String(at).padStart(2, '0'), String.fromCharCode(97 + at).repeat(1024 * 1024)]]);
    })()`;
    await page.evaluate(fill);
    await page.reload();
    const lengths = `(async () => {
      const storage = new IndexedDbStorage({ name: 'large' });
      await storage.open();
      const cursor = storage.range({ from: 'k', to: 'l' });
      const found = [];
      for (let page = await cursor.next(4); page.length > 0; page = await cursor.next(4))
        found.push(...page.map(([key, text]) => key + text[0] + text.length));
      await storage.close();
      return found;
    })()`;
    const found = await page.evaluate<string[]>(lengths);
    expect(found.length).to.equal(20);
    expect([found[0], found[19]]).to.deep.equal(['k00a1048576', 'k19t1048576']);
    expect(world.errors).to.deep.equal([]);
  });
});
