/**
 * Gets of what lies in the relay's memory: whole nodes, and single properties of small and of very wide nodes.
 */
import type { Bench, BenchCase } from '../bench.ts';
import type { GetTask } from '../load/operations.ts';
import type { RelayProcess } from '../relay-process.ts';

const NODES = 1000;
const WIDE_PROPERTIES = 10_000;
const CLIENTS = 8;
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

async function putNodes(bench: Bench, relay: RelayProcess): Promise<void> {
  const { load, patienceMs } = bench;
  await load.run('connect', { group: 'writers', url: relay.url, count: CLIENTS });
  const result = await load.run('put', {
    group: 'writers',
    first: 0,
    count: NODES,
    seconds: patienceMs / 1000,
    order: 'rising',
    window: 64,
    batch: 1,
    patienceMs,
  });
  bench.checkRequests('puts', result);
}

/** Warms up and measures gets; returns the microseconds of CPU per get. */
async function measureGets(
  bench: Bench,
  relay: RelayProcess,
  name: string,
  what: Pick<GetTask, 'group' | 'subject' | 'among' | 'window'>,
): Promise<number> {
  const task = {
    ...what,
    first: 0,
    count: ANY_NUMBER,
    order: 'rising',
    patienceMs: bench.patienceMs,
  } as const;
  await bench.load.run('get', { ...task, seconds: bench.warmSeconds });
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    bench.load.run('get', { ...task, seconds: bench.seconds }),
  );
  bench.checkRequests(name, result);
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  bench.reportWork({ name, unit: 'gets/s', latency: result.latency }, relay, work);
  return cpuSeconds / result.answered;
}

async function runHot(bench: Bench): Promise<void> {
  const relay = await bench.startRelay();
  await putNodes(bench, relay);
  await bench.load.run('connect', { group: 'readers', url: relay.url, count: CLIENTS });
  await bench.load.run('connect', { group: 'reader', url: relay.url, count: 1 });
  const what = { subject: 'record', among: NODES } as const;
  await measureGets(bench, relay, 'hot get', { ...what, group: 'readers', window: 16 });
  await measureGets(bench, relay, 'hot get, one at a time', { ...what, group: 'reader', window: 1 });
}

async function runWide(bench: Bench): Promise<void> {
  const relay = await bench.startRelay();
  const { patienceMs } = bench;
  await putNodes(bench, relay);
  const put = await bench.load.run('putWideNode', {
    group: 'writers',
    properties: WIDE_PROPERTIES,
    patienceMs,
  });
  bench.checkRequests('puts of the wide node', put);
  await bench.load.run('connect', { group: 'readers', url: relay.url, count: CLIENTS });
  const what = { group: 'readers', window: 16 } as const;
  const small = await measureGets(bench, relay, 'property of a node of 3', {
    ...what,
    subject: 'name',
    among: NODES,
  });
  const wide = await measureGets(bench, relay, 'property of a node of 10,000', {
    ...what,
    subject: 'wide',
    among: WIDE_PROPERTIES,
  });
  bench.report({ name: 'cost of 10,000 over cost of 3', unit: 'x', value: wide / small });
}

/** Hot gets. */
export const GET_CASES: readonly BenchCase[] = [
  {
    name: 'get-hot',
    about: `gets of ${NODES} 3-property nodes: ${CLIENTS} clients, 16 in flight each; then one at a time`,
    relays: ['thicket', 'gun'],
    run: runHot,
  },
  {
    name: 'get-wide',
    about: 'one property of a node with 3 and of a node with 10,000 properties',
    relays: ['thicket', 'gun'],
    roundsAtMost: { gun: 1 },
    run: runWide,
  },
];
