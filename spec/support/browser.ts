/** Headless Chromium for specs, where one is installed, and pages with modules of this project in them. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';

const DIST = fileURLToPath(new URL('../..', import.meta.url));
/** Where Linux distributions put it; `CHROMIUM` names another one. */
const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser's program; undefined where none is installed. */
export function chromiumPath(): string | undefined {
  return [process.env['CHROMIUM'] ?? '', ...PLACES].find((path) => path !== '' && existsSync(path));
}

/** For `before` hooks: without Chromium the specs of a suite are left out, but never by continuous integration. */
export function needChromium(suite: Mocha.Context): void {
  if (chromiumPath() !== undefined) return;
  if (process.env['CI'] === 'true') throw new Error('no Chromium: install it, or name it in CHROMIUM');
  suite.skip();
}

/** Bundles a script for pages; it imports relative to the compiled project. */
export async function pageScript(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: DIST, loader: 'js' },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

/** Ends the page's process, as a crash does. */
export async function crash(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  session.send('Page.crash').catch(() => undefined);
  await crashed;
}

/** A browser with an origin of its own, whose pages all run one script. */
export class BrowserWorld {
  readonly #browser: Browser;
  readonly #server: Server;
  readonly context: BrowserContext;
  /** What pages threw and nobody caught. */
  readonly errors: string[] = [];

  private constructor(browser: Browser, server: Server, context: BrowserContext) {
    this.#browser = browser;
    this.#server = server;
    this.context = context;
  }

  /** Starts the browser; each page of it loads the script. */
  static async start(source: string): Promise<BrowserWorld> {
    const script = await pageScript(source);
    const server = createServer(({ url }, response) => {
      const isScript = url === '/page.js';
      response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : '<!doctype html><body><script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const executablePath = chromiumPath();
    const browser = await chromium.launch({
      ...(executablePath === undefined ? {} : { executablePath }),
      args: ['--no-sandbox'],
    });
    return new BrowserWorld(browser, server, await browser.newContext());
  }

  /** The address of the pages. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Opens a page; tabs of one world share their storage. */
  async page(url: string = this.url): Promise<Page> {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.errors.push(String(error)));
    await page.goto(url);
    return page;
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
