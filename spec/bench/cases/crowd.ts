/**
 * Many connected clients that have nothing to do with the work: what they cost, and what they are wrongly sent.
 */
import type { Bench, BenchCase } from '../bench.ts';
import { pause } from '../deferred.ts';
import { memoryOf } from '../process-meter.ts';
import type { RelayProcess } from '../relay-process.ts';

const CROWD = 1000;
const IDLE = 5000;
const WRITERS = 8;
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;
/** Souls to ask for in vain. */
const SOULS = 5_000_011;
const SETTLE_MS = 500;
const QUIET_MS = 200;
/** The real relay asks three clients every 25 ms: about 9 s for a thousand. */
const QUIET_AT_MOST_MS = 15_000;
const KIB_PER_MIB = 1024;

/** Frames sent to the crowd until it has been quiet for a while. */
async function straysUntilQuiet(bench: Bench): Promise<number> {
  const giveUpAt = performance.now() + QUIET_AT_MOST_MS;
  let strays = 0;
  while (performance.now() < giveUpAt) {
    await pause(QUIET_MS);
    const fresh = (await bench.load.run('inspect', { group: 'crowd' })).strays;
    if (fresh === 0) break;
    strays += fresh;
  }
  return strays;
}

function reportStrays(bench: Bench, strays: number, units: number, unit: string): void {
  const text = `${strays} frames sent to clients without interest, ${(strays / units).toFixed(1)} per ${unit}`;
  bench.checkUnlessGun(strays === 0, text);
}

async function runUnknown(bench: Bench): Promise<void> {
  const { load, patienceMs } = bench;
  const relay = await bench.startRelay();
  await load.run('connect', { group: 'crowd', url: relay.url, count: CROWD });
  await load.run('connect', { group: 'asker', url: relay.url, count: 1 });
  await pause(SETTLE_MS);
  await load.run('inspect', { group: 'crowd' });
  const task = {
    group: 'asker',
    subject: 'unknown',
    among: SOULS,
    order: 'rising',
    window: 8,
    patienceMs,
  } as const;
  const most = bench.kind === 'gun' ? 10 : ANY_NUMBER;
  const warm = await load.run('get', { ...task, first: 1, count: most, seconds: bench.warmSeconds });
  await straysUntilQuiet(bench);
  const { result, cpuSeconds } = await bench.measure([relay], async () => {
    const gets = await load.run('get', {
      ...task,
      first: 1 + warm.sent,
      count: most * 2,
      seconds: bench.seconds,
    });
    return { ...gets, strays: await straysUntilQuiet(bench) };
  });
  bench.checkRequests('gets of unknown souls', result);
  reportStrays(bench, result.strays, result.answered, 'get');
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  const name = 'get of an unknown soul, 1,000 others connected';
  bench.reportWork({ name, unit: 'gets/s', latency: result.latency }, relay, work);
}

async function measurePuts(
  bench: Bench,
  relay: RelayProcess,
  first: number,
  name: string,
): Promise<[number, number]> {
  const { load, patienceMs, seconds } = bench;
  const task = {
    group: 'writers',
    count: ANY_NUMBER,
    order: 'rising',
    window: 64,
    batch: 1,
    patienceMs,
  } as const;
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    load.run('put', { ...task, first, seconds }),
  );
  bench.checkRequests(name, result);
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  bench.reportWork({ name, unit: 'puts/s', latency: result.latency }, relay, work);
  return [cpuSeconds / result.answered, first + result.sent];
}

async function runWatched(bench: Bench): Promise<void> {
  const { load, patienceMs } = bench;
  const relay = await bench.startRelay();
  await load.run('connect', { group: 'writers', url: relay.url, count: WRITERS });
  const warm = await load.run('put', {
    group: 'writers',
    first: 0,
    count: ANY_NUMBER,
    seconds: bench.warmSeconds,
    order: 'rising',
    window: 64,
    batch: 1,
    patienceMs,
  });
  const [alone, next] = await measurePuts(bench, relay, warm.sent, 'put, nobody else connected');
  await load.run('connect', { group: 'crowd', url: relay.url, count: CROWD });
  const subscribed = await load.run('subscribe', {
    group: 'crowd',
    soul: 'bench/elsewhere',
    each: true,
    patienceMs,
  });
  bench.checkUnlessGun(subscribed === CROWD, `${CROWD - subscribed} subscriptions were not answered`);
  await straysUntilQuiet(bench);
  const [watched, last] = await measurePuts(bench, relay, next, 'put, 1,000 watchers of other souls');
  reportStrays(bench, await straysUntilQuiet(bench), last - next, 'put');
  bench.report({ name: 'cost with watchers over cost alone', unit: 'x', value: watched / alone });
}

async function runIdle(bench: Bench): Promise<void> {
  const relay = await bench.startRelay();
  const count = bench.count(IDLE);
  // The first connections load code; they are not what an idle connection costs.
  await bench.load.run('connect', { group: 'first', url: relay.url, count: 100 });
  await pause(SETTLE_MS);
  const before = memoryOf(relay.pid).nowMib;
  const { result: seconds, cpuSeconds } = await bench.measure([relay], () =>
    bench.load.run('connect', { group: 'crowd', url: relay.url, count }),
  );
  await pause(SETTLE_MS * 2);
  const each = ((memoryOf(relay.pid).nowMib - before) * KIB_PER_MIB) / count;
  const { closed } = await bench.load.run('inspect', { group: 'crowd' });
  bench.check(closed === 0, `${closed} of ${count} idle connections were closed`);
  bench.report({ name: 'idle connection', unit: 'KiB', value: each, memory: memoryOf(relay.pid) });
  const work = { units: count, seconds, cpuSeconds };
  bench.reportWork({ name: 'connecting', unit: 'connections/s' }, relay, work);
}

/** Gets of unknown souls, puts beside watchers, idle connections. */
export const CROWD_CASES: readonly BenchCase[] = [
  {
    name: 'get-unknown',
    about: `gets of souls that do not exist while ${CROWD} others are connected; counts frames the others get`,
    relays: ['thicket', 'gun'],
    roundsAtMost: { gun: 1 },
    run: runUnknown,
  },
  {
    name: 'put-watched',
    about: `puts with ${CROWD} clients interested in other souls, against the same puts with none`,
    relays: ['thicket', 'gun'],
    roundsAtMost: { gun: 1 },
    run: runWatched,
  },
  {
    name: 'idle',
    about: `memory of ${IDLE} idle connections`,
    relays: ['thicket', 'gun'],
    roundsAtMost: { thicket: 1, gun: 1 },
    run: runIdle,
  },
];
