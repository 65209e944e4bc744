import { chosenInSteps, Pace } from '../base/pace.ts';
import type { Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { merge, mergeInSteps, type MergeOutcome } from '../ham/merge.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { Placement } from '../log/placement.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import type { ChangedSources } from './changed-sources.ts';
import type { CommitGroup } from './commit-group.ts';
import type { CountingEntries } from './counting-entries.ts';
import type { ForkMarks } from './fork-marks.ts';
import { hideWrites, isThere, replaceWrites, withoutEchoes } from './hidden-writes.ts';
import type { MeantWrites } from './meant-writes.ts';
import { mayWrite, OWNED } from './key-soul.ts';
import { CommitWitness, type CommitSigner } from './commit-witness.ts';
import { parseMarkKey, witnessedChange } from './log-keys.ts';
import type { LogRefusals } from './log-refusals.ts';
import type { LogRoom } from './log-room.ts';
import type { LogGroup } from './log-group.ts';
import type { UnsignedOperation } from './unsigned-operation.ts';
import type { Change } from './storage.ts';
import type { WitnessMarks } from './witness-marks.ts';
import type { PutRequest } from './put-request.ts';
import type { CommitLogs, MergedGroup, MergeTarget, WriterLogs } from './writer-logs.ts';

/** Writes of one request that are gone through without a pause. */
const FEW_WRITES = 64;
const NONE: readonly FieldWrite[] = [];

/** Stands for the operation of a mark that no record has to tell. */
const NOBODY = '';
const SIGNED_ONLY = 'put: only what is signed is taken here';

/** How commits keep logs. */
export interface LoggedCommitsOptions {
  /** Begins what the operations of one commit do to logs. */
  readonly group: () => LogGroup;
  /** Where unsigned writes that won are noted to be witnessed; undefined when they are not. */
  readonly marks?: WitnessMarks | undefined;
  /** Who signs them in the commit that brings them; undefined while nobody does. */
  readonly signer?: () => CommitSigner | undefined;
  /** True to take only what is signed. */
  readonly refusesUnsigned?: boolean;
  /** Counts logs; whoever has none keeps any number. */
  readonly room?: LogRoom | undefined;
  readonly refusals?: LogRefusals | undefined;
  /** Finds what becomes of the sources of nodes that change. */
  readonly sources: ChangedSources;
  /** Which logs are forked, and what counts when these lose against everything. */
  readonly forks: { readonly marks: ForkMarks; readonly entries: CountingEntries };
}

/** Operations by what their logs said to them: new ones, those of a fork among them apart, and others. */
export type OperationCounts = Record<'taken' | 'forked' | 'known' | 'refused', number>;

/** What a placement counts as. */
const COUNTED_AS: Readonly<Record<Placement, keyof OperationCounts>> = {
  append: 'taken',
  restart: 'taken',
  known: 'known',
  filled: 'known',
  'side-start': 'forked',
  'side-append': 'forked',
  switch: 'forked',
};

/** Keeps logs under the graph: operations, and marks of what is to be witnessed, in the commit of their writes. */
export class LoggedCommits implements WriterLogs {
  /** Operations since the start. */
  readonly counts: OperationCounts = { taken: 0, forked: 0, known: 0, refused: 0 };
  readonly #options: LoggedCommitsOptions;
  /** Writes of operations that wait for their time: nobody else has to sign them then. */
  readonly #signedLater = new WeakSet<FieldWrite>();

  constructor(options: LoggedCommitsOptions) {
    this.#options = options;
  }

  async load(): Promise<void> {
    await this.#options.marks?.load();
    await this.#options.forks.marks.load();
    await this.#options.room?.load();
  }

  begin(): CommitLogs {
    return new LoggedCommit(this.#options, this.counts, this.#signedLater);
  }
}

/** What logs have to do with one commit. */
class LoggedCommit implements CommitLogs {
  readonly #options: LoggedCommitsOptions;
  readonly #counts: OperationCounts;
  readonly #signedLater: WeakSet<FieldWrite>;
  /** Begun by the first operation. */
  #group: LogGroup | undefined;
  readonly #placed = new Map<PutRequest, Result<Placement, LogReason>>();
  /** Requests whose operations lose against everything. */
  readonly #hidden = new Set<PutRequest>();
  /** Marks that records of nodes may name, with the ids of the operations that witness them in this commit. */
  readonly #witnessed = new Map<number, string>();
  /** Undefined when nothing is witnessed. */
  readonly #witness: CommitWitness | undefined;

  constructor(options: LoggedCommitsOptions, counts: OperationCounts, signedLater: WeakSet<FieldWrite>) {
    this.#options = options;
    const { marks, signer } = options;
    this.#witness = marks === undefined ? undefined : new CommitWitness(marks, signer?.());
    this.#counts = counts;
    this.#signedLater = signedLater;
  }

  isPlain(request: PutRequest): boolean {
    const { forks, refusesUnsigned } = this.#options;
    const { writes } = request;
    if (request.isPlain !== true) return false;
    if (refusesUnsigned === true || forks.marks.hidesAny || writes.length > FEW_WRITES) return false;
    return writes.every(isOfEverybody);
  }

  mergeAtOnce(request: PutRequest, into: MergeTarget): readonly FieldWrite[] | string | undefined {
    const { operation, writes } = request;
    const { group, now } = into;
    if (operation === undefined || !saysOnly(request) || !areDue(writes, now)) return undefined;
    const placed = this.#opened().placeNext(operation, writes, (write) => isThere(write, into));
    if (placed === undefined) return undefined;
    return this.#notePlaced(request, operation, placed) ?? acceptedOf(merge(writes, group, now), writes);
  }

  merge(
    request: PutRequest,
    into: MergeTarget,
  ): WaitingSteps<readonly FieldWrite[] | string | MeantWrites | undefined> {
    const { isHidden, evidence, replays } = request;
    const isPlain = isHidden !== true && evidence === undefined && replays === undefined;
    return isPlain && isSigned(request) ? this.#mergeSigned(request, into) : this.#mergeOther(request, into);
  }

  *#mergeOther(
    request: PutRequest,
    into: MergeTarget,
  ): WaitingSteps<readonly FieldWrite[] | string | MeantWrites | undefined> {
    const { forks, refusesUnsigned } = this.#options;
    if (request.isHidden === true) {
      yield* hideWrites(request.writes, into, forks.entries, (write) => request.leave?.(write));
      return [];
    }
    if (request.instead !== undefined) {
      yield* replaceWrites(request.instead, into);
      return [];
    }
    if (request.evidence !== undefined) return yield* this.#opened().keepEvidence(request.evidence, request);
    const { replays, writes } = request;
    if (replays !== undefined) yield* this.#opened().noteAgain(replays, writes, into);
    if (isSigned(request)) return yield* this.#mergeSigned(request, into);
    if (refusesUnsigned === true) return SIGNED_ONLY;
    if (yield* isOwned(request)) return OWNED;
    if (!forks.marks.hidesAny) return undefined;
    const meant = yield* withoutEchoes(request.writes, into, forks.entries);
    return meant === request.writes ? undefined : { meant };
  }

  placementOf(request: PutRequest): Result<Placement, LogReason> | undefined {
    return this.#placed.get(request);
  }

  hides(request: PutRequest): boolean {
    return this.#hidden.has(request);
  }

  *changes(
    requests: readonly PutRequest[],
    merged: MergedGroup,
    graph: CommitGroup,
  ): WaitingSteps<Iterable<Change[]>> {
    if (this.#witness !== undefined) {
      yield* this.#witness.witness(this.#unsignedOf(requests, merged), () => this.#opened(), graph);
      for (const [number, id] of this.#witness.signed) this.#witnessed.set(number, id);
    }
    if (this.#group !== undefined) yield* this.#group.noteIn(graph);
    if (graph.hasSources) yield* this.#options.sources.settle(graph, this.#witnessed);
    return this.#appended(requests, merged);
  }

  settle(isDurable: boolean): void {
    if (isDurable) {
      this.#group?.publish();
      for (const [request, placed] of this.#placed) this.#settlePlaced(request, placed);
      this.#counts.taken += this.#witness?.operations ?? 0;
    }
    this.#witness?.settle(isDurable);
  }

  #settlePlaced({ witnesses }: PutRequest, placed: Result<Placement, LogReason>): void {
    this.#counts[placed.ok ? COUNTED_AS[placed.value] : 'refused'] += 1;
    if (!placed.ok) return this.#options.refusals?.add(placed.reason);
    // At once: what the next commit displaces of them it has to note itself.
    if (witnesses !== undefined) this.#options.marks?.done(witnesses);
  }

  #opened(): LogGroup {
    this.#group ??= this.#options.group();
    return this.#group;
  }

  /** What changed that nobody signed. */
  #unsignedOf(
    requests: readonly PutRequest[],
    { byRequest, matured }: MergedGroup,
  ): (readonly FieldWrite[])[] {
    const unsigned: (readonly FieldWrite[])[] = [matured.filter((write) => !this.#signedLater.has(write))];
    for (let at = 0; at < requests.length; at += 1) {
      const request = requests[at]!;
      const won = byRequest[at]!;
      if (typeof won === 'string') continue;
      const isPlain = request.isPlain === true;
      if (isPlain || !isSigned(request)) unsigned.push(won);
      if (!isPlain && request.marks !== undefined) unsigned.push(request.marks);
    }
    return unsigned;
  }

  /** Operations, marks of what is to be witnessed, and the end of the marks of what was. */
  *#appended(requests: readonly PutRequest[], { byRequest }: MergedGroup): Generator<Change[], void> {
    const changes: Change[] = [];
    // Each step by itself: whoever writes the commit makes steps until one gives something, without a pause.
    if (this.#group !== undefined)
      for (const _ of this.#group.appendChanges(changes)) yield changes.splice(0);
    for (let at = 0; at < requests.length; at += 1) {
      const request = requests[at]!;
      if (request.isPlain !== true && typeof byRequest[at] !== 'string') appendGiven(changes, request);
    }
    for (const [number, id] of this.#witnessed) changes.push(witnessedChange(number, id));
    this.#witness?.appendMarks(changes);
    yield changes;
  }

  /** Places an operation in its log, then merges what it says; what its log refuses changes nothing. */
  *#mergeSigned(request: PutRequest, into: MergeTarget): WaitingSteps<readonly FieldWrite[] | string> {
    const { group, deferred, now } = into;
    const isFuture = (write: FieldWrite): boolean => write.state > now;
    const isShort = request.writes.length <= FEW_WRITES;
    const future = isShort
      ? someOf(request.writes, isFuture)
      : yield* chosenInSteps(request.writes, isFuture);
    // The horizon does not count for what is signed: replicas would differ for ever.
    const owner = ownerOf(request);
    const isFar = future.length > 0 && deferred.isFar(future, now);
    const hasRoom = future.length === 0 || deferred.hasRoom(future, owner, isFar);
    const operation = request.own === undefined ? request.operation : yield* this.#sign(request.own);
    if (typeof operation === 'string') return operation;
    if (operation !== undefined) {
      const known = this.#notePlaced(request, operation, yield* this.#place(request, operation, into));
      if (known !== undefined) return known;
    }
    if (request.pruned !== undefined) yield* this.#dropBodies(request.pruned);
    // An operation is kept whatever it says, or a full waiting room would end the synchronisation of its log.
    const writes = hasRoom
      ? request.writes
      : yield* chosenInSteps(request.writes, (write) => write.state <= now);
    const merged = isShort ? merge(writes, group, now) : yield* mergeInSteps(writes, group, now);
    if (merged.deferred.length > 0) yield* this.#defer(merged.deferred, into, owner, isFar);
    return acceptedOf(merged, writes);
  }

  /** Lets what an operation says wait for its time. */
  *#defer(
    writes: readonly FieldWrite[],
    { deferred }: MergeTarget,
    owner: string | undefined,
    isFar: boolean,
  ): Generator<void, void> {
    const pace = new Pace();
    for (const write of writes) {
      this.#signedLater.add(write);
      deferred.add(write, owner, isFar);
      if (pace.after(write.soul.length + write.key.length)) yield;
    }
  }

  *#dropBodies(ids: readonly string[]): WaitingSteps<void> {
    for (const id of ids) yield* this.#opened().dropBody(id);
  }

  /** Places the operation of a request in its log. */
  #place(
    request: PutRequest,
    operation: Operation,
    into: MergeTarget,
  ): WaitingSteps<Result<Placement, LogReason>> {
    const { own, writes, says = writes, notes, isInvited, share } = request;
    const wasHere = says === writes ? (write: FieldWrite): boolean => isThere(write, into) : true;
    const noted = notes === undefined ? says : says.filter(({ soul }) => notes(soul));
    return this.#opened().place(operation, noted, wasHere, {
      isInvited: own !== undefined || isInvited,
      share,
    });
  }

  /** What becomes of a request whose operation was placed, when it says nothing new. */
  #notePlaced(
    request: PutRequest,
    operation: Operation,
    placement: Result<Placement, LogReason>,
  ): readonly FieldWrite[] | string | undefined {
    const { own, writes, says = writes, witnesses = [], notes } = request;
    this.#placed.set(request, placement);
    if (!placement.ok) return LOG_REASONS[placement.reason].text;
    // Where all histories note an operation it is no matter what records name.
    const id = notes === undefined ? NOBODY : namesOf(operation).id;
    for (const key of witnesses) this.#witnessed.set(parseMarkKey(key), id);
    if (placement.value === 'known') return [];
    if (this.#opened().hides(operation)) {
      this.#hidden.add(request);
      return [];
    }
    if (own === undefined) this.#witness?.heard(says);
    return undefined;
  }

  /** The operation that comes next in a log of this node's own, or why there is none. */
  *#sign(own: UnsignedOperation): WaitingSteps<Operation | string> {
    const signed = own.sign(yield* this.#opened().head(own));
    return signed.ok ? signed.value : signed.reason;
  }
}

