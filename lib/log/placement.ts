import { equalBytes } from '../base/bytes.ts';
import { failure, success, type Result } from '../base/result.ts';
import {
  checkSide,
  isCanonical,
  MOST_MOVED_OPERATIONS,
  MOST_SIDE_OPERATIONS,
  type ForkPolicy,
  type SideBranch,
} from './fork.ts';
import { checkPlace, type HeldLog } from './integrity.ts';
import type { Operation } from './operation.ts';
import type { LogReason } from './reasons.ts';

/** What a replica holds of a log, as far as it matters for one operation. */
export interface LogState {
  /** The canonical branch, undefined when nothing of the log is held. */
  readonly held: HeldLog | undefined;
  /** Id of the canonical operation at the place of the one that comes, and of the one before it. */
  readonly heldId: Uint8Array | undefined;
  readonly beforeId: Uint8Array | undefined;
  /** The other branch of a forked log. */
  readonly side: SideBranch | undefined;
  /** True when the log is known to be forked, whether its other branch is held or not. */
  readonly isForked?: boolean;
}

/** What is to be done with an operation that is true in itself. */
export type Placement =
  /** Append it to the canonical branch; it may be the first of a log. */
  | 'append'
  /** Begin the log with it: everything before it, a side branch too, is given up. */
  | 'restart'
  /** Nothing: it is held. */
  | 'known'
  /** Keep its body, which it came without before: only who stores it knows that. */
  | 'filled'
  /** Begin a side branch with it: the log is forked. */
  | 'side-start'
  /** Append it to the side branch. */
  | 'side-append'
  /** Make it the canonical branch from its place on; what was there becomes the side branch: the log is forked. */
  | 'switch';

/**
 * Decides what becomes of an operation (log-mapping section 7). Whatever order two branches come in, replicas that
 * hold both end with the same canonical branch, unless one of them is too long to be moved.
 *
 * @returns reasons of {@link checkPlace}; `frozen`, `fork` and `full` for what a log that is known to be forked does not
 * take: nobody can tell what of it is missing from what is on a branch that is not kept here
 */
export function placeOperation(
  operation: Operation,
  state: LogState,
  policy: ForkPolicy,
): Result<Placement, LogReason> {
  const placed = placeAnywhere(operation, state, policy);
  const isUnheld = !placed.ok && (placed.reason === 'gap' || placed.reason === 'backlink');
  if (!isUnheld || state.isForked !== true) return placed;
  return failure(isFrozen(state, policy) ? 'frozen' : 'fork');
}

function placeAnywhere(
  operation: Operation,
  state: LogState,
  policy: ForkPolicy,
): Result<Placement, LogReason> {
  const place = checkPlace(operation, state.held, state.heldId);
  if (place.ok) {
    return isFrozen(state, policy) && place.value !== 'known' ? failure('frozen') : place;
  }
  if (state.side !== undefined) return placeOnSide(operation, state.side, place.reason, policy);
  if (place.reason !== 'fork') return place;
  return isFrozen(state, policy) ? failure('frozen') : placeFork(operation, state);
}

function isFrozen({ side, isForked = false }: LogState, policy: ForkPolicy): boolean {
  return policy === 'freeze' && (side !== undefined || isForked);
}

/** An operation that contradicts one that is held. */
function placeFork(
  { header }: Operation,
  { held, heldId, beforeId }: LogState,
): Result<Placement, LogReason> {
  // Where the operation before was pruned nothing can be compared with it.
  const isComparable = header.sequence > held!.first;
  const fits =
    beforeId !== undefined && header.backlink !== undefined && equalBytes(beforeId, header.backlink);
  if (isComparable && !fits) return failure('backlink');
  const isMovable = held!.height - header.sequence < MOST_MOVED_OPERATIONS;
  return success(isMovable && isCanonical(header.id, heldId!) ? 'switch' : 'side-start');
}

/** An operation that is not on the canonical branch of a forked log. */
function placeOnSide(
  { header }: Operation,
  side: SideBranch,
  reason: LogReason,
  policy: ForkPolicy,
): Result<Placement, LogReason> {
  if (reason === 'author' || reason === 'pruned') return failure(reason);
  const verdict = checkSide(header, side);
  if (!verdict.ok) {
    // What follows a full branch cannot be told from what misses something.
    if (side.ids.length >= MOST_SIDE_OPERATIONS) return failure('full');
    return failure(reason === 'fork' ? verdict.reason : reason);
  }
  if (verdict.value === 'known') return success('known');
  return policy === 'freeze' ? failure('frozen') : success('side-append');
}
