/** Looking through the operations of a store: does each log know where it ends, is each operation found by its id. */
import type { RawLevel } from '../adapters/level-raw.ts';
import { toHex } from '../lib/base/byte-texts.ts';
import { fromUtf8, utf8 } from '../lib/base/bytes.ts';
import { decodeHeader } from '../lib/log/codec.ts';
import { decodeExtensions } from '../lib/log/extensions.ts';
import { encodeHead, type LogHead, type SideHead } from '../lib/store/log-head.ts';
import {
  bodyKey,
  BRANCHES,
  branchRange,
  headKey,
  lackKey,
  operationKey,
  parsePlaceKey,
  sequenceOfPlace,
  type Branch,
} from '../lib/store/log-keys.ts';
import { decodeOperation, withoutBody } from '../lib/store/operation-record.ts';
import type { Change } from '../lib/store/storage.ts';
import { unsealed } from './store-examination.ts';

/** Something that is known of operations by these alone, or that is lost of one of them. */
export interface LogFault {
  /** Where a log ends, where an operation stands, or the body of one, which other nodes may have. */
  readonly kind: 'end' | 'place' | 'body';
  /** What puts it right; a body is asked for then. */
  readonly changes: readonly Change[];
}

/** An operation on a branch. */
interface Walked {
  /** What the places of its log begin with. */
  readonly prefix: string;
  readonly place: string;
  readonly sequence: number;
  readonly id: string;
  readonly total: number;
  readonly author: string;
  readonly log: string;
  readonly prunes: boolean;
  readonly key: string;
  readonly record: string;
  /** True when its body has a record of its own. */
  readonly isApart: boolean;
}

/** The operations of all logs on one of their branches, log by log and in their order; damaged ones count as missing. */
async function* operationsOn(raw: RawLevel, branch: Branch): AsyncGenerator<Walked> {
  const { from, to } = branchRange(branch);
  for await (const [key, value] of raw.walk({ from: utf8(from), to: utf8(to) })) {
    const record = unsealed(key, value);
    const walked = record === undefined ? undefined : operationOf(fromUtf8(key), fromUtf8(record));
    if (walked !== undefined) yield walked;
  }
}

function operationOf(key: string, record: string): Walked | undefined {
  const { id, total, header: bytes, isApart } = decodeOperation(record);
  const header = decodeHeader(bytes);
  const extensions = header.ok ? decodeExtensions(header.value.extensions) : header;
  if (!header.ok || !extensions.ok) return undefined;
  const { prune: prunes, logId } = extensions.value;
  const [author, log] = [toHex(header.value.author), toHex(logId)];
  const names = { ...parsePlaceKey(key), sequence: sequenceOfPlace(key), id, author, log };
  return { ...names, total, prunes, key, record, isApart };
}

/** A branch of a log, by its operations. */
interface WalkedBranch extends Omit<SideHead, 'from'> {
  readonly author: string;
  readonly log: string;
  readonly first: number;
}

/** The branches of all logs, operations that are not found by their ids, and those that lost their bodies. */
async function* branchesOf(raw: RawLevel, branch: Branch): AsyncGenerator<WalkedBranch | LogFault> {
  let walked: WalkedBranch | undefined;
  let prefix: string | undefined;
  for await (const operation of operationsOn(raw, branch)) {
    const { author, log, sequence, id, total, prunes, place } = operation;
    if (operation.prefix !== prefix && walked !== undefined) yield walked;
    const isFirst = operation.prefix !== prefix;
    prefix = operation.prefix;
    // A prune point gives up what stands before it, which may not be removed yet.
    const first = isFirst || (branch === 'canonical' && prunes) ? sequence : walked!.first;
    walked = { author, log, first, height: sequence, tip: id, bytes: total };
    if ((await contentAt(raw, operationKey(id))) === undefined)
      yield { kind: 'place', changes: [[operationKey(id), place]] };
    const { isApart, key, record } = operation;
    if (isApart && (await contentAt(raw, bodyKey(operation))) === undefined) {
      const changes: Change[] = [[key, withoutBody(record)]];
      yield { kind: 'body', changes: [...changes, [lackKey(author, log, sequence), id]] };
    }
  }
  if (walked !== undefined) yield walked;
}

async function contentAt(raw: RawLevel, storageKey: string): Promise<Uint8Array | undefined> {
  const key = utf8(storageKey);
  const value = await raw.get(key);
  return value === undefined ? undefined : unsealed(key, value);
}

/**
 * Finds logs of which nothing tells where they begin and end: a relay would begin them anew, and contradict itself in its
 * own. Finds operations that are not found by their ids, and those that lost their bodies, too.
 *
 * @throws Error that LevelDB gave when it cannot read all of them
 */
export async function* logFaults(raw: RawLevel): AsyncGenerator<LogFault> {
  const lost = new Map<string, LogHead>();
  for (const branch of BRANCHES) {
    for await (const found of branchesOf(raw, branch)) {
      if ('kind' in found) yield found;
      else await noteLost(raw, branch, found, lost);
    }
  }
  for (const [key, head] of lost) yield { kind: 'end', changes: [[key, encodeHead(head)]] };
}

async function noteLost(
  raw: RawLevel,
  branch: Branch,
  { author, log, first, height, tip, bytes }: WalkedBranch,
  lost: Map<string, LogHead>,
): Promise<void> {
  const key = headKey(author, log);
  const canonical = lost.get(key);
  if (branch === 'side') {
    if (canonical !== undefined) lost.set(key, { ...canonical, side: { from: first, height, tip, bytes } });
  } else if ((await contentAt(raw, key)) === undefined)
    lost.set(key, { first, height, tip, bytes, side: undefined });
}
