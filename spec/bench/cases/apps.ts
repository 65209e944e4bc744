/**
 * Apps that use this library and apps that use gun, through the same relay: writes, reads, and the first value.
 */
import type { Bench, BenchCase } from '../bench.ts';
import type { AppTask, Library } from '../load/operations.ts';

const WINDOW = 64;
const NODES = 20_000;
const STARTS = 30;
const LIBRARIES: readonly (readonly [library: Library, name: string])[] = [
  ['thicket', 'createGraph'],
  ['gun', 'gun.js'],
];

async function run(bench: Bench): Promise<void> {
  const { load, seconds } = bench;
  const relay = await bench.startRelay();
  const among = bench.count(NODES, NODES / 10);
  const common = { url: relay.url, among, first: 0, count: Number.MAX_SAFE_INTEGER, seconds, window: WINDOW };
  // What is read has to be there, for both libraries the same.
  await load.run('app', { ...common, library: 'thicket', action: 'put', count: among, seconds: 60 });
  const measure = async (task: AppTask, name: string, unit: string): Promise<void> => {
    const { result, cpuSeconds } = await bench.measure([relay], () => load.run('app', task));
    bench.check(result.wrong === 0, `${name}: ${result.wrong} of ${result.done} values are wrong`);
    bench.check(result.done > 0, `${name}: nothing was done`);
    const work = { units: result.done, seconds: result.seconds, cpuSeconds };
    bench.reportWork({ name, unit, latency: result.latency }, relay, work);
  };
  for (const [library, name] of LIBRARIES) {
    await measure({ ...common, library, action: 'put' }, `put by ${name}`, 'puts/s');
    // Apps remember what they read: each node is read once.
    await measure({ ...common, library, action: 'once', count: among }, `once by ${name}`, 'reads/s');
    const starts = { ...common, library, action: 'first', count: STARTS, window: 1 } as const;
    await measure(starts, `first value by ${name}`, 'starts/s');
  }
}

/** Apps with both libraries. */
export const APP_CASES: readonly BenchCase[] = [
  {
    name: 'apps',
    about: `apps that use createGraph, and gun.js: acked puts and reads, ${WINDOW} at once, and starts up to the first value`,
    relays: ['thicket', 'gun'],
    run,
  },
];
