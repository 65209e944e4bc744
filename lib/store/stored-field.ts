/** What the store has for properties, wherever it stands: in the record of a small node, or in one of its own. */
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { waitFor, type WaitingSteps } from '../base/slices.ts';
import {
  decodeEntry,
  fieldKey,
  isNodeKey,
  nodeKey,
  parseFieldKey,
  parseNodeKey,
  type StoredEntry,
} from './keys.ts';
import { decodeNode, LARGE } from './node-record.ts';
import type { Storage, TextEntry } from './storage.ts';

/** Which property. */
export interface Place {
  readonly soul: string;
  readonly key: string;
}

/** A property with what the store has for it. */
export interface StoredField extends Place {
  readonly entry: StoredEntry;
}

/** Reads what the store has now for a property of a large node. */
export function readLarge(storage: Storage, { soul, key }: Place): MaybePromise<StoredEntry | undefined> {
  return chain(storage.getText(fieldKey(soul, key)), (record) =>
    record === undefined ? undefined : decodeEntry(record),
  );
}

/** Reads what the store has now for a property. */
export function* readStored(storage: Storage, place: Place): WaitingSteps<StoredEntry | undefined> {
  const node = decodeNode(yield* waitFor(storage.getText(nodeKey(place.soul))));
  return node === LARGE ? yield* waitFor(readLarge(storage, place)) : node.get(place.key);
}

/**
 * The properties in the records of a walk, in its order: that of UTF-16 units, or backwards.
 *
 * @param reverse true when the walk goes backwards
 */
export function* storedFields(records: readonly TextEntry[], reverse: boolean): Generator<StoredField, void> {
  for (const [storageKey, record] of records) {
    if (isNodeKey(storageKey)) yield* fieldsOf(parseNodeKey(storageKey), record, reverse);
    else yield { ...parseFieldKey(storageKey), entry: decodeEntry(record) };
  }
}

/** The properties in the record of a node; those of a large one have their own. */
export function* fieldsOf(soul: string, record: string, reverse: boolean): Generator<StoredField, void> {
  const node = decodeNode(record);
  if (node === LARGE) return;
  const keys = [...node.keys()].toSorted(compareUnits);
  if (reverse) keys.reverse();
  for (const key of keys) yield { soul, key, entry: node.get(key)! };
}

function compareUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
