/**
 * One run of one case on one kind of relay: starts processes in a folder of its own, measures work, collects
 * rows, failures and notes, and leaves nothing behind.
 */
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LoadProcess } from './load-process.ts';
import type { RequestResult } from './load/operations.ts';
import type { BenchOptions, Durability, Legacy, RelayKind } from './options.ts';
import type { Core } from './pinning.ts';
import { cpuSecondsOf, memoryOf } from './process-meter.ts';
import { RelayProcess } from './relay-process.ts';
import type { Row } from './report/row.ts';

const MEASURED_SECONDS = 1.5;
const WARM_SECONDS = 2;
const QUICK_SHARE = 0.25;
const QUICK_COUNT_SHARE = 0.1;
const MICROSECONDS = 1_000_000;
/** A relay that used no CPU for so many milliseconds has nothing left to do; it is waited for at most so many. */
const CALM_MS = 250;
const CALM_WAIT_MS = 20_000;
/** How long a relay may take over the last answers, in milliseconds; gun acks 250 ms late and later under load. */
const PATIENCE_MS = 5000;

/** A case of the bench. */
export interface BenchCase {
  /** Name for `--case`. */
  readonly name: string;
  /** What is done, for `--list`. */
  readonly about: string;
  /** Relays it makes sense for. */
  readonly relays: readonly RelayKind[];
  /** Rounds for relays that would take too long for all of them; rounds asked for by a flag go first. */
  readonly roundsAtMost?: Partial<Record<RelayKind, number>>;
  run(bench: Bench): Promise<void>;
}

/** What differs from relay to relay in how one is started. */
export interface StartChanges {
  readonly durability?: Durability;
  readonly peers?: readonly string[];
  /** What becomes of writes without a signature; what the bench was told when absent. */
  readonly legacy?: Legacy;
  /** True to count every signature of a log as right. */
  readonly isTrusting?: boolean;
  /** Core it runs on; that of the relays when absent. */
  readonly core?: Core;
  /** Name of the data folder; the same name again finds the same data. */
  readonly folder?: string;
}

/** CPU and result of some work. */
export interface Measured<Result> {
  readonly result: Result;
  /** CPU seconds of all measured relays together. */
  readonly cpuSeconds: number;
}

/** What a case may use. */
export class Bench {
  readonly kind: RelayKind;
  readonly load: LoadProcess;
  readonly rows: Row[] = [];
  readonly failures: string[] = [];
  readonly notes: string[] = [];
  /** Milliseconds to wait for last answers. */
  readonly patienceMs: number = PATIENCE_MS;
  readonly #options: BenchOptions;
  readonly #folder: string;
  readonly #profile: string | undefined;
  readonly #relays: RelayProcess[] = [];

  private constructor(kind: RelayKind, options: BenchOptions, folder: string, profile: string | undefined) {
    this.kind = kind;
    this.#options = options;
    this.#folder = folder;
    this.#profile = profile;
    this.load = LoadProcess.start();
  }

