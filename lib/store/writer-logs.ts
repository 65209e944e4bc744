import type { Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { Placement } from '../log/placement.ts';
import type { LogReason } from '../log/reasons.ts';
import type { CommitGroup } from './commit-group.ts';
import type { DeferredWrites } from './deferred-writes.ts';
import type { MeantWrites } from './meant-writes.ts';
import type { PutRequest } from './put-request.ts';
import type { Change } from './storage.ts';

/** What a group of requests is merged into. */
export interface MergeTarget {
  readonly group: CommitGroup;
  /** Takes writes whose time has not come. */
  readonly deferred: DeferredWrites;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** How the writer keeps logs, see `logged-commits.ts`; who keeps none loads nothing for them. */
export interface WriterLogs {
  /** Reads what an earlier run left; before the first group. */
  load(): Promise<void>;
  begin(): CommitLogs;
}

/** What logs have to do with one commit. */
export interface CommitLogs {
  /** True for a request that logs have no say in for sure. */
  isPlain(request: PutRequest): boolean;
  /** {@link merge} for a request that needs no wait, as most do; undefined for all others, with which nothing is done. */
  mergeAtOnce(request: PutRequest, into: MergeTarget): readonly FieldWrite[] | string | undefined;
  /**
   * The accepted writes of a request, or why it is refused; undefined for one that logs have no say in, and the writes
   * that are meant where some count for nothing.
   */
  merge(
    request: PutRequest,
    into: MergeTarget,
  ): WaitingSteps<readonly FieldWrite[] | string | MeantWrites | undefined>;
  /** What the commit writes of logs, in portions, once this node has signed what it says of the commit. */
  changes(
    requests: readonly PutRequest[],
    merged: MergedGroup,
    graph: CommitGroup,
  ): WaitingSteps<Iterable<Change[]>>;
  /** Told once how the commit ended. */
  settle(isDurable: boolean): void;
  /** What the outcome of a request says of its operation; undefined when it has none. */
  placementOf(request: PutRequest): Result<Placement, LogReason> | undefined;
  /** True for a request whose operation loses against everything. */
  hides(request: PutRequest): boolean;
}

/** What merging a group gave: a list of winners, or the reason of a refusal, for each request. */
export interface MergedGroup {
  readonly matured: readonly FieldWrite[];
  readonly byRequest: readonly (readonly FieldWrite[] | string)[];
}
