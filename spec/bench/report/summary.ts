/**
 * Medians over the rounds, and ratios formed inside each round.
 */
import type { RelayKind } from '../options.ts';
import type { Memory } from '../process-meter.ts';
import type { Row } from './row.ts';
import { type Latency, median } from './statistics.ts';

/** A row with where it comes from. */
export interface Sample {
  readonly round: number;
  readonly relay: RelayKind;
  readonly row: Row;
}

/** Medians of one relay over its rounds; NaN for what was not measured. */
export interface Figures {
  readonly value: number;
  readonly cpuMicroseconds: number;
  readonly latency: Latency;
  readonly memory: Memory;
  readonly rounds: number;
}

/** One line of the report. */
export interface SummaryRow {
  readonly name: string;
  readonly unit: string;
  readonly thicket: Figures;
  readonly gun: Figures;
  /** Thicket's value over gun's. */
  readonly valueRatio: number;
  /** gun's CPU over Thicket's: how many times less Thicket takes. */
  readonly cpuRatio: number;
}

function figuresOf(samples: readonly Sample[], relay: RelayKind): Figures {
  const rows = samples.filter((sample) => sample.relay === relay).map(({ row }) => row);
  const over = (pick: (row: Row) => number | undefined): number =>
    median(rows.map((row) => pick(row) ?? Number.NaN));
  return {
    value: over((row) => row.value),
    cpuMicroseconds: over((row) => row.cpuMicroseconds),
    latency: { p50: over((row) => row.latency?.p50), p99: over((row) => row.latency?.p99) },
    memory: { nowMib: over((row) => row.memory?.nowMib), peakMib: over((row) => row.memory?.peakMib) },
    rounds: rows.length,
  };
}

/** Median over rounds of one figure of a relay over the same figure of the other relay in the same round. */
function ratioOf(
  samples: readonly Sample[],
  [over, under]: readonly [RelayKind, RelayKind],
  pick: (row: Row) => number | undefined,
): number {
  const find = (relay: RelayKind, round: number): number => {
    const sample = samples.find((candidate) => candidate.relay === relay && candidate.round === round);
    return (sample && pick(sample.row)) ?? Number.NaN;
  };
  const rounds = [...new Set(samples.map(({ round }) => round))];
  return median(rounds.map((round) => find(over, round) / find(under, round)));
}

/** Summarises samples: one line per name, in the order in which the names first appear. */
export function summarise(samples: readonly Sample[]): SummaryRow[] {
  const names = [...new Set(samples.map(({ row }) => row.name))];
  return names.map((name) => {
    const group = samples.filter(({ row }) => row.name === name);
    return {
      name,
      unit: group[0]!.row.unit,
      thicket: figuresOf(group, 'thicket'),
      gun: figuresOf(group, 'gun'),
      valueRatio: ratioOf(group, ['thicket', 'gun'], (row) => row.value),
      cpuRatio: ratioOf(group, ['gun', 'thicket'], (row) => row.cpuMicroseconds),
    };
  });
}
