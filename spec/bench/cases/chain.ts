/**
 * Three relays in a line: a client writes at one end, another is subscribed at the other.
 */
import type { Bench, BenchCase } from '../bench.ts';
import { pause } from '../deferred.ts';
import type { BroadcastResult } from '../load/operations.ts';
import { memoryOf } from '../process-meter.ts';

const SOUL = 'bench/line';
const PROPERTIES = 1024;
/** Wide enough for relays that let each message wait. */
const WINDOW = 256;
const RATE = 50;
const LINK_TRIES = 20;
const LINK_PAUSE_MS = 250;

async function run(bench: Bench): Promise<void> {
  const { load, patienceMs, seconds } = bench;
  const far = await bench.startRelay({ folder: 'far' });
  const middle = await bench.startRelay({ folder: 'middle', peers: [far.url.replace('ws', 'http')] });
  const near = await bench.startRelay({ folder: 'near', peers: [middle.url.replace('ws', 'http')] });
  await load.run('connect', { group: 'writer', url: near.url, count: 1 });
  await load.run('connect', { group: 'subscriber', url: far.url, count: 1 });
  await load.run('subscribe', { group: 'subscriber', soul: SOUL, each: false, patienceMs });
  let first = 0;
  const send = async (task: {
    readonly rate: number;
    readonly seconds: number;
  }): Promise<BroadcastResult> => {
    const between = {
      writers: 'writer',
      subscribers: 'subscriber',
      soul: SOUL,
      properties: PROPERTIES,
    } as const;
    const result = await load.run('broadcast', {
      ...between,
      ...task,
      first,
      window: WINDOW,
      patienceMs: 1000,
    });
    first += result.updates;
    return result;
  };
  for (let tries = 0; tries < LINK_TRIES && (await send({ rate: 10, seconds: 0.2 })).behind > 0; tries += 1) {
    await pause(LINK_PAUSE_MS);
  }
  const relays = [near, middle, far];
  // They share one core, so that each takes longer to have its code compiled.
  await send({ rate: 0, seconds: bench.warmSeconds * relays.length });
  const full = await bench.measure(relays, () => send({ rate: 0, seconds }));
  const paced = await bench.measure(relays, () => send({ rate: RATE, seconds }));
  for (const { result } of [full, paced]) {
    bench.check(result.wrong === 0, `${result.wrong} values delivered that were never written`);
    bench.check(result.behind === 0, 'the subscriber lacks the last values');
  }
  const memory = memoryOf(middle.pid);
  for (const [name, { result, cpuSeconds }] of [
    ['three relays in a line', full],
    [`three relays in a line, ${RATE}/s`, paced],
  ] as const) {
    const { deliveries, latency } = result;
    const cpuMicroseconds = (cpuSeconds * 1e6) / deliveries;
    bench.report({
      name,
      unit: 'messages/s',
      value: deliveries / result.seconds,
      cpuMicroseconds,
      latency,
      memory,
    });
  }
}

/** Three relays in a line. */
export const CHAIN_CASES: readonly BenchCase[] = [
  {
    name: 'line',
    about: 'three relays in a line, put at one end to subscriber at the other: CPU of all three, latency',
    relays: ['thicket', 'gun'],
    roundsAtMost: { gun: 1 },
    run,
  },
];
