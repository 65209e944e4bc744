import { systemClock, type Clock } from '../base/clock.ts';
import { GraphError, type ErrorCode } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { FieldWrite } from '../graph/write.ts';
import { merge } from '../ham/merge.ts';
import { CommitGroup } from './commit-group.ts';
import { DeferredWrites, type StartTimer } from './deferred-writes.ts';
import type { GraphStore } from './graph-store.ts';
import type { Change, Storage } from './storage.ts';

/** Messages and writes that share one commit at most; larger groups only feed the garbage collector. */
const GROUP_REQUESTS = 1000;
const GROUP_WRITES = 10_000;

/** What became of a request. */
export type PutOutcome =
  /** Durable; `changed` are the writes that won and still hold their properties. */
  | { readonly ok: true; readonly changed: readonly FieldWrite[] }
  | { readonly ok: false; readonly reason: string };

/** Writes that belong together: merged and committed all or not at all. */
export interface PutRequest {
  readonly writes: readonly FieldWrite[];
  /** Whom waiting future writes count against. */
  readonly owner: string | undefined;
  /** Told once, after the commit. */
  settle(outcome: PutOutcome): void;
}

/** What the writer tells its operator. */
export type WriterEvent =
  | { readonly kind: 'commit-failed'; readonly requests: number; readonly error: unknown }
  | { readonly kind: 'deferred-loaded'; readonly writes: number }
  /** Somebody who was told of an outcome threw; the outcome stands. */
  | { readonly kind: 'listener-failed'; readonly error: unknown };

/** What merging a group gave: a list of winners, or the reason of a refusal, for each request. */
interface MergedGroup {
  readonly matured: readonly FieldWrite[];
  readonly byRequest: readonly (readonly FieldWrite[] | string)[];
}

const FAILED = 'storage failed, nothing was stored';
/** Reasons for those who asked; other errors of the storage are the operator's business. */
const REASONS: { readonly [code in ErrorCode]?: string } = {
  STORAGE_DAMAGED: 'the store is damaged and read-only',
  STORAGE_FULL: 'the disk is full, nothing was stored',
};

function failureOf(error: unknown): PutOutcome {
  const reason = error instanceof GraphError ? REASONS[error.code] : undefined;
  return { ok: false, reason: reason ?? FAILED };
}

/** What the writer needs. */
export interface WriterOptions {
  readonly storage: Storage;
  readonly graph: GraphStore;
  readonly limits: Limits;
  readonly clock?: Clock;
  /** Runs a task at the end of the turn, so that everything that arrived in it shares a commit. */
  readonly schedule: (task: () => void) => void;
  /** Waits for the next write from the future; the timers of the engine when absent. */
  readonly startTimer?: StartTimer;
  readonly report?: (event: WriterEvent) => void;
}

/**
 * The one writer: merges requests in the order they came and commits them in groups. Requests that arrive
 * while a commit runs share the next one; each is settled after its own group's commit.
 */
export class Writer {
  readonly #storage: Storage;
  readonly #graph: GraphStore;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #schedule: (task: () => void) => void;
  readonly #report: (event: WriterEvent) => void;
  readonly #deferred: DeferredWrites;
  #waiting: PutRequest[] = [];
  #running = false;
  #closed = false;
  #idle: (() => void)[] = [];
  #matured: (changed: readonly FieldWrite[]) => void = () => undefined;

  constructor(options: WriterOptions) {
    this.#storage = options.storage;
    this.#graph = options.graph;
    this.#limits = options.limits;
    this.#clock = options.clock ?? systemClock;
    this.#schedule = options.schedule;
    this.#report = options.report ?? (() => undefined);
    this.#deferred = new DeferredWrites({
      storage: options.storage,
      limits: options.limits,
      clock: this.#clock,
      wake: () => this.#start(),
      startTimer: options.startTimer,
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
    if (this.#waiting.length >= this.#limits.waitingPuts) {
      return this.#schedule(() => request.settle({ ok: false, reason: 'too many writes are waiting' }));
    }
    this.#waiting.push(request);
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#schedule(() => void this.#run());
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 || this.#deferred.isDue()) await this.#commitGroup(this.#nextGroup());
    this.#running = false;
    this.#deferred.arm();
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }

  #nextGroup(): PutRequest[] {
    let writes = 0;
    let end = 0;
    while (end < this.#waiting.length && end < GROUP_REQUESTS && writes < GROUP_WRITES) {
      writes += this.#waiting[end]!.writes.length;
      end += 1;
    }
    if (end === this.#waiting.length) {
      const all = this.#waiting;
      this.#waiting = [];
      return all;
    }
    return this.#waiting.splice(0, end);
  }

  /** Never rejects: what fails is told to the requests of the group. */
  async #commitGroup(requests: readonly PutRequest[]): Promise<void> {
    const group = new CommitGroup(this.#storage, this.#graph);
    let merged: MergedGroup;
    try {
      merged = await this.#mergeGroup(requests, group);
      await this.#commit(group);
    } catch (error) {
      this.#deferred.settle(false);
      this.#tellOperator({ kind: 'commit-failed', requests: requests.length, error });
      const outcome = failureOf(error);
      for (const request of requests) this.#tell(() => request.settle(outcome));
      return;
    }
    group.publish();
    this.#deferred.settle(true);
    this.#settleGroup(requests, merged, group);
  }

  async #mergeGroup(requests: readonly PutRequest[], group: CommitGroup): Promise<MergedGroup> {
    const now = this.#clock();
    const due = this.#deferred.takeDue(now);
    group.gather(due);
    for (const { writes } of requests) group.gather(writes);
    const loading = group.load();
    if (loading !== undefined) await loading;
    const matured = merge(due, group, now).accepted;
    return { matured, byRequest: requests.map((request) => this.#mergeRequest(request, group, now)) };
  }

  async #commit(group: CommitGroup): Promise<void> {
    const changes: Change[] = [];
    group.appendChanges(changes);
    this.#deferred.appendChanges(changes);
    if (changes.length > 0) await this.#storage.commit(changes);
    // Nothing to wait for must not mean that nobody else gets a turn.
    else if (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#schedule(resolve));
  }

  /** The accepted writes of a request, or why it is refused whole. */
  #mergeRequest({ writes, owner }: PutRequest, group: CommitGroup, now: number): FieldWrite[] | string {
    const isFuture = (write: FieldWrite): boolean => write.state > now;
    if (writes.some(isFuture)) {
      const reason = this.#deferred.refusal(writes.filter(isFuture), owner, now);
      if (reason !== undefined) return reason;
    }
    const { accepted, deferred } = merge(writes, group, now);
    for (const write of deferred) this.#deferred.add(write, owner);
    return accepted;
  }

  #settleGroup(requests: readonly PutRequest[], merged: MergedGroup, group: CommitGroup): void {
    const holds = (write: FieldWrite): boolean => group.holds(write);
    for (const [index, request] of requests.entries()) {
      const won = merged.byRequest[index]!;
      const outcome: PutOutcome =
        typeof won === 'string' ? { ok: false, reason: won } : { ok: true, changed: won.filter(holds) };
      this.#tell(() => request.settle(outcome));
    }
    const matured = merged.matured.filter(holds);
    if (matured.length > 0) this.#tell(() => this.#matured(matured));
  }

  /** Whatever a listener throws, the writer goes on. */
  #tell(listener: () => void): void {
    try {
      listener();
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
