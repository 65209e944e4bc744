/**
 * Plain text tables: aligned columns, and numbers short enough to compare at a glance.
 */

/** What a cell shows where nothing was measured. */
export const NOTHING = '–';

/** A number with three significant digits and thousands separated; {@link NOTHING} for NaN and absent values. */
export function formatNumber(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return NOTHING;
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return Number(value.toPrecision(3)).toString();
}

/** Lines of a table under its heading: the first columns left-aligned, the others right-aligned. */
export function formatTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
  leftColumns = 1,
): string {
  const all = [heading, ...rows];
  const widths = heading.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return column < leftColumns ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(heading), rule, ...rows.map(line)].join('\n');
}
