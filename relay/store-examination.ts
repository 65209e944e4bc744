/** Looking through a whole store: does each record fit its checksum, does each node index name its properties. */
import type { RawLevel } from '../adapters/level-raw.ts';
import { unsealBytes } from '../adapters/seal.ts';
import { COMMITS_KEY, OWN } from '../adapters/sealed-storage.ts';
import { compareBytes, fromUtf8, utf8 } from '../lib/base/bytes.ts';
import {
  deferredRange,
  indexRange,
  parseFieldKey,
  parseIndexKey,
  pieceRange,
  soulRange,
} from '../lib/store/keys.ts';
import { decodeIndex, growIndex, MANY, type NodeIndex } from '../lib/store/node-index.ts';

/** What records are for. */
export type RecordKind =
  'properties' | 'pieces of values' | 'node indexes' | 'future writes' | 'notes of the store' | 'others';

/** Records of one kind. */
export interface Tally {
  records: number;
  damaged: number;
}

/** What the records of a store say, one by one. */
export interface RecordFindings {
  readonly tallies: ReadonlyMap<RecordKind, Tally>;
  /** True when there are records, and not one of them is sealed. */
  readonly isForeign: boolean;
  /** What the store says of its commits; undefined when that is gone or damaged. */
  readonly commits: number | undefined;
}

/** A node index that is not what it should be. */
export interface IndexFault {
  readonly soul: string;
  /** What it should list; undefined for a node without properties, which has none. */
  readonly wanted: NodeIndex | undefined;
}

/** More keys than any index lists. */
const MANY_KEYS = 100;

const KINDS: readonly (readonly [kind: RecordKind, prefix: string])[] = [
  ['properties', soulRange({}).from],
  ['pieces of values', pieceRange().from],
  ['node indexes', indexRange().from],
  ['future writes', deferredRange().from],
  ['notes of the store', OWN],
];

function kindOf(key: string): RecordKind {
  return KINDS.find(([, prefix]) => key.startsWith(prefix))?.[0] ?? 'others';
}

/** The value behind a seal that fits; a key that is no text fits none. */
export function unsealed(key: Uint8Array, value: Uint8Array): Uint8Array | undefined {
  const text = fromUtf8(key);
  return compareBytes(utf8(text), key) === 0 ? unsealBytes(text, value) : undefined;
}

/**
 * Checks every record.
 *
 * @param onDamaged told the key of each record that does not fit its checksum
 * @throws Error that LevelDB gave when it cannot read all of them
 */
export async function examineRecords(
  raw: RawLevel,
  onDamaged: (key: Uint8Array) => Promise<void> | void = () => undefined,
): Promise<RecordFindings> {
  const tallies = new Map<RecordKind, Tally>(
    [...KINDS.map(([kind]) => kind), 'others' as const].map((kind) => [kind, { records: 0, damaged: 0 }]),
  );
  const notes = new Map<string, string>();
  let sound = 0;
  let all = 0;
  for await (const [key, value] of raw.walk()) {
    const text = fromUtf8(key);
    const tally = tallies.get(kindOf(text))!;
    const content = unsealed(key, value);
    tally.records += 1;
    all += 1;
    if (content === undefined) {
      tally.damaged += 1;
      await onDamaged(key);
      continue;
    }
    sound += 1;
    if (text.startsWith(OWN)) notes.set(text, fromUtf8(content));
  }
  const commits = notes.get(COMMITS_KEY);
  return {
    tallies,
    isForeign: all > 0 && sound === 0,
    commits: commits === undefined ? undefined : Number(commits),
  };
}

/** A node as one of two walks over all nodes shows it. */
interface Shown<T> {
  readonly soul: string;
  readonly what: T;
}

/** The keys of each node, from its properties; a hundred of them at most. */
async function* nodesOf(raw: RawLevel): AsyncGenerator<Shown<readonly string[]>> {
  const { from, to } = soulRange({});
  let node: { readonly soul: string; readonly what: string[] } | undefined;
  for await (const [key, value] of raw.walk({ from: utf8(from), to: utf8(to) })) {
    if (unsealed(key, value) === undefined) continue;
    const field = parseFieldKey(fromUtf8(key));
    if (node?.soul !== field.soul) {
      if (node !== undefined) yield node;
      node = { soul: field.soul, what: [] };
    }
    if (node.what.length < MANY_KEYS) node.what.push(field.key);
  }
  if (node !== undefined) yield node;
}

async function* indexesOf(raw: RawLevel): AsyncGenerator<Shown<NodeIndex>> {
  const { from, to } = indexRange();
  for await (const [key, value] of raw.walk({ from: utf8(from), to: utf8(to) })) {
    const record = unsealed(key, value);
    if (record === undefined) continue;
    yield { soul: parseIndexKey(fromUtf8(key)), what: decodeIndex(fromUtf8(record)) };
  }
}

function isRight(index: NodeIndex | undefined, keys: readonly string[]): boolean {
  if (index === undefined || index === MANY) return index === MANY;
  const listed = new Set(index);
  return index.length === keys.length && keys.every((key) => listed.has(key));
}

/**
 * Compares all node indexes with the properties there are, going over both in the order they share. Damaged
 * records count as missing.
 *
 * @throws Error that LevelDB gave when it cannot read all of them
 */
export async function* indexFaults(raw: RawLevel): AsyncGenerator<IndexFault> {
  const indexes = indexesOf(raw);
  let index = await indexes.next();
  for await (const { soul, what: keys } of nodesOf(raw)) {
    // UTF-16 units order names as the store does, see keys.ts.
    while (index.done !== true && index.value.soul < soul) {
      yield { soul: index.value.soul, wanted: undefined };
      index = await indexes.next();
    }
    const found = index.done !== true && index.value.soul === soul ? index.value.what : undefined;
    if (!isRight(found, keys)) yield { soul, wanted: growIndex([], keys) };
    if (found !== undefined) index = await indexes.next();
  }
  for (; index.done !== true; index = await indexes.next()) {
    yield { soul: index.value.soul, wanted: undefined };
  }
}
