import type { KeyRange } from './keys.ts';
import type { Change } from './storage.ts';

/**
 * The part of the key layout that logs have (log-mapping section 10); nothing else knows it. Authors, logs, ids and
 * topics are 64 hex digits, sequence numbers 8. A place is the first half of the author, the first quarter of the log and
 * the sequence number, as there is one for each operation; heads have the whole names.
 *
 * | key | value |
 * |---|---|
 * | `L/<place>` | the operation on the canonical branch, see `operation-record.ts` |
 * | `K/<place>` | the same of the operation on the side branch |
 * | `O/<first half of the id>` | the place where an operation stands, on whichever branch |
 * | `B/<author><log><sequence><id>` | bytes of a body that is too large to stand there |
 * | `H/<author><log>` | where the log begins and ends, see `log-head.ts` |
 * | `U/<author><log><sequence>` | id of an operation that came without its body |
 * | `Z/<author><log><sequence>` | of a prune point whose log is being removed: the first place that is left |
 * | `F/<author><log><sequence>` | both headers of a fork, as base64url |
 * | `X/<author><log>` | how far the log is hidden, see `fork-marks.ts` |
 * | `Y/<author><log>` | where the log ended earlier, see `held-notes.ts` |
 * | `Y/time` | the time that was counted for these |
 * | `I/<soul>U+0000<state><id>` | what an operation whose body is held wrote to a node, under the latest of the states and
 * the first half of its id: a JSON list of the keys with this state and of `[key, state]`; with a 1 behind the state where
 * the graph had the same before it came, or before the whole list; nothing where the node's own record tells that, see
 * `node-source.ts` |
 * | `W/<number>` | souls that have something to be witnessed, as JSON |
 * | `R/rebuild` | that the graph is being put right by what logs say, and that is not done; see `rebuild.ts` |
 * | `A/<number>` | the first half of the id of the operation that witnessed what a mark of this number stood for, or that was
 * signed under this number at once; nothing where the histories of all its nodes tell that |
 *
 * All of these stand before everything of the graph: what LevelDB writes out together ends with the last soul, so that
 * looking for a soul that comes behind it, as those do that clients name by the time, finds no such file in its way. Files that
 * are looked through in vain are merged with all others.
 */
const OPERATION = 'O/';
const BODY = 'B/';
const CANONICAL = 'L/';
const SIDE = 'K/';
const HEAD = 'H/';
const LACK = 'U/';
const GIVEN_UP = 'Z/';
const FORK = 'F/';
const HIDING = 'X/';
const HELD = 'Y/';
const HELD_ENTRIES = `${HELD}entries/`;
const MARK = 'W/';
const WITNESSED = 'A/';
const HISTORY = 'I/';
const REBUILD = 'R/';
/** First character after the one that ends each of these. */
const AFTER_SLASH = '0';
/** First character after the hex digits. */
const AFTER_HEX = 'g';
/** Stands between a name and what follows it; makes the key behind a key as well. */
const SEPARATOR = '\u0000';

const ID_DIGITS = 64;
/** Nobody can make two operations that begin with the same so many digits: it would take 2^64 attempts. */
export const SHORT_ID_DIGITS = 32;
/** The same of two keys. */
const SHORT_AUTHOR_DIGITS = 32;
/** No stranger chooses these: logs are of topics that this node serves. */
const SHORT_LOG_DIGITS = 16;
const SEQUENCE_DIGITS = 8;
const LAST_SEQUENCE = 2 ** 32 - 1;
const MARK_DIGITS = 14;

/** What the keys of everything that logs have begin with. */
export const LOG_PREFIXES: readonly string[] = [
  OPERATION,
  BODY,
  CANONICAL,
  SIDE,
  HEAD,
  LACK,
  GIVEN_UP,
  FORK,
  HIDING,
  HELD,
  MARK,
  WITNESSED,
  HISTORY,
  REBUILD,
];

/** What the keys of the histories of nodes begin with. */
export const HISTORY_PREFIX: string = HISTORY;

/** The key of the note that a rebuild of the graph began and has not ended. */
export const REBUILD_KEY: string = `${REBUILD}rebuild`;

