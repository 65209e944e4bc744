/**
 * Apps with a library of their own: how fast they write, read, and see the first value after their start.
 */
import { createRequire } from 'node:module';
import { WebSocket } from 'ws';
import { websocket, type WebSocketClass } from '../../../adapters/websocket-link.ts';
import { createGraph } from '../../../lib/api/graph.ts';
import { latencyOf } from '../report/statistics.ts';
import type { AppResult, AppTask, Library } from './operations.ts';

/** An app that has begun to connect. */
interface App {
  /** Resolves when the write is acknowledged by the relay. */
  put(soul: string, value: number): Promise<void>;
  /** Resolves with the number a soul holds. */
  once(soul: string): Promise<unknown>;
  /** Resolves with the number a soul holds, through a listener. */
  first(soul: string): Promise<unknown>;
  close(): Promise<void>;
}

/** The parts of gun's chain that apps use here. */
interface Chain {
  readonly _: {
    readonly opt: { readonly peers: Readonly<Record<string, { readonly wire?: { close(): void } }>> };
  };
  get(name: string): Chain;
  put(value: unknown, done: (ack: { readonly err?: string }) => void): Chain;
  once(listener: (value: unknown) => void): Chain;
  on(listener: (value: unknown) => void): Chain;
  off(): void;
}

const require = createRequire(import.meta.url);
const KEY = 'value';

function graphApp(url: string): App {
  const peer = websocket(url, { WebSocket: WebSocket as unknown as WebSocketClass });
  const graph = createGraph({ peers: [peer] });
  return {
    put: async (soul, value) => {
      await graph.get(soul).put({ [KEY]: value }, { until: 'relay' });
    },
    once: async (soul) => (await graph.get(soul).get(KEY).once()).value,
    first: (soul) =>
      new Promise((resolve) => {
        const stop = graph
          .get(soul)
          .get(KEY)
          .on(({ value, found }) => {
            if (!found) return;
            queueMicrotask(() => stop());
            resolve(value);
          });
      }),
    close: () => graph.close(),
  };
}

function gunApp(url: string): App {
  const Gun = require('gun/gun.js') as (options: object) => Chain;
  const gun = Gun({ peers: [url.replace(/^ws/, 'http')], WebSocket, localStorage: false });
  return {
    put: (soul, value) =>
      new Promise((resolve, reject) => {
        gun
          .get(soul)
          .put({ [KEY]: value }, ({ err }) => (err === undefined ? resolve() : reject(new Error(err))));
      }),
    once: (soul) => new Promise((resolve) => void gun.get(soul).get(KEY).once(resolve)),
    first: (soul) => new Promise((resolve) => void gun.get(soul).get(KEY).on(resolve)),
    close: async () => {
      for (const { wire } of Object.values(gun._.opt.peers)) wire?.close();
    },
  };
}

const LIBRARIES: Readonly<Record<Library, (url: string) => App>> = { thicket: graphApp, gun: gunApp };

/** Lets an app do one thing again and again for some time, so many at once. */
export async function runApp(task: AppTask): Promise<AppResult> {
  const { library, url, action } = task;
  const open = LIBRARIES[library];
  const shared = open(url);
  const latencies: number[] = [];
  let wrong = 0;
  let step = task.first;
  const start = performance.now();
  const end = start + task.seconds * 1000;
  const act = async (): Promise<void> => {
    const at = step;
    step += 1;
    const begun = performance.now();
    // Of the first value the start of the app is a part.
    const app = action === 'first' ? open(url) : shared;
    const soul = `bench/app/${at % task.among}`;
    if (action === 'put') await app.put(soul, at % task.among);
    else if ((await app[action](soul)) !== at % task.among) wrong += 1;
    latencies.push(performance.now() - begun);
    if (app !== shared) await app.close();
  };
  const lane = async (): Promise<void> => {
    while (performance.now() < end && step < task.first + task.count) await act();
  };
  await Promise.all(Array.from({ length: task.window }, lane));
  const seconds = (performance.now() - start) / 1000;
  await shared.close();
  return { done: latencies.length, wrong, seconds, latency: latencyOf(latencies) };
}
