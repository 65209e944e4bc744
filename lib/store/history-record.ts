/**
 * Records of the histories of nodes: what operations whose bodies are held wrote to them; `log-keys.ts` tells how they look.
 */
import { escapeName, hexToState, stateToHex, unescapeName, type KeyRange } from './keys.ts';
import { HISTORY_PREFIX, SHORT_ID_DIGITS } from './log-keys.ts';
import type { Change } from './storage.ts';

const SEPARATOR = '\u0000';
const AFTER_SEPARATOR = '\u0001';
/** First character after a slash. */
const AFTER_SLASH = '0';
const STATE_DIGITS = 16;
/** Stands before a list all of which the graph had before. */
const WERE_HERE = '1';

/** What an operation wrote to a node: the states of the properties, and whether the graph had the same before. */
export type WrittenStates = readonly (readonly [key: string, state: number, wasHere?: 1])[];

/** What is noted of an operation that wrote to a node. */
export interface HistoryNote {
  /** What the id of the operation begins with. */
  readonly shortId: string;
  /** The latest of the states. */
  readonly latest: number;
  readonly states: WrittenStates;
}

/** The note in a record of the history. */
export function noteOf(key: string, record: string): HistoryNote {
  return { shortId: idOfHistory(key), latest: latestOfHistory(key), states: decodeStates(key, record) };
}

/** The record of a note. */
export function historyOf(soul: string, { shortId, latest, states }: HistoryNote): Change {
  return [historyKey(soul, latest, shortId), encodeStates(states, latest)];
}

/** The key of what an operation wrote to a node; `latest` is the latest of the states. */
export function historyKey(soul: string, latest: number, id: string): string {
  return `${HISTORY_PREFIX}${escapeName(soul)}${SEPARATOR}${stateToHex(latest)}${id.slice(0, SHORT_ID_DIGITS)}`;
}

/** Everything that operations wrote to a node, in the order of the latest states. */
export function historyRange(soul: string): KeyRange {
  const name = HISTORY_PREFIX + escapeName(soul);
  return { from: name + SEPARATOR, to: name + AFTER_SEPARATOR };
}

/** Everything that operations wrote to all nodes. */
export function allHistoryRange(): KeyRange {
  return { from: HISTORY_PREFIX, to: HISTORY_PREFIX.slice(0, -1) + AFTER_SLASH };
}

/** The node of a record. */
export function soulOfHistory(key: string): string {
  return unescapeName(key.slice(HISTORY_PREFIX.length, key.indexOf(SEPARATOR)));
}

/** What the id of a record's operation begins with, as its key names it. */
export function idOfHistory(key: string): string {
  return key.slice(-SHORT_ID_DIGITS);
}

/** The latest state of a record, as its key has it. */
export function latestOfHistory(key: string): number {
  return hexToState(key.slice(-SHORT_ID_DIGITS - STATE_DIGITS, -SHORT_ID_DIGITS));
}

/** The record of what an operation wrote to a node. */
export function encodeStates(states: WrittenStates, latest: number): string {
  const wereHere = states.every(([, , wasHere]) => wasHere === 1);
  return (wereHere ? WERE_HERE : '') + JSON.stringify(notedStates(states, latest, wereHere));
}

/**
 * The same of very many states, some of them in each step.
 *
 * @param wereHere true when the graph had all of them before
 */
export function* encodeStatesInSteps(
  parts: Iterable<WrittenStates>,
  latest: number,
  wereHere: boolean,
): Generator<void, string> {
  const texts: string[] = [];
  for (const states of parts) {
    texts.push(JSON.stringify(notedStates(states, latest, wereHere)).slice(1, -1));
    yield;
  }
  return `${wereHere ? WERE_HERE : ''}[${texts.join()}]`;
}

function notedStates(
  states: WrittenStates,
  latest: number,
  wereHere: boolean,
): (string | WrittenStates[number])[] {
  return states.map(([key, state, wasHere]) => {
    if (state === latest && (wereHere || wasHere !== 1)) return key;
    return wereHere || wasHere !== 1 ? [key, state] : [key, state, 1];
  });
}

/** The same for one key. */
export function encodeKey(key: string, wasHere: boolean): string {
  return `${wasHere ? WERE_HERE : ''}[${JSON.stringify(key)}]`;
}

/** The same for keys that all have the latest state, which the graph had before. */
export function encodeKeys(keys: readonly string[]): string {
  return WERE_HERE + JSON.stringify(keys);
}

/** The states of a record. */
export function decodeStates(key: string, record: string): WrittenStates {
  const latest = latestOfHistory(key);
  const wereHere = record.startsWith(WERE_HERE);
  const noted = JSON.parse(wereHere ? record.slice(1) : record) as readonly (
    string | WrittenStates[number]
  )[];
  return noted.map((written) => {
    const [name, state, wasHere] = typeof written === 'string' ? ([written, latest] as const) : written;
    return wereHere || wasHere === 1 ? [name, state, 1] : [name, state];
  });
}