/** The key that tells where an operation stands, by its id or the first half of that. */
export function operationKey(id: string): string {
  return OPERATION + id.slice(0, SHORT_ID_DIGITS);
}

/**
 * The key of an operation's body, if that is kept apart: under its place, so that bodies come in the order in which they
 * are stored; which branch that is on may change.
 */
export function bodyKey({ author, log, sequence, id }: OperationPlace): string {
  return BODY + author + log + hexOf(sequence, SEQUENCE_DIGITS) + id;
}

function hexOf(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}

/** Where an operation stands, on whichever branch, and its id. */
export interface OperationPlace {
  readonly author: string;
  readonly log: string;
  readonly sequence: number;
  readonly id: string;
}

/** Which branch of a log. */
export type Branch = 'canonical' | 'side';

/** The branches of a log. */
export const BRANCHES: readonly Branch[] = ['canonical', 'side'];

function prefixOf(branch: Branch): string {
  return branch === 'side' ? SIDE : CANONICAL;
}

/** What the places of a log begin with. */
export function placePrefix(author: string, log: string): string {
  return author.slice(0, SHORT_AUTHOR_DIGITS) + log.slice(0, SHORT_LOG_DIGITS);
}

/** A place in a log, by what those of the log begin with. */
export function placeOf(prefix: string, sequence: number): string {
  return prefix + hexOf(sequence, SEQUENCE_DIGITS);
}

/** The key of a place on a branch. */
export function keyOfPlace(branch: Branch, place: string): string {
  return prefixOf(branch) + place;
}

/** The key of a place in a log. */
export function placeKey(branch: Branch, author: string, log: string, sequence: number): string {
  return keyOfPlace(branch, placeOf(placePrefix(author, log), sequence));
}

/** The places of a log after one sequence number and up to another. */
export function placeRange(
  branch: Branch,
  author: string,
  log: string,
  after: number | undefined,
  until: number,
): KeyRange {
  const prefix = prefixOf(branch) + placePrefix(author, log);
  const behind = prefix + AFTER_HEX;
  // A number behind the last one would have a digit more, and stand among those before it.
  if (after !== undefined && after >= LAST_SEQUENCE) return { from: behind, to: behind + SEPARATOR };
  const to = until >= LAST_SEQUENCE ? behind : prefix + hexOf(until + 1, SEQUENCE_DIGITS);
  return { from: prefix + hexOf((after ?? -1) + 1, SEQUENCE_DIGITS), to };
}

/** All places on one kind of branch, log by log. */
export function branchRange(branch: Branch): KeyRange {
  const prefix = prefixOf(branch);
  return { from: prefix, to: prefix.slice(0, -1) + AFTER_SLASH };
}

/** The place of a key on a branch, and what the places of its log begin with. */
export function parsePlaceKey(key: string): { readonly place: string; readonly prefix: string } {
  const place = key.slice(CANONICAL.length);
  return { place, prefix: place.slice(0, -SEQUENCE_DIGITS) };
}

/** The sequence number of a place, or of a key that ends with one. */
export function sequenceOfPlace(key: string): number {
  return Number.parseInt(key.slice(-SEQUENCE_DIGITS), 16);
}

/** The log of a key that names it behind its kind, as those of lacking bodies and of prune points do. */
export function logInKey(key: string): { readonly author: string; readonly log: string } {
  const at = LACK.length + ID_DIGITS;
  return { author: key.slice(LACK.length, at), log: key.slice(at, at + ID_DIGITS) };
}

/** The key of a log's head. */
export function headKey(author: string, log: string): string {
  return HEAD + author + log;
}

/** Every log's head: of one author alone if that is wanted, and those behind one log. */
export function headRange(
  author?: string,
  after?: { readonly author: string; readonly log: string },
): KeyRange {
  const to = author === undefined ? HEAD.slice(0, -1) + AFTER_SLASH : HEAD + author + AFTER_HEX;
  if (after === undefined) return { from: HEAD + (author ?? ''), to };
  return { from: headKey(after.author, after.log) + SEPARATOR, to };
}

