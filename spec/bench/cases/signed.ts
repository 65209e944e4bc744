/**
 * Acked puts of values that users signed: what the check of signatures costs.
 */
import type { Bench, BenchCase } from '../bench.ts';

const CLIENTS = 8;
const USERS = 50;
/** More than a relay can check in the time that is measured. */
const VALUES = 20_000;
const VALUES_OF_GUN = 6000;

async function run(bench: Bench): Promise<void> {
  const { load, patienceMs } = bench;
  const relay = await bench.startRelay();
  await load.run('sign', { users: USERS, values: bench.count(VALUES, VALUES_OF_GUN) });
  await load.run('connect', { group: 'writers', url: relay.url, count: CLIENTS });
  const task = { group: 'writers', window: 64, batch: 1, patienceMs } as const;
  const warm = await load.run('putSigned', { ...task, first: 0, seconds: bench.warmSeconds });
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    load.run('putSigned', { ...task, first: warm.sent, seconds: bench.seconds }),
  );
  bench.checkRequests('signed puts', result);
  const work = { units: result.answered, seconds: result.seconds, cpuSeconds };
  bench.reportWork({ name: 'signed put, 8 clients', unit: 'puts/s', latency: result.latency }, relay, work);
}

/** Signed values, each verified before it is stored. */
export const SIGNED_CASES: readonly BenchCase[] = [
  {
    name: 'put-signed',
    about: `acked puts of one property signed by gun's own SEA: ${USERS} users, ${CLIENTS} clients, 64 in flight each`,
    relays: ['thicket', 'gun'],
    run,
  },
];
