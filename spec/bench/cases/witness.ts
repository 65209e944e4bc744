/**
 * What it costs to sign what clients wrote: two relays under the same load in turns, one of which signs.
 */
import type { Bench, BenchCase } from '../bench.ts';
import type { Legacy } from '../options.ts';
import type { RelayProcess } from '../relay-process.ts';

/** Windows for each of the two, in turns: many, as the speed of a shared machine changes from one second to the next. */
const TURNS = 10;
/** Warm-ups of each: what signs is compiled later than the rest, as it runs less often. */
const WARM_TURNS = 6;
const PERCENT = 100;
const MICROSECONDS = 1_000_000;
/** No bound but the time. */
const ANY_NUMBER = Number.MAX_SAFE_INTEGER;

interface Shape {
  readonly name: string;
  readonly row: string;
  readonly clients: number;
  readonly window: number;
  readonly batch: number;
}

/** One of the two relays, and what was done with it. */
class Side {
  readonly #bench: Bench;
  readonly #shape: Shape;
  readonly legacy: Legacy;
  readonly #relay: RelayProcess;
  #next = 0;
  #answered = 0;
  #seconds = 0;
  #cpuSeconds = 0;

  private constructor(bench: Bench, shape: Shape, legacy: Legacy, relay: RelayProcess) {
    this.#bench = bench;
    this.#shape = shape;
    this.legacy = legacy;
    this.#relay = relay;
  }

  static async start(bench: Bench, shape: Shape, legacy: Legacy): Promise<Side> {
    const relay = await bench.startRelay({ legacy, folder: legacy });
    await bench.load.run('connect', { group: legacy, url: relay.url, count: shape.clients });
    return new Side(bench, shape, legacy, relay);
  }

  /** Writes for a while; what is signed later is waited for, as it costs as well. */
  async write(seconds: number, isMeasured: boolean): Promise<void> {
    const { clients: _, name: _name, row: _row, ...flow } = this.#shape;
    const { load, patienceMs } = this.#bench;
    const { result, cpuSeconds } = await this.#bench.measure([this.#relay], async () => {
      const task = { group: this.legacy, first: this.#next, count: ANY_NUMBER, order: 'rising' } as const;
      const written = await load.run('put', { ...task, ...flow, seconds, patienceMs });
      await this.#bench.calm(this.#relay);
      return written;
    });
    this.#bench.checkRequests(`puts, ${this.legacy}`, result);
    this.#next += result.sent;
    if (!isMeasured) return;
    this.#answered += result.answered;
    this.#seconds += result.seconds;
    this.#cpuSeconds += cpuSeconds;
  }

  get cpuMicroseconds(): number {
    return (this.#cpuSeconds * MICROSECONDS) / this.#answered;
  }

  async report(): Promise<void> {
    const name = `${this.#shape.row}, ${this.legacy}`;
    const work = { units: this.#answered, seconds: this.#seconds, cpuSeconds: this.#cpuSeconds };
    this.#bench.reportWork({ name, unit: 'puts/s' }, this.#relay, work);
    const bytes = await this.#bench.diskBytes(this.legacy);
    this.#bench.report({ name: `${name}, disk`, unit: 'B/put', value: bytes / this.#next });
  }
}

async function run(bench: Bench, shape: Shape): Promise<void> {
  const graph = await Side.start(bench, shape, 'graph');
  const witness = await Side.start(bench, shape, 'witness');
  for (let turn = 0; turn < WARM_TURNS; turn += 1) {
    for (const side of [graph, witness]) await side.write(bench.warmSeconds, false);
  }
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const side of [graph, witness]) await side.write(bench.seconds, true);
  }
  for (const side of [graph, witness]) await side.report();
  const more = witness.cpuMicroseconds / graph.cpuMicroseconds - 1;
  bench.report({ name: `${shape.row}, more CPU with a witness`, unit: '%', value: more * PERCENT });
}

const SHAPES: readonly Shape[] = [
  { name: 'witness-1', row: 'put, 1 client', clients: 1, window: 64, batch: 1 },
  { name: 'witness-8', row: 'put, 8 clients', clients: 8, window: 64, batch: 1 },
  { name: 'witness-64', row: 'put, 64 clients', clients: 64, window: 64, batch: 1 },
  { name: 'witness-array', row: 'put, 8 clients, arrays of 50', clients: 8, window: 400, batch: 50 },
];

/** The cost of the witness, for single puts and arrays. */
export const WITNESS_CASES: readonly BenchCase[] = SHAPES.map((shape) => ({
  name: shape.name,
  about: `the same puts with --legacy witness and with --legacy graph, in turns: ${shape.row}`,
  relays: ['thicket'],
  run: (bench) => run(bench, shape),
}));
