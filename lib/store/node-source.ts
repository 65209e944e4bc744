/**
 * The history of a node that has nearly none: where one operation says everything that a small node has, and has won with
 * all of it, the node's own record names that instead of a record in the history, which would cost as much as the node.
 * As soon as the node changes, what was named is noted in the history like anything else.
 */
import type { FieldWrite } from '../graph/write.ts';
import { historyOf, SHORT_ID_DIGITS, type HistoryNote } from './log-keys.ts';
import { decodeNode, LARGE, sourceIn } from './node-record.ts';
import type { StoredEntry } from './keys.ts';
import type { Change } from './storage.ts';

/** Stands behind the id of an operation that said what the graph had already. */
const WERE_HERE = '1';

/** The text that names an operation as the source of nodes, by the first half of its id. */
export function sourceText(id: string, wereHere: boolean): string {
  return id.slice(0, SHORT_ID_DIGITS) + (wereHere ? WERE_HERE : '');
}

/** What the id of a source's operation begins with. */
export function idOfSource(source: string): string {
  return source.slice(0, SHORT_ID_DIGITS);
}

/** What the history would have as a note, as a node's record tells; undefined when that has no source. */
export function noteInRecord(record: string | undefined): HistoryNote | undefined {
  const source = sourceIn(record);
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

/** The same for a node that has become too large to have one. */
export function outgrownChange(soul: string, source: string, winners: readonly FieldWrite[]): Change {
  const fields = new Map(winners.map((write): [string, FieldWrite] => [write.key, write]));
  return sourceChange(soul, source, fields);
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
