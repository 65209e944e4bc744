/** Characters of names that one unit of a bound pays for. */
const UNIT_LENGTH = 256;

/** What names cost where a bound counts them, at least 1: long names must not make a bounded table big. */
export function weightOf(...names: readonly string[]): number {
  let length = 0;
  for (const name of names) length += name.length;
  return 1 + Math.floor(length / UNIT_LENGTH);
}
