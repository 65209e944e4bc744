/**
 * One node with many subscribers: as many updates as the relay takes, then few, for their latency.
 */
import type { Bench, BenchCase } from '../bench.ts';
import { pause } from '../deferred.ts';
import type { BroadcastResult } from '../load/operations.ts';
import type { RelayProcess } from '../relay-process.ts';

const SOUL = 'bench/broadcast';
const PROPERTIES = 512;
/** Few enough that gathering them is the relay's merit, not the load's. */
const WINDOW = 16;
const SETTLE_MS = 300;

interface Shape {
  readonly subscribers: number;
  /** Updates per second when paced: few enough that the real relay keeps up. */
  readonly rate: number;
}

function checkBroadcast(bench: Bench, subscribers: number, result: BroadcastResult): void {
  const { deliveries, updates, behind, wrong } = result;
  bench.check(wrong === 0, `${wrong} values delivered that were never written`);
  bench.check(behind === 0, `${behind} of ${subscribers} subscribers lack the last values`);
  const all = updates * subscribers;
  bench.checkUnlessGun(deliveries === all, `${all - deliveries} of ${all} deliveries did not happen`);
}

async function measureBroadcast(
  bench: Bench,
  relays: readonly RelayProcess[],
  first: number,
  pace: { readonly seconds: number; readonly rate: number; readonly subscribers?: string },
): Promise<BroadcastResult & { readonly cpuSeconds: number }> {
  const task = { writers: 'writer', subscribers: 'subscribers', soul: SOUL, properties: PROPERTIES } as const;
  const { result, cpuSeconds } = await bench.measure(relays, () =>
    bench.load.run('broadcast', { ...task, ...pace, first, window: WINDOW, patienceMs: bench.patienceMs }),
  );
  return { ...result, cpuSeconds };
}

async function run(bench: Bench, { subscribers, rate }: Shape): Promise<void> {
  const { load, patienceMs, seconds } = bench;
  const relay = await bench.startRelay();
  await load.run('connect', { group: 'writer', url: relay.url, count: 1 });
  // The node exists before anybody asks: the real relay would ask everybody about an unknown one for many seconds.
  const begun = await measureBroadcast(bench, [relay], 0, { seconds: 0.1, rate: 10, subscribers: 'nobody' });
  await load.run('connect', { group: 'subscribers', url: relay.url, count: subscribers });
  const subscribed = await load.run('subscribe', {
    group: 'subscribers',
    soul: SOUL,
    each: false,
    patienceMs,
  });
  bench.check(subscribed === subscribers, `${subscribers - subscribed} subscriptions were not answered`);
  await pause(SETTLE_MS);
  const warm = await measureBroadcast(bench, [relay], begun.updates, { seconds: bench.warmSeconds, rate: 0 });
  const full = await measureBroadcast(bench, [relay], begun.updates + warm.updates, { seconds, rate: 0 });
  checkBroadcast(bench, subscribers, full);
  const unit = 'deliveries/s';
  const name = `fan-out to ${subscribers.toLocaleString('en-US')}`;
  bench.reportWork({ name, unit }, relay, { ...full, units: full.deliveries });
  bench.report({ name: `${name}: updates per frame`, unit: 'updates', value: full.deliveries / full.frames });
  const paced = await measureBroadcast(bench, [relay], begun.updates + warm.updates + full.updates, {
    seconds,
    rate,
  });
  checkBroadcast(bench, subscribers, paced);
  const { latency } = paced;
  bench.reportWork({ name: `${name}, ${rate}/s`, unit, latency }, relay, {
    ...paced,
    units: paced.deliveries,
  });
}

/** Fan-out to 100, 500 and 1,000 subscribers. */
export const FAN_OUT_CASES: readonly BenchCase[] = [
  { subscribers: 100, rate: 50 },
  { subscribers: 500, rate: 20 },
  { subscribers: 1000, rate: 10 },
].map((shape) => ({
  name: `fan-out-${shape.subscribers}`,
  about: `one soul, ${shape.subscribers} subscribers: ${WINDOW} updates on their way; then ${shape.rate} updates/s`,
  relays: ['thicket', 'gun'],
  run: (bench) => run(bench, shape),
}));
