/** What the relay tells Prometheus. Nothing is counted here: numbers kept elsewhere are read when they are asked for. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, register, Registry } from 'prom-client';
import { METRIC_TABLE, type MetricRow, type MetricSources } from './metric-table.ts';

const SECOND_MS = 1000;
/** From a quarter of a millisecond to ten seconds. */
const SECONDS = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000];

/** What was not measured yet is left out; not every reader takes it for a number. */
const NO_VALUES = /^[^#\n]* Nan$\n?/gm;

/** The metrics of one relay, as text for Prometheus. */
export class Metrics {
  readonly #registry = new Registry();

  constructor(sources: MetricSources) {
    const registers = [this.#registry];
    for (const row of METRIC_TABLE) addRow(row, sources, this.#registry);
    const ackSeconds = new Histogram({
      name: 'thicket_put_ack_seconds',
      help: 'Time from the arrival of a put to its answer; under load of one put for each commit.',
      buckets: SECONDS,
      registers,
    });
    const commitSeconds = new Histogram({
      name: 'thicket_commit_seconds',
      help: 'Time that the storage took for a commit.',
      buckets: SECONDS,
      registers,
    });
    const commitChanges = new Histogram({
      name: 'thicket_commit_changes',
      help: 'Records written by a commit.',
      buckets: SIZES,
      registers,
    });
    sources.mesh.putWatch.onTime = (ms) => ackSeconds.observe(ms / SECOND_MS);
    sources.storage.onCommit = (changes, ms) => {
      commitSeconds.observe(ms / SECOND_MS);
      commitChanges.observe(changes);
    };
  }

  /** The type of the text, for HTTP. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** All metrics: the relay's own and those of its process. */
  async text(): Promise<string> {
    watchProcess();
    const text = `${await this.#registry.metrics()}${await register.metrics()}`;
    return text.replaceAll(NO_VALUES, '');
  }
}

function addRow(row: MetricRow, sources: MetricSources, registry: Registry): void {
  const { name, help, labels } = row;
  const common = { name, help, labelNames: labels, registers: [registry] };
  if (row.type === 'counter') {
    const counter = new Counter({
      ...common,
      collect: async () => {
        counter.reset();
        for (const [values, value] of await row.read(sources)) counter.inc(values, value);
      },
    });
    return;
  }
  const gauge = new Gauge({
    ...common,
    collect: async () => {
      gauge.reset();
      for (const [values, value] of await row.read(sources)) gauge.set(values, value);
    },
  });
}

let isWatched = false;

/** CPU, memory, the delay of the event loop and garbage collection, of all relays of a process, from now on. */
function watchProcess(): void {
  if (isWatched) return;
  isWatched = true;
  collectDefaultMetrics();
}
