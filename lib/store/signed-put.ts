import { fromBase64Url, toBase64Url } from '../base/byte-texts.ts';
import { failure, type Result } from '../base/result.ts';
import { finish } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { readOperation, readOperationInSteps } from '../log/integrity.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import type { VerifySignature } from '../log/strict-ed25519.ts';
import { decodeDeltaInSteps } from './delta-codec.ts';
import { mayWrite, OWNED } from './key-soul.ts';

/** What those are told whose put says something else than its operation. */
export const NOT_SAID: string = 'op: it does not say what the put says';
/** What those are told whose put has no operation where it should. */
export const NO_OPERATION: string = 'op: must be {"h": header, "b": body}, both as base64url';

/** Bytes that are decoded, hashed or written as a text without a pause; small operations have none at all. */
const STEP_BYTES = 65_536;
/** Entries that are compared in one step. */
const STEP_ENTRIES = 256;

/**
 * Reads the operation of a put (log-mapping section 2): verified, and what its body says compared with the put entry by
 * entry.
 *
 * @param op what the put has as `op`, as JSON or its reader gave it
 * @returns why the whole put is refused
 */
export function readSignedPut(
  op: unknown,
  writes: readonly FieldWrite[],
  verify?: VerifySignature,
): Result<Operation> {
  return finish(readSignedPutInSteps(op, writes, verify));
}

/** {@link readSignedPut} in steps. */
export function* readSignedPutInSteps(
  op: unknown,
  writes: readonly FieldWrite[],
  verify?: VerifySignature,
): Generator<void, Result<Operation>> {
  const [header, body] = [bytesIn(op, 'h'), bytesIn(op, 'b')];
  if (header === undefined || body === undefined) return failure(NO_OPERATION);
  const isLarge = body.length > STEP_BYTES;
  const operation = isLarge ? yield* readLarge(header, body, verify) : readOperation(header, body, verify);
  if (!operation.ok) return failure(`op: ${LOG_REASONS[operation.reason].text}`);
  const delta = yield* decodeDeltaInSteps(body);
  const said = delta.ok ? delta.value?.writes : undefined;
  if (said === undefined || !(yield* areSame(said, writes))) return failure(NOT_SAID);
  if (isLarge) yield;
  const { author } = namesOf(operation.value);
  return said.every(({ soul }) => mayWrite(soul, author)) ? operation : failure(OWNED);
}

function* readLarge(
  header: Uint8Array,
  body: Uint8Array,
  verify: VerifySignature | undefined,
): Generator<void, Result<Operation, LogReason>> {
  yield;
  const operation = yield* readOperationInSteps(header, body, verify);
  yield;
  return operation;
}

/** An operation as the field of a put that is passed on, with a comma before it; undefined for one without a body. */
export function signedPutField({ header, body }: Operation): string | undefined {
  if (body === undefined) return undefined;
  return `,"op":{"h":"${toBase64Url(header.bytes)}","b":"${toBase64Url(body)}"}`;
}

/** The bytes of a member; a long text of a long frame comes as JSON that is ready. */
function bytesIn(op: unknown, name: 'h' | 'b'): Uint8Array | undefined {
  if (typeof op !== 'object' || op === null) return undefined;
  const member = (op as Record<string, unknown>)[name];
  if (typeof member === 'string') return fromBase64Url(member);
  const json = (member as { readonly json?: unknown } | null | undefined)?.json;
  return typeof json === 'string' ? fromBase64Url(json.slice(1, -1)) : undefined;
}

/** True when two lists have the same entries in any order; a put has one for each property. */
function* areSame(said: readonly FieldWrite[], writes: readonly FieldWrite[]): Generator<void, boolean> {
  if (said.length !== writes.length) return false;
  const bySoul = new Map<string, Map<string, FieldWrite>>();
  for (const [at, write] of said.entries()) {
    const byKey = bySoul.get(write.soul) ?? new Map<string, FieldWrite>();
    bySoul.set(write.soul, byKey.set(write.key, write));
    if ((at + 1) % STEP_ENTRIES === 0) yield;
  }
  for (const [at, { soul, key, state, json }] of writes.entries()) {
    const byKey = bySoul.get(soul);
    const same = byKey?.get(key);
    if (same?.state !== state || same.json !== json) return false;
    byKey?.delete(key);
    if ((at + 1) % STEP_ENTRIES === 0) yield;
  }
  return true;
}
