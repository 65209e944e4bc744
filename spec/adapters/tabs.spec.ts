import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { BrowserWorld, crash, needChromium } from '../support/browser.ts';

const PAGE = `
  import { Tabs } from './adapters/tabs.js';
  globalThis.join = (name) => {
    const tabs = new Tabs(name);
    globalThis.heard = [];
    tabs.listen((text) => heard.push(text));
    globalThis.left = 0;
    globalThis.somebodyLeft = new Promise((resolve) => tabs.onLeft(() => { left += 1; resolve(); }));
    globalThis.tabs = tabs;
  };
  // Locks are given in the order of the requests, so others wait for this tab once its lock is held.
  globalThis.isKnownTo = async (count) => {
    for (;;) {
      const { pending } = await navigator.locks.query();
      if (pending.length >= count) return;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  };
`;

describe('Tabs in Chromium', function () {
  this.timeout(60_000);
  let world: BrowserWorld;

  before(async function () {
    needChromium(this);
    world = await BrowserWorld.start(PAGE);
  });

  after(async () => {
    await world?.close();
  });

  afterEach(async () => {
    for (const page of world.context.pages()) await page.close();
    expect(world.errors).to.deep.equal([]);
  });

  /** Tabs that have noticed each other. */
  async function join(name: string, count: number): Promise<Page[]> {
    const pages: Page[] = [];
    for (let at = 0; at < count; at += 1) {
      const page = await world.page();
      await page.evaluate(`join(${JSON.stringify(name)})`);
      pages.push(page);
    }
    await pages[0]!.evaluate(`isKnownTo(${count * (count - 1)})`);
    return pages;
  }

  it('tell each other, and not themselves', async () => {
    const [one, two] = await join('words', 2);
    await two!.evaluate('void (globalThis.word = new Promise((resolve) => tabs.listen(resolve)))');
    await one!.evaluate("tabs.tell('hello')");
    expect(await two!.evaluate('word')).to.equal('hello');
    expect([await one!.evaluate('heard'), await two!.evaluate('heard')]).to.deep.equal([[], ['hello']]);
  });

  it('take turns', async () => {
    const [one, two] = await join('turns', 2);
    const turn =
      'new Promise((begun) => void tabs.exclusive(() => new Promise((end) => begun((release = end)))))';
    await one!.evaluate(`globalThis.release = undefined; ${turn}.then(() => undefined)`);
    await two!.evaluate(
      'globalThis.turns = 0; void (globalThis.turn = tabs.exclusive(async () => (turns += 1)))',
    );
    await two!.evaluate('isKnownTo(3)');
    expect(await two!.evaluate('turns')).to.equal(0);
    await one!.evaluate('release()');
    expect(await two!.evaluate('turn')).to.equal(1);
  });

  it('notice that one is closed, and those that are not stay', async () => {
    const [one, two, three] = await join('closed', 3);
    await one!.close();
    await Promise.all([two!.evaluate('somebodyLeft'), three!.evaluate('somebodyLeft')]);
    expect([await two!.evaluate('left'), await three!.evaluate('left')]).to.deep.equal([1, 1]);
    await two!.evaluate('tabs.close()');
    await three!.evaluate('new Promise((resolve) => { tabs.onLeft(resolve); if (left > 1) resolve(); })');
    expect(await two!.evaluate('left'), 'who closed itself').to.equal(1);
  });

  it('notice a crash', async () => {
    const [one, two] = await join('crash', 2);
    await crash(one!);
    await two!.evaluate('somebodyLeft');
  });

  it('do not take tabs of another database for their own', async () => {
    const [one, two] = await join('mine', 2);
    const other = await world.page();
    await other.evaluate("join('mine too')");
    await other.evaluate("tabs.tell('not for you')");
    await other.close();
    await one!.close();
    await two!.evaluate('somebodyLeft');
    expect([await two!.evaluate('left'), await two!.evaluate('heard')]).to.deep.equal([1, []]);
  });

  it('work where there are no locks, as on pages without a secure context, but notice no end', async () => {
    const page = await world.page();
    await page.evaluate("Object.defineProperty(navigator, 'locks', { value: undefined }); join('no locks')");
    expect(await page.evaluate('tabs.exclusive(async () => 7)')).to.equal(7);
    await page.evaluate('tabs.close()');
    expect(await page.evaluate('left')).to.equal(0);
  });
});
