/**
 * The history of a node that has nearly none: where one operation says everything that a small node has, and has won with
 * all of it, the node's own record names that instead of a record in the history, which would cost as much as the node.
 * As soon as the node changes, what was named is noted in the history like anything else. What waits to be witnessed
 * names its mark, as its operation is not made yet; what was signed at once names a number out of the same row, as that is
 * shorter than an id.
 */
import { waitFor, type WaitingSteps } from '../base/slices.ts';
import { nodeKey, type StoredEntry } from './keys.ts';
import { historyOf, type HistoryNote } from './history-record.ts';
import { SHORT_ID_DIGITS, witnessedKey } from './log-keys.ts';
import { decodeNode, LARGE, sourceIn } from './node-record.ts';
import type { Change, Storage } from './storage.ts';

/** Stands behind the id of an operation that said what the graph had already. */
const WERE_HERE = '1';
/** Stands before the number of a mark: what it stood for is said by the operation that witnessed it. */
const MARKED = 'm';
const HEX = 16;

/** The text that names an operation as the source of nodes, by the first half of its id. */
export function sourceText(id: string, wereHere: boolean): string {
  return id.slice(0, SHORT_ID_DIGITS) + (wereHere ? WERE_HERE : '');
}

/** The text that names what will witness a mark as the source of nodes. */
export function markSource(number: number): string {
  return MARKED + number.toString(HEX);
}

/** The number of the mark that a source names, undefined for those that name operations. */
export function markOfSource(source: string): number | undefined {
  return source.startsWith(MARKED) ? Number.parseInt(source.slice(MARKED.length), HEX) : undefined;
}

/** What the id of a source's operation begins with. */
export function idOfSource(source: string): string {
  return source.slice(0, SHORT_ID_DIGITS);
}

/** The source that the operation is which witnessed a mark; undefined while, and when, none has. */
export function* sourceOfMark(storage: Storage, number: number): WaitingSteps<string | undefined> {
  const shortId = yield* waitFor(storage.getText(witnessedKey(number)));
  return shortId === undefined || shortId === '' ? undefined : sourceText(shortId, true);
}

/** What the history would have as a note of a node's source; undefined when it has none, or none that is signed yet. */
export function* readNote(storage: Storage, soul: string): WaitingSteps<HistoryNote | undefined> {
  const record = yield* waitFor(storage.getText(nodeKey(soul)));
  const source = sourceIn(record);
  const mark = source === undefined ? undefined : markOfSource(source);
  return noteInRecord(record, mark === undefined ? source : yield* sourceOfMark(storage, mark));
}

function noteInRecord(record: string | undefined, source: string | undefined): HistoryNote | undefined {
  const fields = source === undefined ? LARGE : decodeNode(record);
  return source === undefined || fields === LARGE ? undefined : noteOfSource(source, fields);
}

function noteOfSource(source: string, fields: ReadonlyMap<string, StoredEntry>): HistoryNote {
  const wereHere = source.endsWith(WERE_HERE, SHORT_ID_DIGITS + 1) && source.length > SHORT_ID_DIGITS;
  let latest = -Infinity;
  for (const { state } of fields.values()) latest = Math.max(latest, state);
  const states = Array.from(fields, ([key, { state }]) =>
    wereHere ? ([key, state, 1] as const) : ([key, state] as const),
  );
  return { shortId: idOfSource(source), latest, states };
}

/** The record in the history that takes the place of a source. */
export function sourceChange(soul: string, source: string, fields: ReadonlyMap<string, StoredEntry>): Change {
  return historyOf(soul, noteOfSource(source, fields));
}

/** Puts the note of a node's source among those of its history, which come some at a time with the latest states first. */
export class NotesBySource {
  #source: HistoryNote | undefined;

  constructor(source: HistoryNote | undefined) {
    this.#source = source;
  }

  /** The same notes with that of the source, if this is its place; none stand for the end of the history. */
  among(notes: readonly HistoryNote[]): readonly HistoryNote[] {
    const source = this.#source;
    if (source === undefined) return notes;
    const at = notes.findIndex(({ latest }) => latest < source.latest);
    if (at === -1 && notes.length > 0) return notes;
    this.#source = undefined;
    return at === -1 ? [source] : notes.toSpliced(at, 0, source);
  }
}
