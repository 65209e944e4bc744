/**
 * The report as text: a line per figure, both relays side by side.
 */
import type { Figures, SummaryRow } from './summary.ts';
import { NOTHING, formatNumber, formatTable } from './table.ts';

const HEADING = [
  'case',
  'unit',
  'Thicket',
  'gun',
  'T/gun',
  'T us CPU',
  'gun us CPU',
  'gun/T CPU',
  'T p50/p99 ms',
  'gun p50/p99 ms',
  'T MiB now/peak',
  'gun MiB now/peak',
];
const LEFT_COLUMNS = 2;

function pair(first: number, second: number): string {
  return Number.isNaN(first) ? NOTHING : `${formatNumber(first)}/${formatNumber(second)}`;
}

function latency({ latency: { p50, p99 } }: Figures): string {
  return pair(p50, p99);
}

function memory({ memory: { nowMib, peakMib } }: Figures): string {
  return Number.isNaN(nowMib) ? NOTHING : `${Math.round(nowMib)}/${Math.round(peakMib)}`;
}

/** The lines of the table. */
export function printSummary(rows: readonly SummaryRow[]): string {
  const lines = rows.map(({ name, unit, thicket, gun, valueRatio, cpuRatio }) => [
    name,
    unit,
    formatNumber(thicket.value),
    formatNumber(gun.value),
    formatNumber(valueRatio),
    formatNumber(thicket.cpuMicroseconds),
    formatNumber(gun.cpuMicroseconds),
    formatNumber(cpuRatio),
    latency(thicket),
    latency(gun),
    memory(thicket),
    memory(gun),
  ]);
  return formatTable(HEADING, lines, LEFT_COLUMNS);
}
