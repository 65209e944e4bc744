/** Pieces of long values that storage holds, beside those that records refer to. */
import { expect } from 'chai';
import {
  decodeDeferred,
  decodeLong,
  deferredRange,
  isEncodedLong,
  pieceKey,
  pieceRange,
  soulRange,
  type KeyRange,
  type LongValue,
} from '../../lib/store/keys.ts';
import type { Storage, TextEntry } from '../../lib/store/storage.ts';
import { storedFields } from '../../lib/store/stored-field.ts';

async function entriesOf(storage: Storage, range: KeyRange): Promise<TextEntry[]> {
  const cursor = storage.range(range);
  const entries: TextEntry[] = [];
  for (let page = await cursor.next(500); page.length > 0; page = await cursor.next(500))
    entries.push(...page);
  await cursor.close();
  return entries;
}

/** Keys of all pieces, in order. */
export async function pieceKeys(storage: Storage): Promise<string[]> {
  return (await entriesOf(storage, pieceRange())).map(([key]) => key);
}

/** Fails unless the pieces in storage are exactly those that its records refer to. */
export async function expectNoLoosePieces(storage: Storage): Promise<void> {
  const longs: LongValue[] = [];
  for (const { entry } of storedFields(await entriesOf(storage, soulRange({})), false)) {
    if (entry.json === undefined) longs.push(entry.long);
  }
  for (const [, record] of await entriesOf(storage, deferredRange())) {
    const { value } = decodeDeferred(record);
    if (isEncodedLong(value)) longs.push(decodeLong(value));
  }
  const expected = longs.flatMap(({ id, pieces }) =>
    Array.from({ length: pieces }, (_, number) => pieceKey(id, number)),
  );
  expect(await pieceKeys(storage)).to.have.members(expected);
}
