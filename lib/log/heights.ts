import { fromHex, toHex } from '../base/byte-texts.ts';
import { compareBytes, equalBytes } from '../base/bytes.ts';
import { Pace } from '../base/pace.ts';
import { failure, success, type Result } from '../base/result.ts';
import { finish } from '../base/slices.ts';
import { CborScanner } from './cbor-scanner.ts';
import { CborWriter } from './cbor-writer.ts';
import { HASH_BYTES } from './hash.ts';
import { KEY_BYTES } from './strict-ed25519.ts';

const MOST_SEQUENCE = 2 ** 32 - 1;

/** Authors, and logs, of one part of a state vector: few enough to be read without holding others up. */
export const MOST_TIPS = 1000;

/** Something for each log, by author and log id as lower-case hex. */
export type ByLog<T> = ReadonlyMap<string, ReadonlyMap<string, T>>;

/** The last sequence number of each log: the whole state of a replica, whatever the logs hold. */
export type Heights = ByLog<number>;

/** Where a log ends, and where its side branch does if it is forked. */
export interface Tip {
  readonly height: number;
  /** Id of the operation there, 32 bytes. */
  readonly id: Uint8Array;
  /** Id of the last operation on the side branch of a forked log. */
  readonly side?: Uint8Array | undefined;
}

/** A state vector that also shows forks: equal heights with different tips are one. */
export type Tips = ByLog<Tip>;

/** Writes the value that a state vector holds for a log. */
type WriteValue<T> = (writer: CborWriter, value: T) => void;
/** Reads it. */
type ReadValue<T> = (scanner: CborScanner) => T;

