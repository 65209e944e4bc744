/** An app with a graph in a process of its own, see `graph-child.ts`. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endProcess } from './end-process.ts';
import { Inbox } from './inbox.ts';

const CHILD = fileURLToPath(new URL('graph-child.js', import.meta.url));

/** A running app. */
export interface GraphProcess {
  /** What it tells. */
  readonly news: Inbox<unknown>;
  /** Resolves with its exit code when it ends by itself. */
  readonly ended: Promise<unknown>;
  kill(): Promise<unknown>;
}

/** Starts an app that does one task. */
export function startGraphProcess(task: string, url: string, folder = ''): GraphProcess {
  const child = spawn(process.execPath, [CHILD, task, url, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const news = new Inbox<unknown>(`the app that does ${task}`);
  createInterface({ input: child.stdout }).on('line', (line) => news.push(JSON.parse(line)));
  const ended = once(child, 'exit').then(([code]) => {
    news.close(`the app ended with ${code}`);
    return code as unknown;
  });
  return { news, ended, kill: () => endProcess(child, 'SIGKILL') };
}
