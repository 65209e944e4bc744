/**
 * The report as a picture: CPU per unit of work, both relays as bars on one logarithmic scale, with ratios.
 */
import type { SummaryRow } from './summary.ts';
import { formatNumber } from './table.ts';

const WIDTH = 900;
const LABEL_WIDTH = 330;
const RATIO_WIDTH = 80;
const BAR_HEIGHT = 11;
const LINE_HEIGHT = 34;
const TOP = 58;
const VALUE_GAP = 5;
const VALUE_WIDTH = 50;
const COLORS = { thicket: '#2f7d4f', gun: '#b8b8b8' };

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function isCompared({ thicket, gun }: SummaryRow): boolean {
  return thicket.cpuMicroseconds > 0 && gun.cpuMicroseconds > 0;
}

/** The length of a bar for some microseconds, in pixels. */
function scaleFor(rows: readonly SummaryRow[]): (microseconds: number) => number {
  const values = rows.flatMap(({ thicket, gun }) => [thicket.cpuMicroseconds, gun.cpuMicroseconds]);
  const low = Math.log10(Math.min(...values)) - 0.5;
  const high = Math.log10(Math.max(...values));
  const room = WIDTH - LABEL_WIDTH - RATIO_WIDTH - VALUE_WIDTH;
  return (microseconds) => ((Math.log10(microseconds) - low) / (high - low)) * room;
}

function bar(top: number, width: number, color: string, microseconds: number): string {
  const text = `<text x="${(LABEL_WIDTH + width + VALUE_GAP).toFixed(1)}" y="${top + BAR_HEIGHT - 1}">${formatNumber(microseconds)}</text>`;
  return `<rect x="${LABEL_WIDTH}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" fill="${color}"/>${text}`;
}

function line(row: SummaryRow, index: number, scale: (microseconds: number) => number): string {
  const top = TOP + index * LINE_HEIGHT;
  const middle = top + BAR_HEIGHT + 4;
  const { cpuMicroseconds: ours } = row.thicket;
  const { cpuMicroseconds: theirs } = row.gun;
  return [
    `<text x="${LABEL_WIDTH - 8}" y="${middle}" text-anchor="end">${escapeXml(row.name)}</text>`,
    bar(top, scale(ours), COLORS.thicket, ours),
    bar(top + BAR_HEIGHT + 1, scale(theirs), COLORS.gun, theirs),
    `<text x="${WIDTH - 10}" y="${middle}" text-anchor="end" font-weight="bold">${formatNumber(row.cpuRatio)}x</text>`,
  ].join('\n');
}

/** An SVG of all rows that have CPU figures of both relays. */
export function drawSummary(rows: readonly SummaryRow[]): string {
  const compared = rows.filter(isCompared);
  const height = TOP + compared.length * LINE_HEIGHT + 10;
  const scale = scaleFor(compared);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    '<text x="10" y="20" font-size="14" font-weight="bold">Relay CPU per unit of work, microseconds</text>',
    `<rect x="10" y="30" width="11" height="11" fill="${COLORS.thicket}"/><text x="26" y="40">Thicket</text>`,
    `<rect x="90" y="30" width="11" height="11" fill="${COLORS.gun}"/>`,
    '<text x="106" y="40">gun 0.2020.1241 (logarithmic scale; at the right: gun over Thicket)</text>',
    ...compared.map((row, index) => line(row, index, scale)),
    '</svg>',
    '',
  ].join('\n');
}