  /**
   * Runs a case and removes everything it made; an exception of the case becomes a failure.
   *
   * @param profile folder for CPU profiles of the relays
   */
  static async run(
    benchCase: BenchCase,
    kind: RelayKind,
    options: BenchOptions,
    profile?: string,
  ): Promise<Bench> {
    const folder = await mkdtemp(join(tmpdir(), 'thicket-bench-'));
    const bench = new Bench(kind, options, folder, profile);
    try {
      await benchCase.run(bench);
    } catch (error) {
      bench.failures.push(error instanceof Error ? error.message : String(error));
    } finally {
      for (const relay of bench.#relays) bench.check(relay.alive, 'the relay ended during the case');
      await bench.load.stop();
      await Promise.all(bench.#relays.map((relay) => relay.stop()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
    return bench;
  }

  /** Seconds of a measured window. */
  get seconds(): number {
    return this.#options.quick ? MEASURED_SECONDS * QUICK_SHARE : MEASURED_SECONDS;
  }

  /** Seconds of work before a measured window, so that the relay's code is compiled. */
  get warmSeconds(): number {
    return this.#options.quick ? WARM_SECONDS * QUICK_SHARE : WARM_SECONDS;
  }

  /** A count of things: smaller for the slower relay, and a tenth with `--quick`. */
  count(thicket: number, gun: number = thicket): number {
    const full = this.kind === 'gun' ? gun : thicket;
    return this.#options.quick ? Math.ceil(full * QUICK_COUNT_SHARE) : full;
  }

  /** Starts a relay. */
  async startRelay(changes: StartChanges = {}): Promise<RelayProcess> {
    const folder = join(this.#folder, changes.folder ?? 'relay');
    await mkdir(folder, { recursive: true });
    const relay = await RelayProcess.start({
      kind: this.kind,
      durability: this.#options.durability,
      legacy: this.#options.legacy,
      ...changes,
      folder,
      ...(this.#profile !== undefined && { profile: this.#profile }),
    });
    this.#relays.push(relay);
    return relay;
  }

  /** Ends a relay without warning (gently when profiled) and starts one on the same folder. */
  async crashAndRestart(relay: RelayProcess, changes: StartChanges = {}): Promise<RelayProcess> {
    this.#relays.splice(this.#relays.indexOf(relay), 1);
    // A killed process writes no profile.
    await (this.#profile === undefined ? relay.kill() : relay.stop());
    return this.startRelay(changes);
  }

  /** Bytes of all files in a data folder. */
  async diskBytes(folder = 'relay'): Promise<number> {
    const path = join(this.#folder, folder);
    const names = await readdir(path, { recursive: true });
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Measures the CPU that relays spend on some work; the work must begin and end with nothing in flight. */
  async measure<Result>(
    relays: readonly RelayProcess[],
    work: () => Promise<Result>,
  ): Promise<Measured<Result>> {
    const used = (): number => relays.reduce((sum, relay) => sum + cpuSecondsOf(relay.pid), 0);
    const before = used();
    const result = await work();
    return { result, cpuSeconds: used() - before };
  }

  /** Waits until a relay has nothing left to do. */
  async calm(relay: RelayProcess): Promise<void> {
    const until = performance.now() + CALM_WAIT_MS;
    for (let before = Number.NaN; performance.now() < until;) {
      const used = cpuSecondsOf(relay.pid);
      if (used === before) return;
      before = used;
      await new Promise((resolve) => setTimeout(resolve, CALM_MS));
    }
    this.check(false, `the relay was still busy after ${CALM_WAIT_MS} ms`);
  }

  /** Adds a row of the report. */
  report(row: Row): void {
    this.rows.push(row);
  }

  /** Adds a row for units of work done in some seconds, with the CPU and memory of the relay. */
  reportWork(
    row: Pick<Row, 'name' | 'unit' | 'latency'>,
    relay: RelayProcess,
    work: { readonly units: number; readonly seconds: number; readonly cpuSeconds: number },
  ): void {
    const { units, seconds, cpuSeconds } = work;
    const cpuMicroseconds = (cpuSeconds * MICROSECONDS) / units;
    this.report({ ...row, value: units / seconds, cpuMicroseconds, memory: memoryOf(relay.pid) });
  }

  /** A condition that must hold on every relay. */
  check(condition: boolean, failure: string): void {
    if (!condition) this.failures.push(failure);
  }

  /**
   * A condition that must hold on Thicket. The real relay is known to fall short of it (acks and cold gets left
   * unanswered, properties filed under wrong names once its files split), which is noted.
   */
  checkUnlessGun(condition: boolean, shortfall: string): void {
    if (!condition) (this.kind === 'gun' ? this.notes : this.failures).push(shortfall);
  }

  /** Checks that all requests were answered, and none wrongly. */
  checkRequests(what: string, { sent, answered, wrong, firstWrong }: RequestResult): void {
    this.checkUnlessGun(
      wrong === 0,
      `${what}: ${wrong} of ${answered} answers are wrong, first: ${firstWrong.slice(0, 300)}`,
    );
    this.check(answered > 0, `${what}: nothing was answered`);
    this.checkUnlessGun(
      answered === sent,
      `${what}: ${sent - answered} of ${sent} were not answered in time`,
    );
  }

  /** Says something about the run that figures do not. */
  note(text: string): void {
    this.notes.push(text);
  }
}
