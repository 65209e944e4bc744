/** Looking through a whole store: does each record fit its checksum, does each node's record fit its properties. */
import type { RawLevel } from '../adapters/level-raw.ts';
import { unsealBytes } from '../adapters/seal.ts';
import { COMMITS_KEY, isOfOtherFormat, OWN } from '../adapters/sealed-storage.ts';
import { compareBytes, fromUtf8, utf8 } from '../lib/base/bytes.ts';
import { resolveDue } from '../lib/ham/resolve.ts';
import {
  decodeEntry,
  deferredRange,
  encodeStored,
  fieldKey,
  isNodeKey,
  nodeKey,
  parseFieldKey,
  parseNodeKey,
  pieceRange,
  soulRange,
  type StoredEntry,
} from '../lib/store/keys.ts';
import { decodeNode, LARGE, LARGE_RECORD, sourceIn } from '../lib/store/node-record.ts';
import { markOfSource, sourceChange, sourceText } from '../lib/store/node-source.ts';
import { LOG_PREFIXES, witnessedKey } from '../lib/store/log-keys.ts';
import type { Change } from '../lib/store/storage.ts';

/** What records are for. */
export type RecordKind =
  'nodes' | 'properties' | 'pieces of values' | 'future writes' | 'logs' | 'notes of the store' | 'others';

/** Records of one kind. */
export interface Tally {
  records: number;
  damaged: number;
}

/** What the records of a store say, one by one. */
export interface RecordFindings {
  readonly tallies: ReadonlyMap<RecordKind, Tally>;
  /** True when there are records, and not one of them is sealed, or one tells that they are of another format. */
  readonly isForeign: boolean;
  /** What the store says of its commits; undefined when that is gone or damaged. */
  readonly commits: number | undefined;
}

/** A node whose record does not fit the properties it has records for. */
export interface NodeFault {
  readonly soul: string;
  /** What puts it right. */
  readonly changes: readonly Change[];
}

const KINDS: readonly (readonly [kind: RecordKind, prefix: string])[] = [
  ['pieces of values', pieceRange().from],
  ['future writes', deferredRange().from],
  ...LOG_PREFIXES.map((prefix) => ['logs', prefix] as const),
  ['notes of the store', OWN],
];

function kindOf(key: string): RecordKind {
  if (key.startsWith(soulRange({}).from)) return isNodeKey(key) ? 'nodes' : 'properties';
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
    ['nodes' as const, 'properties' as const, ...KINDS.map(([kind]) => kind), 'others' as const].map(
      (kind) => [kind, { records: 0, damaged: 0 }],
    ),
  );
  const notes = new Map<string, string>();
  let sound = 0;
  let all = 0;
  let isOther = false;
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
    if (isOfOtherFormat(text, content)) isOther = true;
    if (text.startsWith(OWN)) notes.set(text, fromUtf8(content));
  }
  const commits = notes.get(COMMITS_KEY);
  return {
    tallies,
    isForeign: isOther || (all > 0 && sound === 0),
    commits: commits === undefined ? undefined : Number(commits),
  };
}

/** A node as a walk shows it: its record, then its properties. */
class WalkedNode {
  readonly soul: string;
  /** What a small node has; what its properties have too leaves. */
  readonly #fields = new Map<string, StoredEntry>();
  /** What the record notes of the operation that said all of it, and what that said. */
  #source: string | undefined;
  #said: ReadonlyMap<string, StoredEntry> = new Map();
  #isMarked = false;
  #isSmall = false;
  #hasProperties = false;

  constructor(soul: string) {
    this.soul = soul;
  }

  take(storageKey: string, record: string): void {
    if (!isNodeKey(storageKey)) return this.#takeProperty(parseFieldKey(storageKey).key, decodeEntry(record));
    const node = decodeNode(record);
    this.#source = sourceIn(record);
    this.#isMarked = node === LARGE;
    this.#isSmall = node !== LARGE;
    if (node === LARGE) return;
    this.#said = node;
    for (const [key, entry] of node) this.#fields.set(key, entry);
  }

  #takeProperty(key: string, entry: StoredEntry): void {
    this.#hasProperties = true;
    const other = this.#fields.get(key);
    if (other !== undefined && !isGreater(other, entry)) this.#fields.delete(key);
  }

  /** What the record of a node that goes into parts names as its source; undefined when it names none. */
  get source(): string | undefined {
    return this.#hasProperties && !this.#isMarked ? this.#source : undefined;
  }

  /**
   * Undefined when there is nothing to put right.
   *
   * @param source the operation that the record's source is, as a node in parts has that in its history
   */
  fault(source: string | undefined): NodeFault | undefined {
    const { soul } = this;
    if (!this.#hasProperties)
      return this.#isMarked ? { soul, changes: [[nodeKey(soul), undefined]] } : undefined;
    if (this.#isMarked) return undefined;
    const mark: Change = [nodeKey(soul), LARGE_RECORD];
    const moved = [...this.#fields].map(([key, entry]): Change => [fieldKey(soul, key), encodeStored(entry)]);
    if (source !== undefined) moved.push(sourceChange(soul, source, this.#said));
    return { soul, changes: this.#isSmall ? [mark, ...moved] : [mark] };
  }
}

/** True when one entry of a property wins against another; of two of one state where one is in pieces, none does. */
function isGreater(a: StoredEntry, b: StoredEntry): boolean {
  if (a.json === undefined || b.json === undefined) return a.state > b.state;
  return resolveDue(a, b) === 'accept';
}

/**
 * Finds nodes whose record is not what it should be. Damaged records count as missing.
 *
 * @throws Error that LevelDB gave when it cannot read all of them
 */
export async function* nodeFaults(raw: RawLevel): AsyncGenerator<NodeFault> {
  const { from, to } = soulRange({});
  let node: WalkedNode | undefined;
  for await (const [key, value] of raw.walk({ from: utf8(from), to: utf8(to) })) {
    const record = unsealed(key, value);
    if (record === undefined) continue;
    const storageKey = fromUtf8(key);
    const soul = isNodeKey(storageKey) ? parseNodeKey(storageKey) : parseFieldKey(storageKey).soul;
    if (node?.soul !== soul) {
      const fault = await faultOf(raw, node);
      if (fault !== undefined) yield fault;
      node = new WalkedNode(soul);
    }
    node.take(storageKey, fromUtf8(record));
  }
  const fault = await faultOf(raw, node);
  if (fault !== undefined) yield fault;
}

async function faultOf(raw: RawLevel, node: WalkedNode | undefined): Promise<NodeFault | undefined> {
  const source = node?.source;
  const number = source === undefined ? undefined : markOfSource(source);
  return node?.fault(number === undefined ? source : await sourceOfNumber(raw, number));
}

/** The operation of a number; undefined while, and when, none is told: what waits is noted once it is witnessed. */
async function sourceOfNumber(raw: RawLevel, number: number): Promise<string | undefined> {
  const key = utf8(witnessedKey(number));
  const record = await raw.get(key);
  const shortId = record === undefined ? undefined : unsealed(key, record);
  return shortId === undefined || shortId.length === 0 ? undefined : sourceText(fromUtf8(shortId), true);
}
