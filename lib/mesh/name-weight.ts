/** Characters of names that one unit of a bound pays for. */
const UNIT_LENGTH = 256;

/**
 * What names cost where a bound counts them, at least 1: long names must not make a bounded table big.
 *
 * @param characters length of all names together
 */
export function weightOf(characters: number): number {
  return 1 + Math.floor(characters / UNIT_LENGTH);
}
