import { systemClock, type Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { chosenInSteps, Pace } from '../base/pace.ts';
import type { Result } from '../base/result.ts';
import { Slices, type WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import { merge, mergeInSteps, type SaysTheSame } from '../ham/merge.ts';
import type { Placement } from '../log/placement.ts';
import type { LogReason } from '../log/reasons.ts';
import { CommitGroup } from './commit-group.ts';
import { DeferredWrites, type StartTimer } from './deferred-writes.ts';
import type { GraphStore } from './graph-store.ts';
import { hiddenFirst, isMeant } from './meant-writes.ts';
import { putFailure } from './put-failure.ts';
import { PutQueue } from './put-queue.ts';
import type { PutOutcome, PutRequest } from './put-request.ts';
import type { WeighPut } from './put-weight.ts';
import type { Change, Storage } from './storage.ts';
import type { CommitLogs, MergedGroup, WriterLogs } from './writer-logs.ts';

/** Changes that are gathered before a commit begins; beyond, they are made as the storage takes them. */
const GATHERED_CHANGES = 2048;
/** Writes of one request that are gone through without a pause. */
const FEW_WRITES = 64;
/** Requests settled without a pause; whoever is told may have much to do. */
const FEW_REQUESTS = 4;
const LAST_OF_FEW = FEW_REQUESTS - 1;

/** What the writer tells its operator. */
export type WriterEvent =
  | { readonly kind: 'commit-failed'; readonly requests: number; readonly error: unknown }
  | { readonly kind: 'deferred-loaded'; readonly writes: number }
  /** Somebody who was told of an outcome threw; the outcome stands. */
  | { readonly kind: 'listener-failed'; readonly error: unknown };

const NO_LOGS = 'no logs are kept here';

/** What the writer needs. */
export interface WriterOptions {
  readonly storage: Storage;
  readonly graph: GraphStore;
  readonly limits: Limits;
  readonly clock?: Clock;
  /** Runs a task at the end of the turn, so that everything that arrived in it shares a commit. */
  readonly schedule: (task: () => void) => void;
  /** Logs under the graph; without them requests have no operations. */
  readonly logs?: WriterLogs | undefined;
  /** Cuts long work into slices; own ones over `schedule` when absent. */
  readonly slices?: Slices;
  /** Waits for the next write from the future; the timers of the engine when absent. */
  readonly startTimer?: StartTimer;
  readonly report?: (event: WriterEvent) => void;
  /** Places that a put takes among those that wait, which is one each when absent. */
  readonly weigh?: WeighPut | undefined;
  /** Asked about other texts at equal states; none mean the same when absent. */
  readonly saysTheSame?: SaysTheSame | undefined;
}

/**
 * The one writer: merges requests and commits them in groups, those of one owner in the order they came. Requests
 * that arrive while a commit runs share the next one; each is settled after its own group's commit. Whatever a
 * request holds, the event loop goes on meanwhile.
 */
export class Writer {
  readonly #storage: Storage;
  readonly #graph: GraphStore;
  readonly #clock: Clock;
  readonly #schedule: (task: () => void) => void;
  readonly #slices: Slices;
  readonly #report: (event: WriterEvent) => void;
  readonly #saysTheSame: SaysTheSame | undefined;
  readonly #deferred: DeferredWrites;
  readonly #waiting: PutQueue<PutRequest>;
  readonly #logs: WriterLogs | undefined;
  #running = false;
  #closed = false;
  #idle: (() => void)[] = [];
  #matured: (changed: readonly FieldWrite[]) => void = () => undefined;

  constructor(options: WriterOptions) {
    this.#storage = options.storage;
    this.#graph = options.graph;
    this.#clock = options.clock ?? systemClock;
    this.#schedule = options.schedule;
    this.#slices = options.slices ?? new Slices(options);
    this.#report = options.report ?? (() => undefined);
    this.#saysTheSame = options.saysTheSame;
    this.#logs = options.logs;
    const { weigh } = options;
    this.#waiting = new PutQueue(options.limits.waitingPuts, weigh && (({ writes }) => weigh(writes)));
    this.#deferred = new DeferredWrites({
      storage: options.storage,
      limits: options.limits,
      clock: this.#clock,
      slices: this.#slices,
      wake: () => this.#start(),
      startTimer: options.startTimer,
      saysTheSame: options.saysTheSame,
    });
  }

  /**
   * Loads the writes that wait for their time. Requests submitted meanwhile wait until it is done: they could
   * take the place of a greater write that is not loaded yet.
   */
  async open(): Promise<void> {
    while (this.#running) await this.idle();
    this.#running = true;
    try {
      const writes = await this.#deferred.load();
      await this.#logs?.load();
      this.#tellOperator({ kind: 'deferred-loaded', writes });
    } finally {
      this.#schedule(() => void this.#run());
    }
  }

  /** Refuses new requests, settles those that wait, and stops. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.idle();
    this.#deferred.close();
  }

  /** Resolves when no request waits. */
  async idle(): Promise<void> {
    if (this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** True while so much waits that who brings more should be slowed down. */
  get isCrowded(): boolean {
    return this.#waiting.isCrowded;
  }

  /** Future writes that wait. */
  get deferredCount(): number {
    return this.#deferred.size;
  }

  /** Calls back with changes whose time came and that nobody waits for. */
  onMatured(listener: (changed: readonly FieldWrite[]) => void): void {
    this.#matured = listener;
  }

  /** Takes a request; it is settled later, never within this call. */
  submit(request: PutRequest): void {
    if (this.#closed) return this.#schedule(() => request.settle({ ok: false, reason: 'relay is closing' }));
    for (const refused of this.#waiting.add(request)) {
      this.#schedule(() => refused.settle({ ok: false, reason: 'too many writes are waiting' }));
    }
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#waiting.weight > 0 || this.#deferred.isDue()) {
      await this.#slices.runWaiting(this.#commitGroup(hiddenFirst(this.#waiting.take())));
    }
    this.#running = false;
    this.#deferred.arm();
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  /** Never throws: what fails is told to the requests of the group. */
  *#commitGroup(requests: readonly PutRequest[]): WaitingSteps<void> {
    const group = new CommitGroup(this.#storage, this.#graph);
    const logs = this.#logs?.begin();
    let merged: MergedGroup;
    try {
      merged = yield* this.#mergeGroup(requests, group, logs);
      yield* this.#commit(group, logs === undefined ? [] : yield* logs.changes(requests, merged, group));
    } catch (error) {
      yield* this.#deferred.settle(false);
      logs?.settle(false);
      return yield* this.#failGroup(requests, error);
    }
    yield* group.publish();
    yield* this.#deferred.settle(true);
    logs?.settle(true);
    yield* this.#settleGroup(requests, merged, group, logs);
  }

  *#mergeGroup(
    requests: readonly PutRequest[],
    group: CommitGroup,
    logs: CommitLogs | undefined,
  ): WaitingSteps<MergedGroup> {
    const now = this.#clock();
    const due = this.#deferred.takeDue(now);
    const batches = [due, ...requests.map(({ writes }) => writes)];
    yield* group.gather(batches);
    yield* group.load(batches);
    const matured = (yield* mergeInSteps(due, group, now, this.#saysTheSame)).accepted;
    const byRequest: (readonly FieldWrite[] | string)[] = [];
    const target = { group, deferred: this.#deferred, now };
    const pace = new Pace();
    for (let at = 0; at < requests.length; at += 1) {
      let request = requests[at]!;
      const hasNoSay = logs === undefined || logs.isPlain(request);
      const logged = hasNoSay
        ? undefined
        : (logs.mergeAtOnce(request, target) ?? (yield* logs.merge(request, target)));
      if (isMeant(logged)) request = { ...request, writes: logged.meant };
      if (logged !== undefined && !isMeant(logged)) byRequest.push(logged);
      else if ((request.operation ?? request.own) !== undefined) byRequest.push(NO_LOGS);
      else if (request.writes.length <= FEW_WRITES) byRequest.push(this.#mergeFew(request, group, now));
      else byRequest.push(yield* this.#mergeMany(request, group, now));
      if (pace.after(0)) yield;
    }
    return { matured, byRequest };
  }

  /** The accepted writes of a request, or why it is refused whole. */
  #mergeFew({ writes, owner }: PutRequest, group: CommitGroup, now: number): readonly FieldWrite[] | string {
    const isFuture = (write: FieldWrite): boolean => write.state > now;
    if (writes.some(isFuture)) {
      const reason = this.#deferred.refusal(writes.filter(isFuture), owner, now);
      if (reason !== undefined) return reason;
    }
    const { accepted, deferred } = merge(writes, group, now, this.#saysTheSame);
    for (const write of deferred) this.#deferred.add(write, owner);
    return accepted;
  }

  /** The same for a request of many writes, in steps. */
  *#mergeMany(
    { writes, owner }: PutRequest,
    group: CommitGroup,
    now: number,
  ): Generator<void, readonly FieldWrite[] | string> {
    const future = yield* chosenInSteps(writes, (write) => write.state > now);
    const reason = future.length === 0 ? undefined : this.#deferred.refusal(future, owner, now);
    if (reason !== undefined) return reason;
    const { accepted, deferred } = yield* mergeInSteps(writes, group, now, this.#saysTheSame);
    const pace = new Pace();
    for (const write of deferred) {
      this.#deferred.add(write, owner);
      if (pace.after(write.soul.length + write.key.length)) yield;
    }
    return accepted;
  }

  *#commit(group: CommitGroup, logs: Iterable<Change[]>): WaitingSteps<void> {
    const changes: Change[] = [];
    const appending = this.#appendChanges(group, logs, changes);
    let isWhole = appending.next().done === true;
    for (; !isWhole && changes.length < GATHERED_CHANGES; isWhole = appending.next().done === true) yield;
    if (changes.length > 0) yield this.#storage.commit(isWhole ? changes : streamed(changes, appending));
    // Nothing to wait for must not mean that nobody else gets a turn.
    else if (this.#waiting.weight > 0) yield new Promise<void>((resolve) => this.#schedule(resolve));
  }

  *#appendChanges(group: CommitGroup, logs: Iterable<Change[]>, changes: Change[]): Generator<void, void> {
    yield* group.appendChanges(changes);
    yield* this.#deferred.appendChanges(changes);
    for (const some of logs) {
      for (const change of some) changes.push(change);
      yield;
    }
  }

  *#settleGroup(
    requests: readonly PutRequest[],
    merged: MergedGroup,
    group: CommitGroup,
    logs: CommitLogs | undefined,
  ): Generator<void, void> {
    const holds = (write: FieldWrite): boolean => group.holds(write);
    for (let index = 0; index < requests.length; index += 1) {
      const request = requests[index]!;
      const won = merged.byRequest[index]!;
      const placed = request.isPlain === true ? undefined : logs?.placementOf(request);
      if (typeof won === 'string') this.#settle(request, refusedOutcome(won, placed));
      else {
        const changed = won.length <= FEW_WRITES ? holding(won, holds) : yield* chosenInSteps(won, holds);
        this.#settle(request, acceptedOutcome(changed, placed, placed !== undefined && logs?.hides(request)));
      }
      if (index % FEW_REQUESTS === LAST_OF_FEW) yield;
    }
    const matured = yield* chosenInSteps(merged.matured, holds);
    if (matured.length > 0) this.#tellMatured(matured);
  }

  *#failGroup(requests: readonly PutRequest[], error: unknown): Generator<void, void> {
    this.#tellOperator({ kind: 'commit-failed', requests: requests.length, error });
    const outcome = putFailure(error);
    for (const [index, request] of requests.entries()) {
      this.#settle(request, outcome);
      if (index % FEW_REQUESTS === LAST_OF_FEW) yield;
    }
  }

  /** Whatever a listener throws, the writer goes on. */
  #settle(request: PutRequest, outcome: PutOutcome): void {
    try {
      request.settle(outcome);
    } catch (error) {
      this.#tellOperator({ kind: 'listener-failed', error });
    }
  }

  #tellMatured(matured: readonly FieldWrite[]): void {
    try {
      this.#matured(matured);
    } catch (error) {
      this.#tellOperator({ kind: 'listener-failed', error });
    }
  }

  #tellOperator(event: WriterEvent): void {
    try {
      this.#report(event);
    } catch {
      // Nobody is left to be told.
    }
  }
}

/** The outcome of a request that was refused. */
function refusedOutcome(reason: string, placed: Result<Placement, LogReason> | undefined): PutOutcome {
  return placed?.ok === false ? { ok: false, reason, logReason: placed.reason } : { ok: false, reason };
}

/** The outcome of a request that was committed. */
function acceptedOutcome(
  changed: readonly FieldWrite[],
  placed: Result<Placement, LogReason> | undefined,
  isHidden = false,
): PutOutcome {
  if (placed?.ok !== true) return { ok: true, changed };
  const { value: placement } = placed;
  return isHidden ? { ok: true, changed, placement, isHidden } : { ok: true, changed, placement };
}

/** Those of few winners that still hold their properties, most often all. */
function holding(won: readonly FieldWrite[], holds: (write: FieldWrite) => boolean): readonly FieldWrite[] {
  return won.every(holds) ? won : won.filter(holds);
}

/** Changes as they are appended: those of many writes need not be there all at once. */
function* streamed(changes: Change[], appending: Iterator<void>): Generator<Change, void> {
  do {
    yield* changes;
    changes.length = 0;
  } while (appending.next().done !== true);
  yield* changes;
}
