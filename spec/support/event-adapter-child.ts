/**
 * An app with a storage adapter hooked to gun's events, as gun's documentation describes them; run by itself, with the
 * real gun or with `thicket/gun`, it prints what the app was told and what the adapter has.
 */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Anything } from '../../lib/chain/anything.ts';

/** What the app was told, and what it wrote. */
export interface AdapterRun {
  readonly told: readonly (readonly [what: string, data: unknown])[];
  readonly disk: readonly string[];
}

const disk = new Map<string, { soul: string; key: string; value: unknown; state: number }>();

function keep(soul: string, key: string, value: unknown, state: number): void {
  const place = `${soul}/${key}`;
  if ((disk.get(place)?.state ?? -Infinity) < state) disk.set(place, { soul, key, value, state });
}

function nodeAt(wanted: string): object | undefined {
  const found = [...disk.values()].filter(({ soul }) => soul === wanted);
  if (found.length === 0) return undefined;
  const states = Object.fromEntries(found.map(({ key, state }) => [key, state]));
  const properties = Object.fromEntries(found.map(({ key, value }) => [key, value]));
  return { _: { '#': wanted, '>': states }, ...properties };
}

/** The adapter. */
function onOptions(this: Anything, root: Anything): void {
  this.to.next(root);
  // Options may be given again.
  if (root.once !== undefined) return;
  root.on('put', function put(this: Anything, message: Anything) {
    this.to.next(message);
    const { '#': soul, '.': key, ':': value, '>': state } = message.put;
    keep(soul, key, value, state);
    root.on('in', { '@': message['#'], ok: 1, err: undefined });
  });
  root.on('get', function get(this: Anything, message: Anything) {
    this.to.next(message);
    const soul = message.get['#'];
    const node = nodeAt(soul);
    // Disks take their time.
    setTimeout(() => root.on('in', { '@': message['#'], put: node && { [soul]: node }, err: undefined }), 5);
  });
}

function plain(data: unknown): unknown {
  return data === undefined ? 'nothing' : JSON.parse(JSON.stringify({ data }, withoutMeta));
}

function withoutMeta(key: string, value: unknown): unknown {
  return key === '_' ? undefined : value;
}

async function main(implementation: string): Promise<void> {
  const Gun: Anything =
    implementation === 'gun'
      ? createRequire(import.meta.url)('gun/gun.js')
      : (await import('../../adapters/doors/node-gun.js')).Gun;
  Gun.on('opt', onOptions);
  // Neither implementation keeps a process alive while it waits.
  setInterval(() => undefined, 1000);
  keep('old', 'name', 'from disk', 1000);
  const told: [string, unknown][] = [];
  const options = { localStorage: false, radisk: false, multicast: false, axe: false };
  const open = (): Anything => Gun({ ...options });
  const once = (what: string, chain: Anything): Promise<void> =>
    new Promise((resolve) => {
      chain.once((data: unknown) => {
        told.push([what, plain(data)]);
        resolve();
      });
    });
  const put = (chain: Anything, data: unknown): Promise<void> =>
    new Promise((resolve) => {
      chain.put(data, (ack: Anything) => {
        told.push(['ack', ack.err ?? 'stored']);
        resolve();
      });
    });

  const gun = open();
  gun.opt({ custom: true });
  await once('a property', gun.get('old').get('name'));
  await once('a node', gun.get('old'));
  await once('nothing', gun.get('nobody'));
  await put(gun.get('mark'), { name: 'Mark', boss: { name: 'Ann' } });
  await put(gun.get('old').get('name'), 'newer');
  await once('what was written', gun.get('old').get('name'));

  const again = open();
  await once('after a restart', again.get('mark').get('boss').get('name'));
  await new Promise<void>((resolve) => {
    again
      .get('old')
      .get('name')
      .on((data: unknown) => {
        told.push(['live', plain(data)]);
        resolve();
      });
  });
  const lines = [...disk].map(([place, { value }]) => `${place} ${JSON.stringify(value)}`);
  const run: AdapterRun = { told, disk: lines.toSorted() };
  process.stdout.write(`\n${JSON.stringify(run)}\n`, () => process.exit());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]!);