/** True for a request of nothing but what an operation says, all of which is to be noted. */
function saysOnly({
  own,
  writes,
  says = writes,
  notes,
  pruned,
  isHidden,
  evidence,
  replays,
}: PutRequest): boolean {
  return (
    (own ?? notes ?? pruned ?? evidence ?? replays) === undefined && says === writes && isHidden !== true
  );
}

function areDue(writes: readonly FieldWrite[], now: number): boolean {
  for (let at = 0; at < writes.length; at += 1) if (writes[at]!.state > now) return false;
  return true;
}

/** Appends what a request changes beside its writes. */
function appendGiven(changes: Change[], { witnesses, drops, records }: PutRequest): void {
  if (witnesses !== undefined) for (const key of witnesses) changes.push([key, undefined]);
  if (drops !== undefined) for (const key of drops) changes.push([key, undefined]);
  if (records !== undefined) for (const record of records) changes.push(record);
}

/** Those of few writes that are meant, most often none. */
function someOf(
  writes: readonly FieldWrite[],
  isMeant: (write: FieldWrite) => boolean,
): readonly FieldWrite[] {
  return writes.some(isMeant) ? writes.filter(isMeant) : NONE;
}

/** What was accepted of some writes: one list instead of two, as so many wait for their commit. */
function acceptedOf({ accepted }: MergeOutcome, writes: readonly FieldWrite[]): readonly FieldWrite[] {
  return accepted.length === writes.length ? writes : accepted;
}

/** Whom signed writes of the future count against: their author, whoever brings them. */
function ownerOf({ operation, own, owner }: PutRequest): string | undefined {
  return operation === undefined ? (own?.author ?? owner) : namesOf(operation).author;
}

/** True for what an operation says, now or before. */
function isSigned({ operation, own, isReplay }: PutRequest): boolean {
  return (operation ?? own) !== undefined || isReplay === true;
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
