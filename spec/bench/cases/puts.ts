/**
 * Acked, durable puts of new nodes with three properties.
 */
import type { Bench, BenchCase } from '../bench.ts';
import type { Durability } from '../options.ts';

const SAMPLE = 300;
/** No bound but the time. */
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

interface Shape {
  readonly name: string;
  readonly row: string;
  readonly clients: number;
  readonly window: number;
  readonly batch: number;
  readonly durability?: Durability;
}

async function run(bench: Bench, shape: Shape): Promise<void> {
  const { clients, window, batch, durability } = shape;
  const { load, patienceMs } = bench;
  const relay = await bench.startRelay(durability === undefined ? {} : { durability });
  await load.run('connect', { group: 'writers', url: relay.url, count: clients });
  const task = { group: 'writers', count: ANY_NUMBER, order: 'rising', window, batch, patienceMs } as const;
  const warm = await load.run('put', { ...task, first: 0, seconds: bench.warmSeconds });
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    load.run('put', { ...task, first: warm.sent, seconds: bench.seconds }),
  );
  bench.checkRequests('puts', result);
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  bench.reportWork({ name: shape.row, unit: 'puts/s', latency: result.latency }, relay, work);
  await load.run('connect', { group: 'readers', url: relay.url, count: 1 });
  const readBack = await load.run('get', {
    group: 'readers',
    subject: 'record',
    among: warm.sent + result.sent,
    first: 0,
    count: SAMPLE,
    seconds: bench.seconds,
    order: 'rising',
    window: 16,
    patienceMs,
  });
  bench.checkRequests('reading back', readBack);
}

const SHAPES: readonly Shape[] = [
  { name: 'put-1', row: 'put, 1 client', clients: 1, window: 64, batch: 1 },
  { name: 'put-8', row: 'put, 8 clients', clients: 8, window: 64, batch: 1 },
  { name: 'put-64', row: 'put, 64 clients', clients: 64, window: 64, batch: 1 },
  { name: 'put-array', row: 'put, 8 clients, arrays of 50', clients: 8, window: 400, batch: 50 },
];

const FSYNC_SHAPES: readonly Shape[] = [
  { name: 'put-1-fsync', row: 'put, 1 client, fsync', clients: 1, window: 64, batch: 1, durability: 'fsync' },
  {
    name: 'put-64-fsync',
    row: 'put, 64 clients, fsync',
    clients: 64,
    window: 64,
    batch: 1,
    durability: 'fsync',
  },
];

function toCase(shape: Shape, relays: BenchCase['relays']): BenchCase {
  const { name, clients, window, batch, durability } = shape;
  const frames = batch === 1 ? 'one per frame' : `${batch} per array frame`;
  const extra = durability === undefined ? '' : `, durability ${durability}`;
  return {
    name,
    about: `acked puts of new 3-property nodes: ${clients} clients, ${window} in flight each, ${frames}${extra}`,
    relays,
    run: (bench) => run(bench, shape),
  };
}

/** Puts with 1, 8 and 64 clients, in arrays, and with fsync. */
export const PUT_CASES: readonly BenchCase[] = [
  ...SHAPES.map((shape) => toCase(shape, ['thicket', 'gun'])),
  ...FSYNC_SHAPES.map((shape) => toCase(shape, ['thicket'])),
];
