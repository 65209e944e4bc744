import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { Pace } from '../base/pace.ts';
import { Slices, waitFor, type WaitingSteps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { FieldWrite } from '../graph/write.ts';
import { DeferralQueue, type Deferred } from '../ham/deferral.ts';
import type { SaysTheSame } from '../ham/merge.ts';
import {
  decodeDeferred,
  decodeLong,
  deferredKey,
  deferredRange,
  encodeDeferred,
  encodeLong,
  isEncodedLong,
  parseDeferredKey,
  type LongValue,
} from './keys.ts';
import { appendPieces, appendRemoval, isLong, missingPieces, readPieces } from './long-value.ts';
import type { Change, Storage, TextCursor } from './storage.ts';

/** Writes applied in one group when their time has come. */
const MOST_DUE = 1000;
/** Entries read in one step at opening. */
const STEP_ENTRIES = 256;
/** A timer cannot wait longer than this, in milliseconds. */
const LONGEST_TIMER_MS = 2_147_483_647;
/** Pause before matured writes are tried again after a failed commit, in milliseconds. */
const RETRY_MS = 1000;

/** Runs a task once after some milliseconds; gives the way to call it off. */
export type StartTimer = (task: () => void, waitMs: number) => () => void;

const systemTimer: StartTimer = (task, waitMs) => {
  const timer = setTimeout(task, waitMs);
  return () => clearTimeout(timer);
};

/** A write let in by the group under way, and what held its place before. */
interface Added {
  readonly write: FieldWrite;
  /** Whom it counts against after a restart as well; undefined for one that is not far. */
  readonly farOwner: string | undefined;
  readonly before: Deferred | undefined;
}

/** What the waiting room needs. */
export interface DeferredWritesOptions {
  readonly storage: Storage;
  readonly limits: Limits;
  readonly clock: Clock;
  /** Cuts long work into slices; own ones when absent. */
  readonly slices?: Slices;
  /** Called when a write is due. */
  readonly wake: () => void;
  /** The timers of the engine when absent. */
  readonly startTimer?: StartTimer | undefined;
  /** Asked about other texts at equal states; none mean the same when absent. */
  readonly saysTheSame?: SaysTheSame | undefined;
}

/**
 * Writes from the future, in memory and in storage: durable before they are acknowledged, applied by the
 * writer when their time comes, with one timer for all (D5).
 */
export class DeferredWrites {
  readonly #storage: Storage;
  readonly #limits: Limits;
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #slices: Slices;
  readonly #queue: DeferralQueue;
  /** The pieces of stored values that have any. */
  readonly #longs = new WeakMap<FieldWrite, LongValue>();
  #added: Added[] = [];
  #taken: Deferred[] = [];
  /** Taken out by the group under way before their time. */
  #dropped: Deferred[] = [];
  readonly #startTimer: StartTimer;
  #stopTimer: () => void = () => undefined;
  #retryAt = -Infinity;
  #closed = false;

  constructor({ storage, limits, clock, slices, wake, startTimer, saysTheSame }: DeferredWritesOptions) {
    this.#storage = storage;
    this.#limits = limits;
    this.#clock = clock;
    this.#slices = slices ?? new Slices({ schedule: inLaterTurn });
    this.#wake = wake;
    this.#startTimer = startTimer ?? systemTimer;
    this.#queue = new DeferralQueue(limits, saysTheSame);
  }

  get size(): number {
    return this.#queue.size;
  }

  /** Reads what waited before a restart; gives how many. */
  async load(): Promise<number> {
    const cursor = this.#storage.range(deferredRange());
    let count: number;
    try {
      count = await this.#slices.runWaiting(this.#loadAll(cursor));
    } finally {
      await cursor.close();
    }
    this.arm();
    return count;
  }

  *#loadAll(cursor: TextCursor): WaitingSteps<number> {
    let count = 0;
    for (;;) {
      const found = yield* waitFor(cursor.next(STEP_ENTRIES));
      if (found.length === 0) return count;
      for (const [key, record] of found) {
        const { owner, value } = decodeDeferred(record);
        const long = isEncodedLong(value) ? decodeLong(value) : undefined;
        const json = long === undefined ? value : yield* readPieces(this.#storage, long);
        if (json === undefined) throw missingPieces();
        const write = { ...parseDeferredKey(key), json };
        if (long !== undefined) this.#longs.set(write, long);
        this.#queue.add(write, owner, owner !== undefined);
      }
      count += found.length;
      yield;
    }
  }

  /** Why these future writes cannot wait here, undefined when they can. */
  refusal(future: readonly FieldWrite[], owner: string | undefined, now: number): string | undefined {
    const horizon = now + this.#limits.futureMs;
    const beyond = future.find((write) => write.state > horizon);
    if (beyond !== undefined) {
      const path = `put[${JSON.stringify(beyond.soul.slice(0, 60))}][${JSON.stringify(beyond.key.slice(0, 60))}]`;
      return `${path}: state is more than ${this.#limits.futureMs} ms in the future`;
    }
    return this.#queue.hasRoom(future, owner)
      ? undefined
      : 'put: too many writes from the future are waiting';
  }

  /** True when what an author signed can wait here, however far ahead it lies. */
  hasRoom(future: readonly FieldWrite[], author: string | undefined, isFar: boolean): boolean {
    return this.#queue.hasRoom(future, author, isFar);
  }

  /** True when one of some writes lies farther ahead than writes without a signature may. */
  isFar(future: readonly FieldWrite[], now: number): boolean {
    return future.some((write) => write.state > now + this.#limits.futureMs);
  }

  /** Lets a write wait; {@link appendChanges} makes it durable. */
  add(write: FieldWrite, owner: string | undefined, isFar = false): void {
    const before = this.#queue.placeOf(write);
    const farOwner = isFar ? (owner ?? '') : undefined;
    if (this.#queue.add(write, owner, isFar)) this.#added.push({ write, farOwner, before });
  }

  /** True when just this write waits. */
  waits(write: FieldWrite): boolean {
    return this.#queue.placeOf(write)?.write.json === write.json;
  }

  /** Lets a write wait no longer, before the group adds any. */
  drop(write: FieldWrite): void {
    const place = this.#queue.placeOf(write);
    if (place === undefined) return;
    this.#queue.remove(place.write);
    this.#dropped.push(place);
  }

  /** True when a write's time has come. */
  isDue(): boolean {
    const due = this.#queue.nextDue;
    const now = this.#clock();
    return due !== undefined && due <= now && now >= this.#retryAt && !this.#closed;
  }

  /** The writes whose time has come; they leave with the commit that {@link settle} confirms. */
  takeDue(now: number): FieldWrite[] {
    if (!this.isDue()) return [];
    this.#taken = this.#queue.takeDue(now, MOST_DUE);
    return this.#taken.map((place) => place.write);
  }

  /** Appends the storage changes of what was taken out and let in, in steps. */
  *appendChanges(changes: Change[]): Generator<void, void> {
    const pace = new Pace();
    for (const leaving of [this.#taken, this.#dropped]) {
      for (const { write } of leaving) {
        changes.push([deferredKey(write.state, write.soul, write.key), undefined]);
        yield* this.#appendRemoval(changes, write);
        if (pace.after(nameLength(write))) yield;
      }
    }
    for (const { write, farOwner, before } of this.#added) {
      if (before !== undefined) yield* this.#appendRemoval(changes, before.write);
      yield* this.#appendPut(changes, write, farOwner);
      if (pace.after(nameLength(write))) yield;
    }
  }

  *#appendPut(changes: Change[], write: FieldWrite, farOwner: string | undefined): Generator<void, void> {
    let value = write.json;
    if (isLong(value)) {
      const long = yield* appendPieces(changes, value);
      this.#longs.set(write, long);
      value = encodeLong(long);
    }
    changes.push([deferredKey(write.state, write.soul, write.key), encodeDeferred(value, farOwner)]);
  }

  *#appendRemoval(changes: Change[], write: FieldWrite): Generator<void, void> {
    const long = this.#longs.get(write);
    if (long !== undefined) yield* appendRemoval(changes, long);
  }

  /** Tells whether the commit of the appended changes went through. */
  *settle(committed: boolean): Generator<void, void> {
    const taken = this.#taken;
    const added = this.#added;
    const dropped = this.#dropped;
    this.#taken = [];
    this.#added = [];
    this.#dropped = [];
    if (committed) yield* this.#forget(taken);
    else {
      this.#queue.giveBack(taken);
      if (taken.length > 0) this.#retryAt = this.#clock() + RETRY_MS;
      yield* this.#undo(added);
      for (const { write, owner, isFar } of dropped) this.#queue.add(write, owner, isFar);
    }
  }

  *#forget(taken: readonly Deferred[]): Generator<void, void> {
    const pace = new Pace();
    for (const { write } of taken) {
      this.#queue.remove(write);
      if (pace.after(nameLength(write))) yield;
    }
  }

  *#undo(added: readonly Added[]): Generator<void, void> {
    const pace = new Pace();
    // Backwards, because a place may have changed hands several times; the first holder is the stored one.
    for (const { write, before } of added.toReversed()) {
      this.#queue.remove(write);
      this.#longs.delete(write);
      if (before !== undefined) this.#queue.add(before.write, before.owner, before.isFar);
      if (pace.after(nameLength(write))) yield;
    }
  }

  /** Sets the one timer to the next due time. */
  arm(): void {
    this.#stopTimer();
    const due = this.#queue.nextDue;
    if (due === undefined || this.#closed) return;
    const wait = Math.max(due, this.#retryAt) - this.#clock();
    this.#stopTimer = this.#startTimer(this.#wake, Math.min(Math.max(Math.ceil(wait), 0), LONGEST_TIMER_MS));
  }

  /** Stops the timer; what waits stays in storage. */
  close(): void {
    this.#closed = true;
    this.#stopTimer();
  }
}

function nameLength({ soul, key }: FieldWrite): number {
  return soul.length + key.length;
}
