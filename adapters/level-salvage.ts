/** Reading around the damage in a database: LevelDB's walks end at the first entry they cannot make sense of. */
import { compareBytes } from '../lib/base/bytes.ts';
import type { RawEntry, RawLevel, RawRange } from './level-raw.ts';

type Bytes = Uint8Array;
type Keep = (entry: RawEntry) => Promise<void>;
/** What has entries to walk over. */
type Walkable = Pick<RawLevel, 'walk'>;

/** A range with both ends. */
interface Span {
  readonly from: Bytes;
  readonly to: Bytes;
}

/** How far a walk came. */
interface Reach {
  readonly isWhole: boolean;
  readonly last: Bytes | undefined;
}

const FIRST = new Uint8Array(0);
/** After every key: no UTF-8 begins so. */
const END = Uint8Array.from([255, 255]);

/**
 * Reads every entry that can be read, from both sides of each damaged place; the order is that of finding them.
 *
 * @param keep told each entry once
 */
export function salvage(raw: Walkable, keep: Keep): Promise<void> {
  return salvageSpan(raw, { from: FIRST, to: END }, keep);
}

async function salvageSpan(raw: Walkable, { from, to }: Span, keep: Keep): Promise<void> {
  const up = await reach(raw, { from, to }, keep);
  if (up.isWhole) return;
  const rest = up.last === undefined ? from : after(up.last);
  const down = await reach(raw, { from: rest, to, reverse: true }, keep);
  if (down.isWhole || (up.last === undefined && down.last === undefined)) return;
  // Between two damaged places there may be more.
  for (const part of parts({ from: rest, to: down.last ?? to })) await salvageSpan(raw, part, keep);
}

/** Walks until the end or the damage; the last step before the damage is taken again, entry by entry. */
async function reach(raw: Walkable, range: RawRange, keep: Keep): Promise<Reach> {
  const { isWhole, last } = await walkOn(raw, range, keep);
  if (isWhole) return { isWhole, last };
  const rest = last === undefined ? range : beyond(range, last);
  const slow = await walkOn(raw, { ...rest, step: 1 }, keep);
  return { isWhole: slow.isWhole, last: slow.last ?? last };
}

async function walkOn(raw: Walkable, range: RawRange, keep: Keep): Promise<Reach> {
  let last: Bytes | undefined;
  const walk = raw.walk(range);
  for (;;) {
    let next: IteratorResult<RawEntry, void>;
    try {
      next = await walk.next();
    } catch {
      return { isWhole: false, last };
    }
    if (next.done === true) return { isWhole: true, last };
    await keep(next.value);
    [last] = next.value;
  }
}

function beyond(range: RawRange, last: Bytes): RawRange {
  return range.reverse === true ? { ...range, to: last } : { ...range, from: after(last) };
}

/** The first key after another one. */
function after(key: Bytes): Bytes {
  const next = new Uint8Array(key.length + 1);
  next.set(key);
  return next;
}

/** A span cut wherever the first byte changes in which its ends differ. */
function parts({ from, to }: Span): Span[] {
  if (compareBytes(from, to) >= 0) return [];
  let common = 0;
  while (common < from.length && from[common] === to[common]) common += 1;
  const prefix = to.slice(0, common + 1);
  const cuts: Bytes[] = [];
  for (let byte = common < from.length ? from[common]! + 1 : 0; byte <= to[common]!; byte += 1) {
    prefix[common] = byte;
    cuts.push(prefix.slice());
  }
  const ends = [from, ...cuts, to];
  return ends.slice(1).map((end, at) => ({ from: ends[at]!, to: end }));
}
