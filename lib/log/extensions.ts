import { Recurring } from '../base/recurring.ts';
import { failure, success, type Result } from '../base/result.ts';
import { CborScanner } from './cbor-scanner.ts';
import { CborWriter } from './cbor-writer.ts';
import { HASH_BYTES } from './hash.ts';
import type { LogReason } from './reasons.ts';

/** Version of the tuple that this file knows. */
const VERSION = 1;
const BASIC = 0;
const CAUSAL = 1;
const FIELDS = 5;
/** Operations that one may declare to come before it. */
const MOST_PREVIOUS = 64;

const logIds = new Recurring();

/** What the node knows of an operation beside its place in a log (node-api section 1, "NEF"). */
export interface Extensions {
  /** BLAKE3 of the topic, 32 bytes. */
  readonly logId: Uint8Array;
  /** Microseconds since 1970, up to 2^64-1; metadata only, nothing is decided by it. */
  readonly timestamp: bigint;
  /** True when the author gives up everything below this operation. */
  readonly prune: boolean;
  /** Operations of other logs that come before this one. */
  readonly previous: readonly Uint8Array[];
}

/** The extensions of an operation without declared dependencies, as CBOR. */
export function encodeExtensions({ logId, timestamp, prune }: Omit<Extensions, 'previous'>): Uint8Array {
  const writer = new CborWriter().array(FIELDS).uint(VERSION).uint(BASIC).bytes(logId);
  return writer.uint(timestamp).bool(prune).finish();
}

/**
 * Reads extensions; fields after the known ones are allowed, whoever verifies the received bytes need not know them.
 */
export function decodeExtensions(bytes: Uint8Array | undefined): Result<Extensions, LogReason> {
  if (bytes === undefined) return failure('extensions');
  const scanner = new CborScanner(bytes);
  const fields = scanner.array();
  if (fields < FIELDS) scanner.refuse('too few fields');
  if (scanner.uint() !== VERSION) scanner.refuse('unknown version');
  const variant = scanner.uint();
  const logIdAt = scanner.bytesAt(HASH_BYTES);
  const timestamp = scanner.bigUint();
  const prune = variant === BASIC && scanner.bool();
  const previous = variant === CAUSAL ? readPrevious(scanner) : [];
  if (variant !== BASIC && variant !== CAUSAL) scanner.refuse('unknown variant');
  for (let field = FIELDS; field < fields && scanner.fault === undefined; field += 1) scanner.item();
  scanner.end();
  if (scanner.fault !== undefined) return failure('extensions');
  return success({ logId: logIds.take(bytes, logIdAt, logIdAt + HASH_BYTES), timestamp, prune, previous });
}

function readPrevious(scanner: CborScanner): Uint8Array[] {
  const count = scanner.array();
  if (count > MOST_PREVIOUS) scanner.refuse('too many dependencies');
  const previous: Uint8Array[] = [];
  while (previous.length < count && scanner.fault === undefined) previous.push(scanner.bytes(HASH_BYTES));
  return previous;
}