/** The log of a head's key. */
export function parseHeadKey(key: string): { readonly author: string; readonly log: string } {
  const at = HEAD.length + ID_DIGITS;
  return { author: key.slice(HEAD.length, at), log: key.slice(at) };
}

/** The key of the note that an operation came without its body. */
export function lackKey(author: string, log: string, sequence: number): string {
  return LACK + author + log + hexOf(sequence, SEQUENCE_DIGITS);
}

/** All such notes, or those behind one of them; {@link logOfPlace} and {@link sequenceOfPlace} tell what they are of. */
export function lackRange(after?: string): KeyRange {
  return { from: after === undefined ? LACK : after + SEPARATOR, to: LACK.slice(0, -1) + AFTER_SLASH };
}

/** The key of the note that what lies below a prune point is being removed. */
export function givenUpKey(author: string, log: string, point: number): string {
  return GIVEN_UP + author + log + hexOf(point, SEQUENCE_DIGITS);
}

/** All such notes; {@link logOfPlace} and {@link sequenceOfPlace} tell what they are of. */
export function givenUpRange(): KeyRange {
  return { from: GIVEN_UP, to: GIVEN_UP.slice(0, -1) + AFTER_SLASH };
}

/** The key of evidence. */
export function forkKey(author: string, log: string, sequence: number): string {
  return FORK + author + log + hexOf(sequence, SEQUENCE_DIGITS);
}

/** Evidence of all forks, or of those of one log. */
export function forkRange(name?: { readonly author: string; readonly log: string }): KeyRange {
  if (name === undefined) return { from: FORK, to: FORK.slice(0, -1) + AFTER_SLASH };
  const prefix = FORK + name.author + name.log;
  return { from: prefix, to: prefix + AFTER_HEX };
}

/** The log of evidence, by its key. */
export function parseForkKey(key: string): { readonly author: string; readonly log: string } {
  const at = FORK.length + ID_DIGITS;
  return { author: key.slice(FORK.length, at), log: key.slice(at, at + ID_DIGITS) };
}

/** The key of how far a log is hidden. */
export function hidingKey(author: string, log: string): string {
  return HIDING + author + log;
}

/** The same of all logs. */
export function hidingRange(): KeyRange {
  return { from: HIDING, to: HIDING.slice(0, -1) + AFTER_SLASH };
}

/** The log of such a key. */
export function parseHidingKey(key: string): { readonly author: string; readonly log: string } {
  const at = HIDING.length + ID_DIGITS;
  return { author: key.slice(HIDING.length, at), log: key.slice(at) };
}

/** The key of where a log ended earlier. */
export function heldKey(author: string, log: string): string {
  return HELD + author + log;
}

/** The key of some entries of a log and when they were seen first, by the digits that their names begin with. */
export function heldEntriesKey(author: string, log: string, digits: string): string {
  return HELD_ENTRIES + author + log + digits;
}

/** All such records. */
export function heldEntriesRange(): KeyRange {
  return { from: HELD_ENTRIES, to: HELD_ENTRIES.slice(0, -1) + AFTER_SLASH };
}

/** The key of the time that was counted meanwhile. */
export const HELD_TIME_KEY: string = `${HELD}time`;

/** The key of a mark. */
export function markKey(number: number): string {
  return MARK + hexOf(number, MARK_DIGITS);
}

/** All marks, in the order they were made. */
export function markRange(): KeyRange {
  return { from: MARK, to: MARK.slice(0, -1) + AFTER_SLASH };
}

/** The number of a mark's key. */
export function parseMarkKey(key: string): number {
  return Number.parseInt(key.slice(MARK.length), 16);
}

/** The records of all marks that were witnessed and not given up, in the order of the marks. */
export function witnessedRange(): KeyRange {
  return { from: WITNESSED, to: WITNESSED.slice(0, -1) + AFTER_SLASH };
}

/** The key that tells which operation witnessed what a mark stood for. */
export function witnessedKey(number: number): string {
  return WITNESSED + hexOf(number, MARK_DIGITS);
}

/** The record of that. */
export function witnessedChange(number: number, id: string): Change {
  return [witnessedKey(number), id.slice(0, SHORT_ID_DIGITS)];
}
