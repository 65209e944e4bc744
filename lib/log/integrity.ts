import { equalBytes } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import { copyOf } from '../base/slab.ts';
import { decodeHeader, MOST_HEADER_BYTES, unsignedBytesOf, type Header } from './codec.ts';
import { decodeExtensions } from './extensions.ts';
import { hashBytes, hashBytesInSteps, HASH_BYTES } from './hash.ts';
import { MOST_BODY_BYTES, type Operation } from './operation.ts';
import type { LogReason } from './reasons.ts';
import {
  mayBeKey,
  verifyStrict,
  type Verdict,
  type VerifyLater,
  type VerifySignature,
} from './strict-ed25519.ts';

/** Where signed bytes are put together, as buffers for each of many would be dearer than what is done with them. */
const signed = new Uint8Array(MOST_HEADER_BYTES);
/** The same for the hash of a body. */
const hashed = new Uint8Array(HASH_BYTES);

/** Why a header alone is refused: a key that nobody may have, or a signature that is not its author's. */
export function checkSignature(
  header: Header,
  verify: VerifySignature = verifyStrict,
): LogReason | undefined {
  if (!mayBeKey(header.author)) return 'signature';
  return verify(header.author, unsignedBytesOf(header, signed), header.signature) ? undefined : 'signature';
}

/** {@link checkSignature} by somebody who takes his time; the verdict is his. */
export function checkSignatureLater(
  header: Header,
  verify: VerifyLater,
  decided: (verdict: Verdict) => void,
): void {
  if (mayBeKey(header.author))
    verify(header.author, unsignedBytesOf(header, signed), header.signature, decided);
  else decided(false);
}

/** Why a body is refused; none is fine, as bodies may be pruned, but an empty one is none. */
export function checkBody(header: Header, body: Uint8Array | undefined): LogReason | undefined {
  const fault = checkSize(header, body);
  if (fault !== undefined || body === undefined) return fault;
  return equalBytes(hashBytes(body, hashed), header.payloadHash!) ? undefined : 'payload';
}

/** {@link checkBody} in steps. */
function* checkBodyInSteps(
  header: Header,
  body: Uint8Array | undefined,
): Generator<void, LogReason | undefined> {
  const fault = checkSize(header, body);
  if (fault !== undefined || body === undefined) return fault;
  return equalBytes(yield* hashBytesInSteps(body), header.payloadHash!) ? undefined : 'payload';
}

function checkSize({ payloadSize }: Header, body: Uint8Array | undefined): LogReason | undefined {
  if (body === undefined) return undefined;
  if (body.length > MOST_BODY_BYTES) return 'size';
  return body.length === 0 || body.length !== payloadSize ? 'payload' : undefined;
}

/** Reads an operation and checks all that it says of itself; its place in the log is for {@link checkPlace}. */
export function readOperation(
  headerBytes: Uint8Array,
  body: Uint8Array | undefined,
  verify?: VerifySignature,
): Result<Operation, LogReason> {
  return signedBy(readUnchecked(headerBytes, body), verify);
}

/** {@link readOperation} in steps, for one that is large. */
export function* readOperationInSteps(
  headerBytes: Uint8Array,
  body: Uint8Array | undefined,
  verify?: VerifySignature,
): Generator<void, Result<Operation, LogReason>> {
  return signedBy(yield* readUncheckedInSteps(headerBytes, body), verify);
}

function signedBy(
  read: Result<Operation, LogReason>,
  verify: VerifySignature | undefined,
): Result<Operation, LogReason> {
  const fault = read.ok ? checkSignature(read.value.header, verify) : undefined;
  return fault === undefined ? read : failure(fault);
}

/** {@link readOperation} but for the signature, which is to be checked before anything of it is believed. */
export function readUnchecked(
  headerBytes: Uint8Array,
  body: Uint8Array | undefined,
): Result<Operation, LogReason> {
  const bare = readHeader(headerBytes);
  return bare.ok ? withBody(bare.value, body, checkBody(bare.value.header, body)) : bare;
}

/** {@link readUnchecked} in steps. */
export function* readUncheckedInSteps(
  headerBytes: Uint8Array,
  body: Uint8Array | undefined,
): Generator<void, Result<Operation, LogReason>> {
  const bare = readHeader(headerBytes);
  return bare.ok ? withBody(bare.value, body, yield* checkBodyInSteps(bare.value.header, body)) : bare;
}

function readHeader(headerBytes: Uint8Array): Result<Omit<Operation, 'body'>, LogReason> {
  const header = decodeHeader(headerBytes);
  if (!header.ok) return header;
  const extensions = decodeExtensions(header.value.extensions);
  return extensions.ok ? success({ header: header.value, extensions: extensions.value }) : extensions;
}

function withBody(
  { header, extensions }: Omit<Operation, 'body'>,
  body: Uint8Array | undefined,
  fault: LogReason | undefined,
): Result<Operation, LogReason> {
  if (fault !== undefined) return failure(fault);
  return success({ header, extensions, body: body === undefined ? undefined : copyOf(body) });
}

/** What a replica holds of a log. */
export interface HeldLog {
  readonly author: Uint8Array;
  /** Sequence number and id of the last operation. */
  readonly height: number;
  readonly tip: Uint8Array;
  /** Sequence number of the first operation that is held; those below were pruned. */
  readonly first: number;
}

/** What becomes of an operation whose place in the log is right. */
export type PlaceVerdict =
  /** It continues the log, or begins it. */
  | 'append'
  /** It begins the log anew: everything below it was given up by the author. */
  | 'restart'
  /** It is held already. */
  | 'known';

/**
 * Checks the place of an operation that is true in itself (node-api section 1, stricter for prune points).
 *
 * @param log what is held, undefined when nothing is
 * @param heldId id of what is held at the operation's sequence number, undefined when nothing is
 * @returns reasons `author`, `gap`, `backlink`, `fork` or `pruned` for a place that is not right
 */
export function checkPlace(
  { header, extensions }: Pick<Operation, 'header' | 'extensions'>,
  log: HeldLog | undefined,
  heldId: Uint8Array | undefined,
): Result<PlaceVerdict, LogReason> {
  const { sequence } = header;
  if (log === undefined) {
    if (sequence === 0) return success('append');
    return extensions.prune ? success('restart') : failure('gap');
  }
  if (!equalBytes(log.author, header.author)) return failure('author');
  if (sequence <= log.height) return checkHeld(header, log, heldId);
  // Where the predecessor is held, a prune point must fit it like everything else.
  if (sequence === log.height + 1)
    return equalBytes(header.backlink!, log.tip) ? success('append') : failure('backlink');
  return extensions.prune ? success('restart') : failure('gap');
}

/** The verdict on a place that the log is beyond. */
function checkHeld(
  { sequence, id }: Header,
  log: HeldLog,
  heldId: Uint8Array | undefined,
): Result<PlaceVerdict, LogReason> {
  if (heldId !== undefined && equalBytes(heldId, id)) return success('known');
  return failure(sequence < log.first ? 'pruned' : 'fork');
}
