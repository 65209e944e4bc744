/**
 * Many clients write the same few properties; all replicas must end equal to an oracle.
 */
import type { Bench, BenchCase } from '../bench.ts';

const CLIENTS = 16;
const PROPERTIES = 100;
const PER_PUT = 25;
const SEED = 20_200_113;

async function hammer(bench: Bench, row: string, rising: boolean): Promise<void> {
  const { load, patienceMs } = bench;
  const relay = await bench.startRelay();
  await load.run('connect', { group: 'clients', url: relay.url, count: CLIENTS });
  const task = {
    group: 'clients',
    properties: PROPERTIES,
    perPut: PER_PUT,
    window: 32,
    rising,
    seed: SEED,
    patienceMs,
  } as const;
  // Another node for the warm-up: there it may end with the states it likes.
  await load.run('subscribe', { group: 'clients', soul: 'bench/warm', each: false, patienceMs });
  await load.run('hammer', { ...task, soul: 'bench/warm', seconds: bench.warmSeconds });
  await load.run('subscribe', { group: 'clients', soul: 'bench/hammered', each: false, patienceMs });
  const { result, cpuSeconds } = await bench.measure([relay], () =>
    load.run('hammer', { ...task, soul: 'bench/hammered', seconds: bench.seconds }),
  );
  const { merges, sent, acked, seconds, diverged, relayAgrees } = result;
  bench.check(diverged === 0, `${row}: ${diverged} of ${CLIENTS} replicas differ from the oracle`);
  bench.check(relayAgrees, `${row}: the relay differs from the oracle`);
  bench.checkUnlessGun(acked === sent, `${row}: ${sent - acked} of ${sent} puts were not acked`);
  bench.reportWork({ name: row, unit: 'merges/s' }, relay, { units: merges, seconds, cpuSeconds });
}

const KINDS = [
  { name: 'conflict-losing', row: 'merge, most writes lose', rising: false },
  { name: 'conflict-winning', row: 'merge, most writes win', rising: true },
] as const;

/** Hammering with mostly losing and with mostly winning writes. */
export const CONFLICT_CASES: readonly BenchCase[] = KINDS.map(({ name, row, rising }) => ({
  name,
  about: `${CLIENTS} clients hammer ${PROPERTIES} properties, ${PER_PUT} per put: ${row.slice('merge, '.length)}`,
  relays: ['thicket', 'gun'],
  roundsAtMost: { gun: 1 },
  run: (bench) => hammer(bench, row, rising),
}));