function byKeyBytes([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function writeVector<T>(writer: CborWriter, vector: ByLog<T>, writeValue: WriteValue<T>): void {
  writer.map(vector.size);
  for (const [author, logs] of [...vector].toSorted(byKeyBytes)) {
    writer.bytes(fromHex(author)!).map(logs.size);
    for (const [log, value] of [...logs].toSorted(byKeyBytes)) {
      writer.bytes(fromHex(log)!);
      writeValue(writer, value);
    }
  }
}

/** Reads a vector; keys must stand in the order of their bytes, each once. */
function readVector<T>(
  scanner: CborScanner,
  readValue: ReadValue<T>,
  most = Infinity,
): Map<string, Map<string, T>> {
  return readMap(scanner, KEY_BYTES, () => readMap(scanner, HASH_BYTES, () => readValue(scanner)), most);
}

function readMap<T>(
  scanner: CborScanner,
  keyBytes: number,
  readValue: () => T,
  most = Infinity,
): Map<string, T> {
  const size = scanner.map();
  if (size > most) scanner.refuse('too many authors');
  const found = new Map<string, T>();
  let last: Uint8Array | undefined;
  while (found.size < size && scanner.fault === undefined) {
    const key = scanner.bytes(keyBytes);
    if (last !== undefined && compareBytes(last, key) >= 0) scanner.refuse('keys out of order');
    last = key;
    found.set(toHex(key), readValue());
  }
  return found;
}

/** Writes heights as p2panda does: `{author: {log: height}}`. */
export function writeHeights(writer: CborWriter, heights: Heights): void {
  writeVector(writer, heights, (to, height) => to.uint(height));
}

/** Reads what {@link writeHeights} writes. */
export function readHeights(scanner: CborScanner): Heights {
  return readVector(scanner, (from) => from.uint(MOST_SEQUENCE));
}

/** Writes tips: `{author: {log: [height, tip]}}`, with the tip of the side branch behind it if there is one. */
export function writeTips(writer: CborWriter, tips: Tips): void {
  writeVector(writer, tips, (to, { height, id, side }) => {
    to.array(side === undefined ? 2 : 3)
      .uint(height)
      .bytes(id);
    if (side !== undefined) to.bytes(side);
  });
}

/** Reads what {@link writeTips} writes, of at most {@link MOST_TIPS} authors and logs. */
export function readTips(scanner: CborScanner): Tips {
  let logs = 0;
  return readVector(
    scanner,
    (from) => {
      logs += 1;
      if (logs > MOST_TIPS) from.refuse('too many logs');
      const fields = from.array();
      if (fields !== 2 && fields !== 3) from.refuse('not [height, tip, side?]');
      const height = from.uint(MOST_SEQUENCE);
      const id = Uint8Array.from(from.bytes(HASH_BYTES));
      return { height, id, side: fields === 3 ? Uint8Array.from(from.bytes(HASH_BYTES)) : undefined };
    },
    MOST_TIPS,
  );
}

/** A log, by author and log id as hex. */
export interface LogName {
  readonly author: string;
  readonly log: string;
}

/** Operations of one log to be sent. */
export interface LogRange extends LogName {
  /** Last sequence number the other side has, undefined when it has none. */
  readonly after: number | undefined;
  /** Last sequence number to send. */
  readonly until: number;
}

/**
 * What a replica must send to one that has `remote`: for each of its logs the operations beyond the other's height
 * (node-api section 5).
 */
export function missingRanges(local: Heights, remote: Heights): LogRange[] {
  const ranges: LogRange[] = [];
  for (const [author, logs] of local) {
    for (const [log, until] of logs) {
      const after = remote.get(author)?.get(log);
      if (after === undefined || after < until) ranges.push({ author, log, after, until });
    }
  }
  return ranges;
}

/** What a replica must send to one with other tips. */
export interface TipComparison {
  /** Also what may lie on another branch than the other's: as far back as a side branch reaches. */
  readonly ranges: readonly LogRange[];
  /** Logs of which the two hold different branches. */
  readonly forks: readonly LogName[];
  /** Forked logs whose side branch the other has not got as this one has it. */
  readonly sides: readonly LogName[];
}

/**
 * {@link missingRanges} over tips. Where this side is ahead, a fork shows by the other's tip not being its own
 * operation at that height, which `idAt` tells.
 *
 * @param sideLength operations that a side branch may have
 * @param idAt id of this side's operation at a place, undefined when it was pruned or is not there
 */
export function compareTips(
  local: Tips,
  remote: Tips,
  sideLength: number,
  idAt: (author: string, log: string, sequence: number) => Uint8Array | undefined,
): TipComparison {
  return finish(comparing(local, remote, sideLength, idAt));
}

/** {@link compareTips} in steps. */
export function* comparing(
  local: Tips,
  remote: Tips,
  sideLength: number,
  idAt: (author: string, log: string, sequence: number) => Uint8Array | undefined,
): Generator<void, TipComparison> {
  const found: Found = { ranges: [], forks: [], sides: [] };
  const pace = new Pace();
  for (const [author, logs] of local) {
    if (pace.after(0)) yield;
    for (const [log, tip] of logs) {
      const theirs = remote.get(author)?.get(log);
      const idThere = (): Uint8Array | undefined => idAt(author, log, theirs!.height);
      compareLog(found, { author, log }, tip, theirs, sideLength, idThere);
    }
  }
  return found;
}

/** A comparison that is being made. */
type Found = { readonly [Kind in keyof TipComparison]: TipComparison[Kind][number][] };

function compareLog(
  { ranges, forks, sides }: Found,
  name: LogName,
  tip: Tip,
  theirs: Tip | undefined,
  sideLength: number,
  idThere: () => Uint8Array | undefined,
): void {
  const until = tip.height;
  if (theirs !== undefined && isFork(tip, theirs, idThere)) {
    forks.push(name);
    const after = theirs.height - sideLength - 1;
    ranges.push({ ...name, after: after < 0 ? undefined : after, until });
  } else if (theirs === undefined || theirs.height < until) {
    ranges.push({ ...name, after: theirs?.height, until });
  }
  if (tip.side !== undefined && !hasSide(theirs, tip.side)) sides.push(name);
}

/** True when another tip, not beyond this one, is of another branch. */
function isFork(tip: Tip, theirs: Tip, idAt: () => Uint8Array | undefined): boolean {
  if (theirs.height > tip.height) return false;
  const own = theirs.height === tip.height ? tip.id : idAt();
  return own !== undefined && !equalBytes(own, theirs.id);
}

function hasSide(theirs: Tip | undefined, side: Uint8Array): boolean {
  return theirs?.side !== undefined && equalBytes(theirs.side, side);
}

/** Why CBOR bytes are no heights, or the heights. */
export function decodeHeights(bytes: Uint8Array): Result<Heights> {
  const scanner = new CborScanner(bytes);
  const heights = readHeights(scanner);
  scanner.end();
  return scanner.fault === undefined ? success(heights) : failure(scanner.fault);
}

/** Heights as CBOR. */
export function encodeHeights(heights: Heights): Uint8Array {
  const writer = new CborWriter();
  writeHeights(writer, heights);
  return writer.finish();
}
