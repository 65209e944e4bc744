/** The process of an app with a graph, for what only a process of its own can show: `node graph-child.js TASK URL FOLDER`. */
import { websocket } from 'thicket/adapters/websocket-link';
import { LevelStorage } from '../../adapters/level.ts';
import { authorOf } from 'thicket/author';
import { createGraph, type Graph } from '../../lib/api/graph.ts';
import { stored } from '../../lib/api/stored-keeper.ts';
import { scaled } from '../torture/scale.ts';
import { heldBytes } from './garbage.ts';

/** Souls that are subscribed to and released. */
const SOULS = scaled(30_000, 100_000);
const AT_ONCE = 1000;

const [task = '', url = '', folder = ''] = process.argv.slice(2);
// Through the package's door and without a class, as apps do it.
const peer = websocket(url, { firstDelayMs: 20, maxDelayMs: 100 });

function tell(news: unknown): void {
  process.stdout.write(`${JSON.stringify(news)}\n`);
}

function keptGraph(): Graph {
  return createGraph({ storage: stored(new LevelStorage({ location: folder })), peers: [peer] });
}

/** Writes while there is no relay, and stays until it is killed. */
async function writeOffline(): Promise<void> {
  const graph = keptGraph();
  await graph.get('doc').put({ written: 'before the kill', deep: { too: true } });
  await graph.get('list').set('one item', { id: 'one' });
  tell(graph.status.unsent);
  setInterval(() => undefined, 60_000);
}

/** Only opens; what an earlier run left is to be sent. */
async function openAgain(): Promise<void> {
  const graph = keptGraph();
  tell(await graph.sent());
  await graph.close();
}

/** Signs one write after the other, tells of each that is stored, and goes on until it is killed. */
async function signOn(): Promise<void> {
  const graph = keptGraph();
  await authorOf(graph, { key: 'stored', batch: 0 });
  for (let number = 0; ; number += 1) {
    const key = `${process.pid} ${number}`;
    await graph.get('signed').put({ [key]: number });
    tell(key);
  }
}

/** Signs once more, and tells who signed when a relay has all of it. */
async function signLast(): Promise<void> {
  const graph = keptGraph();
  const author = await authorOf(graph, { key: 'stored' });
  await graph.get('signed').put({ last: true });
  tell([await graph.sent(), author.id, await author.height()]);
  await graph.close();
}

/** Writes and reads, and then does nothing more; the process must end by itself. */
async function doAndForget(): Promise<void> {
  const graph = createGraph({ peers: [peer] });
  graph.on('status', () => undefined);
  const { delivery } = await graph.get('doc').put({ is: 'done' }, { until: 'relay' });
  const { value } = await graph.get('doc').get('is').once();
  const stop = graph.get('doc').on(() => undefined);
  stop();
  tell([delivery, value]);
}

/** Writes without a relay and leaves. */
async function leaveOffline(): Promise<void> {
  const graph = createGraph({ peers: [peer] });
  await graph.get('doc').put({ is: 'lost, as nothing keeps it' });
  tell((await graph.get('doc').get('is').once()).found);
}

/** Reads a great many souls one after the other, with listeners that come and go. */
async function comeAndGo(): Promise<void> {
  const graph = createGraph({ peers: [peer] });
  await wander(graph, 'warm', 5 * AT_ONCE);
  const before = await heldBytes();
  await wander(graph, 'soul', SOULS);
  const after = await heldBytes();
  tell({ souls: SOULS, grownBytes: after - before });
  await graph.close();
}

async function wander(graph: Graph, name: string, souls: number): Promise<void> {
  for (let first = 0; first < souls; first += AT_ONCE) {
    const stops: (() => void)[] = [];
    const heard = Array.from(
      { length: AT_ONCE },
      (_, at) =>
        new Promise<void>((resolve) => {
          stops.push(graph.get(`${name}${first + at}`).on(() => resolve()));
        }),
    );
    await Promise.all(heard);
    for (const stop of stops) stop();
    tell({ souls: first + AT_ONCE });
  }
}

const TASKS: Readonly<Record<string, () => Promise<void>>> = {
  writeOffline,
  openAgain,
  signOn,
  signLast,
  doAndForget,
  leaveOffline,
  comeAndGo,
};

await TASKS[task]!();
