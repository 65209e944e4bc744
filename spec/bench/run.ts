/**
 * The bench: Thicket and the real gun relay side by side under the same load.
 *
 * Slow figures never fail it; wrong results set exit code 1.
 */
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import { Bench, type BenchCase } from './bench.ts';
import { CASES } from './cases.ts';
import { type BenchOptions, type RelayKind, USAGE, parseOptions } from './options.ts';
import { LOAD_CORE, PINNED, RELAY_CORE } from './pinning.ts';
import { clearProfiles, describeProfiles } from './profile.ts';
import { drawSummary } from './report/picture.ts';
import { printSummary } from './report/print.ts';
import { save } from './report/save.ts';
import { type Sample, type SummaryRow, summarise } from './report/summary.ts';
import { microsecondsPerParse, YARDSTICK_PUT } from './yardstick.ts';

const HOTSPOTS = 10;
const GUN_VERSION = '0.2020.1241';

/** Everything the rounds have brought. */
interface Findings {
  /** How fast the machine was, before and after. */
  readonly yardsticks: string[];
  readonly samples: Sample[];
  readonly failures: string[];
  readonly notes: Set<string>;
}

function yardstick(): string {
  return `JSON.parse of a put of ${YARDSTICK_PUT.length} bytes takes ${microsecondsPerParse().toFixed(2)} us here`;
}

function machine(options: BenchOptions): string {
  const pins = PINNED
    ? `relay on core ${RELAY_CORE}, load on core ${LOAD_CORE}`
    : 'NOT pinned (no taskset or one core only)';
  return (
    `Thicket (durability ${options.durability}, ${options.legacy}) and gun ${GUN_VERSION}, Node ${process.version}, ` +
    `${availableParallelism()} x ${cpus()[0]?.model ?? 'unknown'}, ${pins}, ${options.rounds} round(s)`
  );
}

function roundsOf({ roundsAtMost }: BenchCase, kind: RelayKind, options: BenchOptions): number {
  const most = options.fewerWhereSlow ? roundsAtMost?.[kind] : undefined;
  return Math.min(options.rounds, most ?? options.rounds);
}

async function runOnce(
  benchCase: BenchCase,
  kind: RelayKind,
  round: number,
  options: BenchOptions,
  findings: Findings,
): Promise<void> {
  // Absolute, because relays run in folders of their own.
  const profile = options.profile && resolve(options.profile, `${benchCase.name}-${kind}-${round}`);
  if (profile !== undefined) await clearProfiles(profile);
  const { rows, failures, notes } = await Bench.run(benchCase, kind, options, profile);
  findings.samples.push(...rows.map((row) => ({ round, relay: kind, row })));
  findings.failures.push(
    ...failures.map((failure) => `${benchCase.name}, ${kind}, round ${round}: ${failure}`),
  );
  for (const note of notes) findings.notes.add(`${benchCase.name}, ${kind}: ${note}`);
  const verdict = failures.length === 0 ? '' : `  FAILED: ${failures.join('; ')}`;
  process.stderr.write(`${benchCase.name}, ${kind}, round ${round}${verdict}\n`);
  if (profile !== undefined) console.log(`${await describeProfiles(profile, HOTSPOTS)}\n`);
}

/** Relays take turns inside a round, so that both meet the same weather on the machine. */
async function runCase(benchCase: BenchCase, options: BenchOptions, findings: Findings): Promise<void> {
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const kind of options.relays) {
      const runs = benchCase.relays.includes(kind) && round <= roundsOf(benchCase, kind, options);
      if (runs) await runOnce(benchCase, kind, round, options, findings);
    }
  }
}

async function writeReports(
  options: BenchOptions,
  summary: readonly SummaryRow[],
  findings: Findings,
): Promise<void> {
  if (options.svg !== undefined) await save(options.svg, drawSummary(summary));
  if (options.json === undefined) return;
  const { samples, failures, notes, yardsticks } = findings;
  const report = {
    date: new Date().toISOString(),
    machine: machine(options),
    yardsticks,
    summary,
    samples,
    failures,
    notes: [...notes],
  };
  await save(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
}

function printFindings(summary: readonly SummaryRow[], { failures, notes }: Findings): void {
  console.log(printSummary(summary));
  if (notes.size > 0) console.log(`\nNotes\n${[...notes].map((note) => `- ${note}`).join('\n')}`);
  if (failures.length > 0)
    console.log(`\nFAILED CHECKS\n${failures.map((failure) => `- ${failure}`).join('\n')}`);
}

async function run(options: BenchOptions): Promise<void> {
  const cases = options.cases.length === 0 ? CASES : CASES.filter(({ name }) => options.cases.includes(name));
  const findings: Findings = { yardsticks: [yardstick()], samples: [], failures: [], notes: new Set() };
  console.log(`${machine(options)}\n${findings.yardsticks[0]}\n`);
  const startedAt = performance.now();
  for (const benchCase of cases) await runCase(benchCase, options, findings);
  findings.yardsticks.push(yardstick());
  const summary = summarise(findings.samples);
  printFindings(summary, findings);
  await writeReports(options, summary, findings);
  console.log(`\nAt the end ${findings.yardsticks[1]}`);
  console.log(`${Math.round((performance.now() - startedAt) / 1000)} s in all`);
  if (findings.failures.length > 0) process.exitCode = 1;
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(
    args,
    CASES.map(({ name }) => name),
  );
  if (options.help) console.log(USAGE);
  else if (options.list)
    console.log(CASES.map(({ name, about }) => `${name.padEnd(18)} ${about}`).join('\n'));
  else await run(options);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
