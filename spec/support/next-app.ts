/**
 * Installs Next in a temporary folder, beside this package as it is published, builds an app with each of Next's
 * bundlers and uses it in Chromium: `npm run bundlers:next`. It needs the registry, and a minute or two.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';
import { createRelay } from '../../relay/relay.ts';
import { chromiumPath } from './browser.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGES = [
  'next@16.4.6',
  'react@19.3.1',
  'react-dom@19.3.1',
  'typescript@5.9.3',
  '@types/react@19.3.0',
  '@types/react-dom@19.3.0',
  '@types/node@20.19.43',
];
const BUNDLERS = ['--turbopack', '--webpack'];
const WAITING = 'rendered on the server';
/** How long the server may take until it listens, and the page until it shows something, in milliseconds. */
const PATIENCE_MS = 60_000;

const LAYOUT = `
import type { ReactNode } from 'react';

export default function Layout({ children }: { readonly children: ReactNode }) {
  return <html lang="en"><body>{children}</body></html>;
}
`;

const PAGE = `
import { Todos } from './todos';

export const dynamic = 'force-dynamic';

export default function Page() {
  return <Todos url={process.env['RELAY_URL']!} />;
}
`;

const TODOS = `
'use client';
import { useEffect, useState } from 'react';
import { createGraph, stored, type Graph, type SetOf } from 'thicket';
import { IndexedDbStorage } from 'thicket/adapters/indexed-db';
import { websocket } from 'thicket/adapters/websocket-link';
import { Gun } from 'thicket/gun';
import { GraphProvider, useSet, useStatus } from 'thicket/react';

interface Schema {
  readonly todos: SetOf<{ title: string }>;
}

export function Todos({ url }: { readonly url: string }) {
  const [graph, setGraph] = useState<Graph<Schema>>();
  useEffect(() => {
    const storage = stored(new IndexedDbStorage({ name: 'next', tabs: true }));
    const opened = createGraph<Schema>({ storage, peers: [websocket(url)] });
    setGraph(opened);
    return () => void opened.close();
  }, [url]);
  if (graph === undefined) return <p>${WAITING}</p>;
  return <GraphProvider graph={graph}><List graph={graph} url={url} /></GraphProvider>;
}

function List({ graph, url }: { readonly graph: Graph<Schema>; readonly url: string }) {
  const [fromGun, setFromGun] = useState<string>();
  const { value: todos } = useSet(graph.get('todos'));
  const { connection } = useStatus();
  useEffect(() => {
    const gun = Gun<Schema>({ peers: [url], file: 'next-gun' });
    gun.get('todos').map().on((todo) => setFromGun(todo.title));
    return () => void gun.close();
  }, [url]);
  return (
    <>
      <p id="status">{connection}</p>
      <ul>{[...(todos ?? [])].map(([id, todo]) => <li key={id}>{todo.title}</li>)}</ul>
      <p id="gun">{fromGun}</p>
      <button onClick={() => graph.get('todos').set({ title: 'milk' }, { until: 'relay' })}>Add</button>
    </>
  );
}
`;

/** What create-next-app writes, as far as it matters here. */
const TYPESCRIPT = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['dom', 'dom.iterable', 'esnext'],
    strict: true,
    noEmit: true,
    module: 'esnext',
    moduleResolution: 'bundler',
    isolatedModules: true,
    jsx: 'react-jsx',
    plugins: [{ name: 'next' }],
  },
  include: ['next-env.d.ts', '**/*.ts', '**/*.tsx', '.next/types/**/*.ts'],
  exclude: ['node_modules'],
};

/** Runs a command in a folder; rejects with all that it printed when it fails. */
async function run(folder: string, command: string, ...given: readonly string[]): Promise<string> {
  const started = process.hrtime.bigint();
  try {
    const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1' };
    const { stdout } = await promisify(execFile)(command, given, { cwd: folder, env });
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    console.log(`${command} ${given[0]} ${given.at(-1)}: ${seconds.toFixed(1)} s`);
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${given.join(' ')} failed\n${stdout}${stderr}`, { cause: error });
  }
}

async function install(folder: string): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const packed = await run(ROOT, 'npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', folder);
  await run(folder, 'npm', 'install', '--no-audit', '--no-fund', `./${packed.trim()}`, ...PACKAGES);
  await mkdir(join(folder, 'app'));
  const files = { 'layout.tsx': LAYOUT, 'page.tsx': PAGE, 'todos.tsx': TODOS };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, 'app', name), text);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(TYPESCRIPT));
}

/** Starts what was built; resolves with its address. */
async function serve(folder: string, relayUrl: string): Promise<{ url: string; server: ChildProcess }> {
  const next = join(folder, 'node_modules', 'next', 'dist', 'bin', 'next');
  const env = { ...process.env, RELAY_URL: relayUrl, NEXT_TELEMETRY_DISABLED: '1' };
  const server = spawn(process.execPath, [next, 'start', '--port', '0', '--hostname', '127.0.0.1'], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const lines = createInterface({ input: server.stdout, signal });
  for await (const line of lines) {
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return { url, server };
  }
  throw new Error('next start did not say where it listens');
}

/** Opens the app in two pages: what one of them adds both show, by React's hooks and by gun's chain. */
async function use(browser: Browser, url: string): Promise<void> {
  const html = await (await fetch(url)).text();
  if (!html.includes(WAITING)) throw new Error(`the server did not render the page:\n${html}`);
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const pages = [await context.newPage(), await context.newPage()];
  for (const page of pages) {
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error' && !message.location().url.endsWith('/favicon.ico'))
        complaints.push(message.text());
    });
    await page.goto(url);
  }
  await pages[0]!.click('button');
  for (const page of pages) {
    await page.locator('li', { hasText: 'milk' }).waitFor();
    await page.locator('#gun', { hasText: 'milk' }).waitFor();
  }
  await context.close();
  if (complaints.length > 0) throw new Error(`the page complains:\n${complaints.join('\n')}`);
}

/** Builds the app, starts it beside a relay and uses it. */
async function prove(folder: string, browser: Browser, bundler: string): Promise<void> {
  await run(folder, 'npx', 'next', 'build', bundler);
  const data = join(folder, `data${bundler}`);
  const relay = createRelay({ port: 0, host: '127.0.0.1', data, logLevel: 'error' });
  await relay.listen();
  const { url, server } = await serve(folder, `http://127.0.0.1:${relay.port}/gun`);
  try {
    await use(browser, url);
  } finally {
    const exited = once(server, 'exit');
    server.kill();
    await exited;
    await relay.close();
  }
  console.log(`next build ${bundler}: built, rendered on the server, works in Chromium`);
}

async function main(): Promise<void> {
  await using folder = await temporaryFolder();
  const executablePath = chromiumPath();
  const browser = await chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox'],
  });
  try {
    await install(folder.path);
    for (const bundler of BUNDLERS) await prove(folder.path, browser, bundler);
  } finally {
    await browser.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
