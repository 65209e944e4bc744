/** Walks over what a whole storage has of the graph, in the order of its keys, a little of it in memory at a time. */
import { runWithPauses } from '../base/slices.ts';
import { decodeEntry, isNodeKey, parseFieldKey, parseNodeKey, soulRange, type KeyRange } from './keys.ts';
import { allHistoryRange, historyKey, noteOf, soulOfHistory, type HistoryNote } from './history-record.ts';
import { decodeNode, LARGE, sourceIn } from './node-record.ts';
import { readNote } from './node-source.ts';
import type { Storage, TextEntry } from './storage.ts';
import { fieldsOf, type StoredField } from './stored-field.ts';

/** Records read in one step. */
const STEP_RECORDS = 256;

/** Every record of a range. */
export async function* recordsIn(storage: Storage, range: KeyRange): AsyncGenerator<TextEntry> {
  const cursor = storage.range(range);
  try {
    for (;;) {
      const entries = await cursor.next(STEP_RECORDS);
      if (entries.length === 0) return;
      yield* entries;
    }
  } finally {
    await cursor.close();
  }
}

/**
 * Every property that reads find, by soul and then by key, both in the order of UTF-16 units. Records of properties that
 * no record of a large node goes before are none.
 */
export async function* walkProperties(storage: Storage): AsyncGenerator<StoredField> {
  let large: string | undefined;
  for await (const [storageKey, record] of recordsIn(storage, soulRange({}))) {
    if (isNodeKey(storageKey)) {
      const soul = parseNodeKey(storageKey);
      large = decodeNode(record) === LARGE ? soul : undefined;
      yield* fieldsOf(soul, record, false);
      continue;
    }
    const { soul, key } = parseFieldKey(storageKey);
    if (soul === large) yield { soul, key, entry: decodeEntry(record) };
  }
}

/** What an operation wrote to a node, and the key that its record in the history has, or would have. */
export interface WalkedNote {
  readonly key: string;
  readonly soul: string;
  readonly note: HistoryNote;
}

/** Everything that is noted of what operations wrote to nodes, in histories or in the records of nodes. */
export async function* walkNotes(storage: Storage): AsyncGenerator<WalkedNote> {
  const inRecords = notesInRecords(storage);
  let next = await inRecords.next();
  for await (const [key, record] of recordsIn(storage, allHistoryRange())) {
    for (; next.done !== true && next.value.key <= key; next = await inRecords.next())
      if (next.value.key < key) yield next.value;
    yield { key, soul: soulOfHistory(key), note: noteOf(key, record) };
  }
  for (; next.done !== true; next = await inRecords.next()) yield next.value;
}

async function* notesInRecords(storage: Storage): AsyncGenerator<WalkedNote> {
  for await (const [storageKey, record] of recordsIn(storage, soulRange({}))) {
    if (!isNodeKey(storageKey) || sourceIn(record) === undefined) continue;
    const soul = parseNodeKey(storageKey);
    const note = await runWithPauses(readNote(storage, soul));
    if (note !== undefined) yield { key: historyKey(soul, note.latest, note.shortId), soul, note };
  }
}
