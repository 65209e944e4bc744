import { compareBytes, equalBytes } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import { decodeHeader, type Header } from './codec.ts';
import { decodeExtensions } from './extensions.ts';
import { checkSignature } from './integrity.ts';
import type { LogReason } from './reasons.ts';
import type { VerifySignature } from './strict-ed25519.ts';

/** Operations kept on a side branch (log-mapping section 7). */
export const MOST_SIDE_OPERATIONS = 256;
/** Operations that leave the canonical branch for a better one; a longer branch stays, as that is one commit. */
export const MOST_MOVED_OPERATIONS = 4096;

/** What a forked log may do from then on: go on, take nothing more, or lose against everything. */
export type ForkPolicy = 'tolerate' | 'freeze' | 'hide';

/** Proof that an author said two things at one place: both headers, the canonical one first. */
export interface ForkEvidence {
  readonly canonical: Header;
  readonly side: Header;
  readonly logId: Uint8Array;
}

/** Which of two operations at one place is canonical: the one with the smaller id, for every replica alike. */
export function isCanonical(id: Uint8Array, other: Uint8Array): boolean {
  return compareBytes(id, other) < 0;
}

/**
 * Checks two headers as evidence of a fork.
 *
 * @returns reasons `author`, `log` or `fork` when they do not contradict each other, or why one of them is not true
 */
export function checkEvidence(
  first: Uint8Array,
  second: Uint8Array,
  verify?: VerifySignature,
): Result<ForkEvidence, LogReason> {
  const [a, b] = [decodeHeader(first), decodeHeader(second)];
  if (!a.ok) return a;
  if (!b.ok) return b;
  const [ours, theirs] = [decodeExtensions(a.value.extensions), decodeExtensions(b.value.extensions)];
  if (!ours.ok) return ours;
  if (!theirs.ok) return theirs;
  if (!equalBytes(a.value.author, b.value.author)) return failure('author');
  if (!equalBytes(ours.value.logId, theirs.value.logId)) return failure('log');
  if (a.value.sequence !== b.value.sequence || equalBytes(a.value.id, b.value.id)) return failure('fork');
  const fault = checkSignature(a.value, verify) ?? checkSignature(b.value, verify);
  if (fault !== undefined) return failure(fault);
  return success(evidenceOf(a.value, b.value, ours.value.logId));
}

/** Evidence from two headers that were checked before. */
export function evidenceOf(a: Header, b: Header, logId: Uint8Array): ForkEvidence {
  const [canonical, side] = isCanonical(a.id, b.id) ? [a, b] : [b, a];
  return { canonical, side, logId };
}

/** What is held of a side branch. */
export interface SideBranch {
  /** Sequence number of its first operation, the place of the fork. */
  readonly from: number;
  /** Its ids from there on; at least those at the place of an operation that is looked at and before it. */
  readonly ids: { readonly length: number; readonly [at: number]: Uint8Array | undefined };
}

/** What becomes of an operation of a forked log that is not on its canonical branch. */
export type SideVerdict = 'known' | 'extends';

/**
 * Checks whether an operation continues the side branch. One branch is kept, up to {@link MOST_SIDE_OPERATIONS}:
 * an author who forks often fills no store.
 *
 * @returns reason `fork` for a third branch, `full` for a branch that is long enough
 */
export function checkSide(header: Header, side: SideBranch): Result<SideVerdict, LogReason> {
  const at = header.sequence - side.from;
  const held = side.ids[at];
  if (held !== undefined) return equalBytes(held, header.id) ? success('known') : failure('fork');
  const before = side.ids[at - 1];
  if (before === undefined || header.backlink === undefined || !equalBytes(before, header.backlink)) {
    return failure('fork');
  }
  return side.ids.length < MOST_SIDE_OPERATIONS ? success('extends') : failure('full');
}
