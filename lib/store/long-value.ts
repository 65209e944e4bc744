import { GraphError } from '../base/errors.ts';
import { Pace } from '../base/pace.ts';
import { randomText } from '../base/random.ts';
import { waitFor, type WaitingSteps } from '../base/slices.ts';
import { lexBytes } from '../graph/selector.ts';
import type { Entry } from '../graph/write.ts';
import { pieceKey, type LongValue, type StoredEntry } from './keys.ts';
import type { Change, Storage } from './storage.ts';
import { readStored, type Place } from './stored-field.ts';

/**
 * Characters of a JSON text that stands in one record. Some hundred records are read in one go, and making texts of
 * them must not take long either.
 */
const INLINE_LENGTH = 2048;
/** Characters of one piece; making a text of it takes well below a millisecond. */
const PIECE_LENGTH = 32_768;
/** Pieces read in one request. */
const PIECES_READ = 2;
const ID_LENGTH = 16;

const QUOTE = 0x22;
const SMALL_U = 0x75;
/** Characters of the escapes `\n` and `\u000a`. */
const SHORT_ESCAPE = 2;
const LONG_ESCAPE = 6;

/** True for a JSON text that stands in pieces of its own. */
export function isLong(json: string): boolean {
  return json.length > INLINE_LENGTH;
}

/**
 * Appends the pieces of a long JSON text, in steps. Their id is never used again: whoever reads them while the value
 * is replaced finds all of them or misses some, and never takes those of another value for them.
 */
export function* appendPieces(changes: Change[], json: string): Generator<void, LongValue> {
  const id = randomText(ID_LENGTH);
  const escapes = new EscapeCounter(json);
  let pieces = 0;
  for (let start = 0; start < json.length; pieces += 1) {
    const end = cutAt(json, start + PIECE_LENGTH);
    const piece = json.slice(start, end);
    escapes.count(piece, start);
    changes.push([pieceKey(id, pieces), piece]);
    start = end;
    yield;
  }
  return { id, pieces, length: json.length, lexBytes: escapes.lexBytes };
}

/** Appends the removal of a value's pieces, in steps. */
export function* appendRemoval(changes: Change[], { id, pieces }: LongValue): Generator<void, void> {
  const pace = new Pace();
  for (let number = 0; number < pieces; number += 1) {
    changes.push([pieceKey(id, number), undefined]);
    if (pace.after(0)) yield;
  }
}

/** The JSON text of a value in pieces; undefined when one of them is gone. */
export function* readPieces(storage: Storage, long: LongValue): WaitingSteps<string | undefined> {
  const texts: string[] = [];
  const isWhole = yield* eachPiece(storage, long, (piece) => {
    texts.push(piece);
    return true;
  });
  if (!isWhole) return undefined;
  const json = texts.join('');
  yield;
  return json;
}

/** True when a value in pieces is this JSON text; its pieces are not put together for that. */
export function* isInPieces(storage: Storage, long: LongValue, json: string): WaitingSteps<boolean> {
  if (long.length !== json.length) return false;
  let start = 0;
  return yield* eachPiece(storage, long, (piece) => {
    const end = start + piece.length;
    const isSame = json.slice(start, end) === piece;
    start = end;
    return isSame;
  });
}

/** Goes through the pieces of a value as long as `take` says yes; false when it said no, or a piece is gone. */
function* eachPiece(
  storage: Storage,
  { id, pieces }: LongValue,
  take: (piece: string) => boolean,
): WaitingSteps<boolean> {
  for (let first = 0; first < pieces; first += PIECES_READ) {
    const count = Math.min(PIECES_READ, pieces - first);
    const keys = Array.from({ length: count }, (_, number) => pieceKey(id, first + number));
    for (const piece of yield* waitFor(storage.getTexts(keys))) {
      if (piece === undefined || !take(piece)) return false;
    }
    yield;
  }
  return true;
}

/** An entry with its value, and what `%` counts for that. */
export interface WholeEntry {
  readonly entry: Entry;
  readonly lexBytes: number;
}

/**
 * What the store had for a property, with its value; when that was replaced meanwhile, what replaced it.
 *
 * @throws GraphError STORAGE_FAILED when pieces are missing that should be there
 */
export function* wholeEntry(storage: Storage, place: Place, found: StoredEntry): WaitingSteps<WholeEntry> {
  let entry = found;
  while (entry.json === undefined) {
    const { state, long } = entry;
    const json = yield* readPieces(storage, long);
    if (json !== undefined) return { entry: { state, json }, lexBytes: long.lexBytes };
    // Pieces leave in the commit that replaces their value.
    entry = (yield* readStored(storage, place)) ?? entry;
    if (entry.json === undefined && entry.long.id === long.id) throw missingPieces();
  }
  return { entry, lexBytes: lexBytes(entry.json) };
}

/** What to throw when nobody can have replaced a value whose pieces are gone. */
export function missingPieces(): GraphError {
  return new GraphError('STORAGE_FAILED', 'a piece of a value is missing');
}

/** Where to cut at `end` or just before: surrogates that belong together stay together. */
function cutAt(json: string, end: number): number {
  if (end >= json.length) return json.length;
  const last = json.charCodeAt(end - 1);
  return last >= 0xd800 && last < 0xdc00 ? end - 1 : end;
}

/** Counts the characters of a text value in its JSON, piece by piece. */
class EscapeCounter {
  readonly #json: string;
  /** Characters that escapes take beyond the one each stands for. */
  #excess = 0;
  /** Place behind the last escape. */
  #from = 0;

  constructor(json: string) {
    this.#json = json;
  }

  /** What `%` counts for the value, once all pieces were counted. */
  get lexBytes(): number {
    const isText = this.#json.charCodeAt(0) === QUOTE;
    return isText ? this.#json.length - 2 - this.#excess : lexBytes(this.#json);
  }

  /** Counts the escapes that begin in a piece, which begins at `start`. */
  count(piece: string, start: number): void {
    let at = piece.indexOf('\\', Math.max(0, this.#from - start));
    while (at >= 0) {
      const isLongEscape = this.#json.charCodeAt(start + at + 1) === SMALL_U;
      const length = isLongEscape ? LONG_ESCAPE : SHORT_ESCAPE;
      this.#excess += length - 1;
      this.#from = start + at + length;
      at = piece.indexOf('\\', at + length);
    }
  }
}
