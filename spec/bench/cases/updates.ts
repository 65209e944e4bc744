/**
 * Acked puts that update stored nodes of three properties: in a small and in a large graph, mostly to nodes that
 * are in the relay's cache and mostly to nodes that are not.
 *
 * The small graph fits the cache as a whole, so the cost of updates at random grows by what leaving the cache costs
 * too; the cost of updates to few nodes grows by nothing but the size of the graph.
 */
import type { Bench, BenchCase } from '../bench.ts';
import { pause } from '../deferred.ts';
import { cpuSecondsOf } from '../process-meter.ts';
import type { RelayProcess } from '../relay-process.ts';
import { fill, thousands } from './fill.ts';

const CLIENTS = 8;
const SMALL = 10_000;
/** About eight times as many nodes as the relay's cache holds by default. */
const LARGE = 500_000;
/** Nodes that share most of the updates; they take less than a tenth of the cache. */
const HOT = 5000;
const HOT_PERCENT = 90;
const LOAD_SECONDS = 20;
const SAMPLE = 2000;
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;
const QUIET_MS = 200;
const QUIET_AT_MOST_MS = 10_000;
/** Windows longer than those of other cases: compaction comes in bursts of seconds, and belongs to what updates cost. */
const WINDOWS = 3;

interface Touch {
  readonly hotPercent: number;
  readonly row: string;
}

/** Waits until the relay has put its files in order after loading: that is not what an update costs. */
async function untilQuiet({ pid }: RelayProcess): Promise<void> {
  const giveUpAt = performance.now() + QUIET_AT_MOST_MS;
  let used = -1;
  while (cpuSecondsOf(pid) > used && performance.now() < giveUpAt) {
    used = cpuSecondsOf(pid);
    await pause(QUIET_MS);
  }
}

/** Warms up and measures updates; returns the seconds of CPU per put. */
async function measureUpdates(
  bench: Bench,
  relay: RelayProcess,
  nodes: number,
  { hotPercent, row }: Touch,
): Promise<number> {
  const { load, patienceMs } = bench;
  const task = {
    group: 'writers',
    among: nodes,
    hot: bench.count(HOT),
    hotPercent,
    count: ANY_NUMBER,
    order: 'rising',
    window: 64,
    patienceMs,
  } as const;
  const warm = await load.run('update', { ...task, seconds: bench.warmSeconds });
  bench.checkRequests(`warming up: ${row}`, warm);
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    load.run('update', { ...task, seconds: WINDOWS * bench.seconds }),
  );
  bench.checkRequests(row, result);
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  bench.reportWork({ name: row, unit: 'puts/s', latency: result.latency }, relay, work);
  return cpuSeconds / result.answered;
}

async function readBack(bench: Bench, relay: RelayProcess, nodes: number): Promise<void> {
  const { load, patienceMs, seconds } = bench;
  await load.run('connect', { group: 'readers', url: relay.url, count: 1 });
  const task = { group: 'readers', subject: 'record', order: 'rising', window: 16, patienceMs } as const;
  const result = await load.run('get', { ...task, among: nodes, first: 0, count: SAMPLE, seconds });
  bench.checkRequests('reading back', result);
}

async function run(bench: Bench): Promise<void> {
  const small = bench.count(SMALL);
  const large = bench.count(LARGE);
  const [few, many] = [`update, ${thousands(small)} stored`, `update, ${thousands(large)} stored`];
  const relay = await bench.startRelay();
  await bench.load.run('connect', { group: 'writers', url: relay.url, count: CLIENTS });
  const loaded = (await fill(bench, 0, small, 'rising', LOAD_SECONDS)).sent;
  await untilQuiet(relay);
  const hot = { hotPercent: HOT_PERCENT, row: `${few}, ${HOT_PERCENT} % to few` };
  const fewHot = await measureUpdates(bench, relay, loaded, hot);
  const fewRandom = await measureUpdates(bench, relay, loaded, { hotPercent: 0, row: `${few}, at random` });
  const nodes = loaded + (await fill(bench, loaded, large, 'rising', LOAD_SECONDS)).sent;
  await untilQuiet(relay);
  const manyHot = await measureUpdates(bench, relay, nodes, {
    ...hot,
    row: `${many}, ${HOT_PERCENT} % in cache`,
  });
  const cold = { hotPercent: 0, row: `${many}, ${HOT_PERCENT} % not in cache` };
  const manyRandom = await measureUpdates(bench, relay, nodes, cold);
  const slope = `cost at ${thousands(large)} over ${thousands(small)}`;
  bench.report({ name: `${slope}, ${HOT_PERCENT} % to few`, unit: 'x', value: manyHot / fewHot });
  bench.report({ name: `${slope}, at random`, unit: 'x', value: manyRandom / fewRandom });
  await readBack(bench, relay, nodes);
}

/** Updates in a small and in a large graph. */
export const UPDATE_CASES: readonly BenchCase[] = [
  {
    name: 'update',
    about: `acked updates of stored 3-property nodes: ${CLIENTS} clients, 64 in flight each; 10k and 500k stored, in cache or not`,
    relays: ['thicket'],
    run,
  },
];
