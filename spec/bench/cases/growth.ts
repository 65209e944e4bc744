/**
 * What a growing graph costs: ingest rate, memory, disk, restart, and gets that memory cannot answer.
 */
import type { Bench, BenchCase } from '../bench.ts';
import type { Order } from '../load/operations.ts';
import { memoryOf } from '../process-meter.ts';
import type { RelayProcess } from '../relay-process.ts';
import { LOAD_SECONDS, fill, thousands } from './fill.ts';

const CLIENTS = 8;
const WRITERS = 64;
/** Steps of growth; the first compiles the relay's code and is not compared. */
const SLICES = 10;
/** Steps after which the memory of the small graph is taken. */
const SMALL_SLICES = 2;
/** Nodes of which the real relay reads all from few files: enough to compile the code, not to fill a cache. */
const WARM_NODES = 50;
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

function reportMemory(bench: Bench, name: string, relay: RelayProcess): void {
  const memory = memoryOf(relay.pid);
  bench.report({ name, unit: 'MiB', value: memory.nowMib, memory });
}

async function reportDisk(bench: Bench, name: string, nodes: number): Promise<void> {
  bench.report({ name, unit: 'B', value: (await bench.diskBytes()) / nodes });
}

/** Kills the relay, starts it again and waits for a first, right answer. */
async function restart(bench: Bench, relay: RelayProcess, name: string, order: Order): Promise<RelayProcess> {
  const { load, patienceMs } = bench;
  const startedAt = performance.now();
  const restarted = await bench.crashAndRestart(relay);
  await load.run('connect', { group: 'readers', url: restarted.url, count: CLIENTS });
  const task = {
    group: 'readers',
    subject: 'record',
    order,
    patienceMs,
    window: 1,
    seconds: LOAD_SECONDS,
  } as const;
  const result = await load.run('get', { ...task, among: 1, first: 0, count: 1 });
  bench.checkRequests('first get after a restart', result);
  bench.report({ name, unit: 'ms', value: performance.now() - startedAt });
  return restarted;
}

async function measureColdGets(
  bench: Bench,
  relay: RelayProcess,
  nodes: number,
  order: Order,
): Promise<void> {
  const { load, patienceMs } = bench;
  const task = { group: 'readers', subject: 'record', order, patienceMs, window: 8, first: 0 } as const;
  await load.run('get', { ...task, among: WARM_NODES, count: ANY_NUMBER, seconds: bench.warmSeconds });
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    load.run('get', { ...task, among: nodes, count: nodes, seconds: bench.seconds }),
  );
  bench.checkRequests('cold gets', result);
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  bench.reportWork({ name: 'cold get', unit: 'gets/s', latency: result.latency }, relay, work);
}

async function runMemory(bench: Bench): Promise<void> {
  const small = bench.count(10_000);
  const large = bench.count(100_000);
  const relay = await bench.startRelay();
  await bench.load.run('connect', { group: 'writers', url: relay.url, count: WRITERS });
  const first = await fill(bench, 0, small, 'rising');
  reportMemory(bench, `memory after ${thousands(small)} nodes`, relay);
  const second = await fill(bench, first.sent, large, 'rising');
  reportMemory(bench, `memory after ${thousands(large)} nodes`, relay);
  const nodes = first.sent + second.sent;
  await reportDisk(bench, `disk per node of ${thousands(large)}`, nodes);
  await bench.load.run('disconnect', { group: 'writers' });
  const restarted = await restart(bench, relay, `restart with ${thousands(large)} nodes`, 'rising');
  await measureColdGets(bench, restarted, nodes, 'rising');
}

async function runGrowth(bench: Bench, order: Order): Promise<void> {
  const nodes = bench.count(500_000);
  const slice = nodes / SLICES;
  const small = slice * SMALL_SLICES;
  const relay = await bench.startRelay();
  await bench.load.run('connect', { group: 'writers', url: relay.url, count: CLIENTS });
  const warm = await fill(bench, 0, slice, order);
  const rates: number[] = [];
  const costs: number[] = [];
  let next = warm.sent;
  while (next < nodes) {
    const { result, cpuSeconds } = await bench.measure([relay], () => fill(bench, next, next + slice, order));
    next += result.sent;
    rates.push(result.answered / result.seconds);
    costs.push(cpuSeconds / result.answered);
    if (next === small) reportMemory(bench, `memory at ${thousands(small)}, ${order}`, relay);
  }
  reportMemory(bench, `memory at ${thousands(next)}, ${order}`, relay);
  const name = `growth to ${thousands(next)}, ${order}`;
  const rate = rates.reduce((sum, value) => sum + value, 0) / rates.length;
  const cost = costs.reduce((sum, value) => sum + value, 0) / costs.length;
  bench.report({ name, unit: 'puts/s', value: rate, cpuMicroseconds: cost * 1e6 });
  bench.report({ name: `last over first rate, ${order}`, unit: 'x', value: rates.at(-1)! / rates[0]! });
  bench.report({ name: `last over first cost, ${order}`, unit: 'x', value: costs.at(-1)! / costs[0]! });
  await reportDisk(bench, `disk per node of ${thousands(next)}, ${order}`, next);
  await restart(bench, relay, `restart with ${thousands(next)} nodes, ${order}`, order);
}

const ORDERS: readonly Order[] = ['rising', 'scattered'];

/** Memory after 10k and 100k nodes with cold gets, and growth to 500k nodes. */
export const GROWTH_CASES: readonly BenchCase[] = [
  {
    name: 'memory',
    about: 'memory after 10k and 100k nodes, disk, restart after a kill, cold gets',
    relays: ['thicket', 'gun'],
    roundsAtMost: { gun: 1 },
    run: runMemory,
  },
  ...ORDERS.map((order): BenchCase => ({
    name: `growth-${order}`,
    about: `500k nodes with ${order} souls: rate and cost of the last slice over the first, memory, disk, restart`,
    relays: ['thicket'],
    roundsAtMost: { thicket: 1 },
    run: (bench) => runGrowth(bench, order),
  })),
];
