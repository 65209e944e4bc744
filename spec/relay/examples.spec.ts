import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createRelay, type Relay } from '../../relay/relay.ts';
import { ROOT } from '../house/project.ts';
import { BrowserWorld, needChromium } from '../support/browser.ts';
import { endProcess } from '../support/end-process.ts';
import { Inbox } from '../support/inbox.ts';
import { temporaryFolders } from '../support/temporary-folder.ts';

/** Waits until an element of a page shows a text. */
async function shows(page: Page, selector: string, text: string): Promise<void> {
  const found = `[...document.querySelectorAll(${JSON.stringify(selector)})]`;
  await page.waitForFunction(
    `${found}.some(({ textContent }) => textContent.includes(${JSON.stringify(text)}))`,
  );
}

describe('examples', function () {
  this.timeout(60_000);
  const folder = temporaryFolders();
  let relay: Relay;

  beforeEach(async () => {
    relay = createRelay({
      port: 0,
      host: '127.0.0.1',
      data: join(await folder(), 'data'),
      logLevel: 'error',
      examples: true,
    });
    await relay.listen();
  });

  afterEach(() => relay.close());

  function address(path: string): string {
    return `http://127.0.0.1:${relay.port}/${path}`;
  }

  it('are served with the library beside them, and nothing else of the package is', async () => {
    const index = await fetch(address('examples'));
    expect(await index.text()).to.contain('<a href="todo.html">');
    const library = await fetch(address('examples/thicket/lib/index.js'));
    expect([library.status, library.headers.get('content-type')]).to.deep.equal([
      200,
      'text/javascript; charset=utf-8',
    ]);
    for (const path of [
      'examples/../package.json',
      'examples/%2e%2e/package.json',
      'examples/thicket/relay/bin.js',
      'examples/thicket/package.json',
      'examples/thicket/lib/%2e%2e/relay/bin.js',
      'examples/none.html',
    ])
      expect((await fetch(address(path))).status, path).to.be.oneOf([403, 404]);
  });

  it('are served only when that is wished', async () => {
    const plain = createRelay({
      port: 0,
      host: '127.0.0.1',
      data: join(await folder(), 'data'),
      logLevel: 'error',
    });
    await plain.listen();
    const { status } = await fetch(`http://127.0.0.1:${plain.port}/examples/`);
    await plain.close();
    expect(status).to.equal(404);
  });

  it('show in a terminal what is on the list', async () => {
    const script = join(ROOT, 'examples', 'watch.js');
    const child = spawn(process.execPath, [script, address('gun'), 'milk'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines = new Inbox<string>('example');
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    await lines.next((line) => line === '[ ] milk', 'the item');
    const gone = once(child, 'exit');
    await endProcess(child, 'SIGKILL');
    await gone.catch(() => undefined);
  });

  describe('in Chromium', () => {
    let browser: BrowserWorld;
    let pages: Page[];

    before(async function () {
      needChromium(this);
      browser = await BrowserWorld.start('');
    });

    after(async () => {
      await browser?.close();
    });

    afterEach(async () => {
      for (const page of pages) await page.close();
      expect(browser.errors).to.deep.equal([]);
    });

    async function open(path: string): Promise<readonly [Page, Page]> {
      pages = [await browser.page(address(path)), await browser.page(address(path))];
      return pages as unknown as readonly [Page, Page];
    }

    it('have a todo list that two pages share', async () => {
      const [one, two] = await open('examples/todo.html');
      await one.fill('input[name=title]', 'milk');
      await one.click('form button');
      await shows(two, '#items li', 'milk');
      await two.click('#items input');
      await shows(one, '.done', 'milk');
      await two.fill('input[name=title]', 'bread');
      await two.click('form button');
      await shows(one, '#items li', 'bread');
      await one.click('#items li:has(.done) button');
      await two.waitForFunction("document.querySelectorAll('#items li').length === 1");
      await shows(one, '#status', 'online');
    });

    it('have a chat in which two pages talk', async () => {
      const [one, two] = await open('examples/chat.html');
      for (const [page, who, text] of [
        [one, 'Ann', 'Hello?'],
        [two, 'Bob', 'Hello!'],
      ] as const) {
        await page.fill('input[name=who]', who);
        await page.fill('input[name=text]', text);
        await page.click('form button');
        for (const other of [one, two]) await shows(other, '#items li', `${who}: ${text}`);
      }
      expect(await one.locator('#items li').count()).to.equal(2);
    });
  });
});
