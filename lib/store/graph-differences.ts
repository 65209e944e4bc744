/** What differs between the graph that a store has and the one that its logs tell, found a little at a time. */
import { runWithPauses } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { SaysTheSame } from '../ham/merge.ts';
import { compareRank } from '../log/prune.ts';
import { recordsIn, walkNotes, walkProperties, type WalkedNote } from './graph-walk.ts';
import {
  decodeDeferred,
  decodeLong,
  deferredRange,
  isEncodedLong,
  parseDeferredKey,
  type StoredEntry,
} from './keys.ts';
import type { HistoryNote } from './history-record.ts';
import { missingPieces, readPieces, wholeEntry } from './long-value.ts';
import type { Storage } from './storage.ts';
import type { Place, StoredField } from './stored-field.ts';

/** Notes of one node that are compared at once; a node with more of them may get one twice, which does no harm. */
const MOST_NOTES = 10_000;

/** A property that is not what logs say. */
export interface PropertyDifference extends Place {
  /**
   * `lost`: the graph has nothing; `older`: it has what loses against what logs say; `unsigned`: it has what wins against
   * that, or of which no log says anything.
   */
  readonly kind: 'lost' | 'older' | 'unsigned';
  /** What the graph has. */
  readonly has: StoredEntry | undefined;
  /** What logs say. */
  readonly told: StoredEntry | undefined;
}

/** A write that waits for its time by what logs say, and does not in the store. */
export interface WaitingDifference {
  readonly write: FieldWrite;
  /** The author whose share of the far future it takes. */
  readonly owner: string | undefined;
}

/** Goes through two orders at once: what stands in both comes as a pair. */
async function* joined<T>(
  left: AsyncGenerator<T>,
  right: AsyncGenerator<T>,
  compare: (a: T, b: T) => number,
): AsyncGenerator<readonly [T | undefined, T | undefined]> {
  try {
    let [one, other] = [await left.next(), await right.next()];
    while (one.done !== true || other.done !== true) {
      const order = one.done === true ? 1 : other.done === true ? -1 : compare(one.value, other.value);
      yield [order <= 0 ? (one.value as T) : undefined, order >= 0 ? (other.value as T) : undefined];
      if (order <= 0) one = await left.next();
      if (order >= 0) other = await right.next();
    }
  } finally {
    await left.return(undefined);
    await right.return(undefined);
  }
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function byPlace(a: StoredField, b: StoredField): number {
  return compareTexts(a.soul, b.soul) || compareTexts(a.key, b.key);
}

function byKey(a: WalkedNote, b: WalkedNote): number {
  return compareTexts(a.key, b.key);
}

/**
 * Properties that are not what logs say, in order. What the store has in other words than logs is no difference where it
 * would win: then it came first, and stayed (D30). Where it loses, relays that have nothing but logs have the other text.
 *
 * @param saysTheSame asked about other texts at equal states; none mean the same when absent
 */
export async function* differingProperties(
  store: Storage,
  logs: Storage,
  saysTheSame: SaysTheSame = () => false,
): AsyncGenerator<PropertyDifference> {
  for await (const [one, other] of joined(walkProperties(store), walkProperties(logs), byPlace)) {
    const { soul, key } = (one ?? other)!;
    const [has, told] = [one?.entry, other?.entry];
    if (told === undefined) yield { soul, key, kind: 'unsigned', has, told };
    else if (has === undefined) yield { soul, key, kind: 'lost', has, told };
    else {
      const kind = await kindOf({ soul, key }, [store, has], [logs, told], saysTheSame);
      if (kind !== undefined) yield { soul, key, kind, has, told };
    }
  }
}

/** How what the store has differs from what logs say, undefined when it does not. */
async function kindOf(
  place: Place,
  [store, has]: readonly [Storage, StoredEntry],
  [logs, told]: readonly [Storage, StoredEntry],
  saysTheSame: SaysTheSame,
): Promise<PropertyDifference['kind'] | undefined> {
  if (has.state !== told.state) return has.state > told.state ? 'unsigned' : 'older';
  if (has.json !== undefined && has.json === told.json) return undefined;
  const [ours, theirs] = [await wholeWrite(store, place, has), await wholeWrite(logs, place, told)];
  const rank = compareRank(ours, theirs);
  if (rank <= 0) return rank === 0 ? undefined : 'older';
  return saysTheSame(place.soul, place.key, theirs, ours) ? undefined : 'unsigned';
}

/**
 * What a property has, with the whole of its value.
 *
 * @throws GraphError STORAGE_FAILED when pieces of it are missing
 */
export async function wholeWrite(
  storage: Storage,
  { soul, key }: Place,
  found: StoredEntry,
): Promise<FieldWrite> {
  if (found.json !== undefined) return { soul, key, state: found.state, json: found.json };
  const { entry } = await runWithPauses(wholeEntry(storage, { soul, key }, found));
  return { soul, key, state: entry.state, json: entry.json };
}

/** What logs say that operations wrote to nodes, where nothing in the store notes it. */
export async function* missingNotes(store: Storage, logs: Storage): AsyncGenerator<WalkedNote> {
  let node = new NodeNotes('');
  for await (const [has, told] of joined(walkNotes(store), walkNotes(logs), byKey)) {
    const { soul } = (has ?? told)!;
    if (soul !== node.soul || node.isFull) {
      yield* node.missing();
      node = new NodeNotes(soul);
    }
    node.take(has, told);
  }
  yield* node.missing();
}

/** Notes of one node that differ. */
class NodeNotes {
  readonly soul: string;
  readonly #missing: WalkedNote[] = [];
  /** What only the store has: the record of a node may tell more of an operation than that says, with a later state. */
  readonly #others = new Map<string, HistoryNote>();

  constructor(soul: string) {
    this.soul = soul;
  }

  get isFull(): boolean {
    return this.#missing.length + this.#others.size >= MOST_NOTES;
  }

  take(has: WalkedNote | undefined, told: WalkedNote | undefined): void {
    if (told === undefined) this.#others.set(has!.note.shortId, has!.note);
    else if (has === undefined) this.#missing.push(told);
  }

  missing(): WalkedNote[] {
    return this.#missing.filter(({ note }) => !isCovered(note, this.#others.get(note.shortId)));
  }
}

function isCovered({ states }: HistoryNote, other: HistoryNote | undefined): boolean {
  return (
    other !== undefined &&
    states.every(([key, state]) => other.states.some((noted) => noted[0] === key && noted[1] === state))
  );
}

/** What waits for its time by what logs say, and does not in the store. */
export async function* missingWaiting(store: Storage, logs: Storage): AsyncGenerator<WaitingDifference> {
  const [ours, theirs] = [recordsIn(store, deferredRange()), recordsIn(logs, deferredRange())];
  for await (const [has, told] of joined(ours, theirs, ([a], [b]) => compareTexts(a, b))) {
    if (told === undefined) continue;
    const json = await valueOf(logs, told[1]);
    const write = { ...parseDeferredKey(told[0]), json };
    if (has !== undefined && compareRank({ ...write, json: await valueOf(store, has[1]) }, write) >= 0)
      continue;
    yield { write, owner: decodeDeferred(told[1]).owner };
  }
}

async function valueOf(storage: Storage, record: string): Promise<string> {
  const { value } = decodeDeferred(record);
  if (!isEncodedLong(value)) return value;
  const json = await runWithPauses(readPieces(storage, decodeLong(value)));
  if (json === undefined) throw missingPieces();
  return json;
}
