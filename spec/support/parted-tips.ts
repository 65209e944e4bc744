/** State vectors in parts, of what is written down as plain maps. */
import { toHex } from '../../lib/base/byte-texts.ts';
import { hashBytes } from '../../lib/log/hash.ts';
import type { Tip, Tips } from '../../lib/log/heights.ts';
import { OneLog } from '../../lib/log/one-log.ts';
import { PartedTips } from '../../lib/log/parted-tips.ts';

/** A state vector in parts. */
export function partedTips(tips: Iterable<readonly [string, ReadonlyMap<string, Tip>]>): PartedTips {
  const parted = PartedTips.empty();
  for (const [author, logs] of tips) parted.set(author, logs);
  return parted;
}

/** A state vector as a plain map, in the order of its authors. */
export function plainTips(tips: Tips): Map<string, Map<string, Tip>> {
  const entries = Array.from(tips, ([author, logs]) => [author, new Map(logs)] as const);
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** The first of many authors whose keys are spread as real ones are. */
export function manyAuthors(count: number): string[] {
  return Array.from({ length: count }, (_, at) => toHex(hashBytes(Uint8Array.of(at, at >> 8, at >> 16))));
}

/** A state vector of many authors with one log each, of which all are as high. */
export function manyTips(count: number, height = 1): PartedTips {
  const log = 'bb'.repeat(32);
  const tip = { height, id: new Uint8Array(32), side: undefined };
  return partedTips(manyAuthors(count).map((author) => [author, new OneLog(log, tip)]));
}
