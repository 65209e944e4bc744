import { chosenInSteps } from '../base/pace.ts';
import type { Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { mergeInSteps } from '../ham/merge.ts';
import type { Placement } from '../log/placement.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import { mayWrite } from './key-soul.ts';
import type { LogGroup } from './log-group.ts';
import type { Change } from './storage.ts';
import type { WitnessMarks } from './witness-marks.ts';
import type { CommitLogs, MergedGroup, MergeTarget, PutRequest, WriterLogs } from './writer.ts';

/** Writes of one request that are gone through without a pause. */
const FEW_WRITES = 64;

const SIGNED_ONLY = 'put: only what is signed is taken here';
const OWNED = 'put: a soul that belongs to a key takes only what that key has signed';

/** How commits keep logs. */
export interface LoggedCommitsOptions {
  /** Begins what the operations of one commit do to logs. */
  readonly group: () => LogGroup;
  /** Where unsigned writes that won are noted to be witnessed; undefined when they are not. */
  readonly marks?: WitnessMarks | undefined;
  /** True to take only what is signed. */
  readonly refusesUnsigned?: boolean;
}

/** Keeps logs under the graph: operations, and marks of what is to be witnessed, in the commit of their writes. */
export class LoggedCommits implements WriterLogs {
  readonly #options: LoggedCommitsOptions;

  constructor(options: LoggedCommitsOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    await this.#options.marks?.load();
  }

  begin(): CommitLogs {
    return new LoggedCommit(this.#options);
  }
}

/** What logs have to do with one commit. */
class LoggedCommit implements CommitLogs {
  readonly #options: LoggedCommitsOptions;
  /** Begun by the first operation. */
  #group: LogGroup | undefined;
  readonly #placed = new Map<PutRequest, Result<Placement, LogReason>>();

  constructor(options: LoggedCommitsOptions) {
    this.#options = options;
  }

  *merge(request: PutRequest, into: MergeTarget): WaitingSteps<readonly FieldWrite[] | string | undefined> {
    if (isSigned(request)) return yield* this.#mergeSigned(request, into);
    if (this.#options.refusesUnsigned === true) return SIGNED_ONLY;
    return (yield* isOwned(request)) ? OWNED : undefined;
  }

  placementOf(request: PutRequest): Result<Placement, LogReason> | undefined {
    return this.#placed.get(request);
  }

  /** Operations, marks of what is to be witnessed, and the end of the marks of what was. */
  *changes(requests: readonly PutRequest[], { byRequest, matured }: MergedGroup): Generator<Change[], void> {
    const changes: Change[] = [];
    if (this.#group !== undefined) for (const _ of this.#group.appendChanges(changes)) yield [];
    const { marks } = this.#options;
    const unsigned: (readonly FieldWrite[])[] = [matured];
    for (const [at, request] of requests.entries()) {
      const won = byRequest[at]!;
      if (typeof won === 'string') continue;
      if (!isSigned(request)) unsigned.push(won);
      for (const key of request.witnesses ?? []) changes.push([key, undefined]);
    }
    if (marks !== undefined) for (const _ of marks.append(changes, unsigned)) yield changes.splice(0);
    yield changes;
  }

  settle(isDurable: boolean): void {
    if (isDurable) this.#group?.publish();
    this.#options.marks?.settle(isDurable);
  }

  /** Places an operation in its log, then merges what it says; what its log refuses changes nothing. */
  *#mergeSigned(
    request: PutRequest,
    { group, deferred, now }: MergeTarget,
  ): WaitingSteps<readonly FieldWrite[] | string> {
    const future = yield* chosenInSteps(request.writes, (write) => write.state > now);
    // The horizon does not count for what is signed: replicas would differ for ever.
    const noRoom = future.length === 0 ? undefined : deferred.refusal(future, request.owner, Infinity);
    if (noRoom !== undefined) return noRoom;
    if (request.operation !== undefined) {
      this.#group ??= this.#options.group();
      const placement = yield* this.#group.place(request.operation, request.says ?? request.writes);
      this.#placed.set(request, placement);
      if (!placement.ok) return LOG_REASONS[placement.reason].text;
      if (placement.value === 'known') return [];
    }
    const merged = yield* mergeInSteps(request.writes, group, now);
    for (const write of merged.deferred) deferred.add(write, request.owner);
    return merged.accepted;
  }
}

/** True for what an operation says, now or before. */
function isSigned({ operation, isReplay }: PutRequest): boolean {
  return operation !== undefined || isReplay === true;
}

/** True for unsigned writes to a soul that belongs to a key. */
function* isOwned({ writes }: PutRequest): Generator<void, boolean> {
  if (writes.length <= FEW_WRITES) return !writes.every(isOfEverybody);
  return (yield* chosenInSteps(writes, isOfAKey)).length > 0;
}

function isOfEverybody({ soul }: FieldWrite): boolean {
  return mayWrite(soul, undefined);
}

function isOfAKey(write: FieldWrite): boolean {
  return !isOfEverybody(write);
}
