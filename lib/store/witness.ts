import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Result } from '../base/result.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import type { LogName } from '../log/heights.ts';
import { MOST_BODY_BYTES, type Operation } from '../log/operation.ts';
import type { CommitSigner, WitnessedNow } from './commit-witness.ts';
import { encodeDelta, unsignable, writesIn } from './delta-codec.ts';
import type { StartTimer } from './deferred-writes.ts';
import type { History } from './history.ts';
import type { LogHead } from './log-head.ts';
import { witnessedKey } from './log-keys.ts';
import type { LogStore } from './log-store.ts';
import { LOG_MOVED, type OwnLog } from './own-log.ts';
import { emptySeenBody, seenBodies } from './seen-bodies.ts';
import { FULL_PROPERTIES, type WitnessMarks } from './witness-marks.ts';
import { submitted, type PutRequest } from './put-request.ts';

/** How long unsigned writes are gathered into one operation, in milliseconds (log-mapping section 4). */
export const WITNESS_WAIT_MS = 100;
/** Writes that fill an operation well enough: a commit with so many witnesses them itself, without a mark. */
export const AT_ONCE_WRITES = 128;
/** Bytes that a character takes at most. */
const MOST_UTF8_BYTES = 3;
/** Properties of a snapshot; the rest is witnessed again behind it. */
const SNAPSHOT_PROPERTIES = 2000;
const SNAPSHOT_CHARACTERS = 262_144;
/** Properties that a snapshot and what follows it may have; with more it is left out. */
const MOST_SNAPSHOT_PROPERTIES = 50_000;
/** Operations after which a snapshot takes their place. */
const SNAPSHOT_AFTER = 1000;
/** Operations that are looked at before a snapshot is begun. */
const SNAPSHOT_SAMPLES = 16;
/** Writes of each that are: LevelDB merges its files when some hundred reads go through several of them. */
const SAMPLED_WRITES = 8;
/** Operations read at once for a snapshot. */
const SNAPSHOT_PAGE = 100;
/** Records of witnessed marks that are looked at in one go. */
const WITNESSED_PAGE = 1000;
/** How many times as many operations there are before a snapshot is tried again that was left out. */
const SNAPSHOT_LATER = 2;
/** Pause after a failure, in milliseconds. */
const RETRY_MS = 1000;

/** What the witness tells its operator. */
export type WitnessEvent =
  | { readonly kind: 'witnessed'; readonly writes: number }
  | { readonly kind: 'snapshot'; readonly operations: number; readonly properties: number }
  | { readonly kind: 'witness-failed'; readonly reason: string };

/** What the witness needs. */
export interface WitnessOptions {
  readonly marks: WitnessMarks;
  readonly log: OwnLog;
  readonly store: LogStore;
  readonly submit: (request: PutRequest) => void;
  readonly history: History;
  readonly readField: (soul: string, key: string) => MaybePromise<Entry | undefined>;
  readonly readNode: (soul: string) => MaybePromise<Iterable<readonly [key: string, entry: Entry]>>;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  readonly report?: (event: WitnessEvent) => void;
  /** True when what is signed is put into the graph again, which may have lost it to a log that was hidden meanwhile. */
  readonly restores?: boolean;
  /** Operations after which a snapshot takes their place; 1000 when absent. */
  readonly snapshotAfter?: number | undefined;
}

/**
 * Signs what came without a signature, in this node's own log as `gun/seen`, which says "received here", not "written
 * here". The commit that brings much of it, or the first after a quiet time, signs that itself; what little comes soon
 * after is marked and gathered into one operation, which no acknowledgement waits for.
 */
export class Witness implements CommitSigner {
  readonly #options: WitnessOptions;
  #stopTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  /** True while nothing is to be appended beside what runs: a snapshot, or the pause after a failure. */
  #isHeldUp = false;
  /** Why the last attempt failed, which is told once. */
  #fault: string | undefined;
  /** True while something is being appended behind the commits. */
  #isBusy = false;
  /** When something was witnessed last. */
  #lastAt = -Infinity;
  /** Operations that this log holds, once it is known. */
  #length = 0;
  /** With more of them a snapshot takes their place. */
  #mostLength: number;
  /** True when one takes their place however few they are. */
  #isRenewed = false;

  constructor(options: WitnessOptions) {
    this.#options = options;
    this.#mostLength = options.snapshotAfter ?? SNAPSHOT_AFTER;
    options.marks.onMarked((isFull) => this.#marked(isFull));
  }

  get name(): LogName {
    return this.#options.log.name;
  }

  takes(writes: number): boolean {
    if (this.#closed || this.#isHeldUp || this.#options.log.isHeld) return false;
    if (writes >= AT_ONCE_WRITES) return true;
    const { marks, now } = this.#options;
    return marks.size === 0 && Math.abs(now() - this.#lastAt) >= WITNESS_WAIT_MS;
  }

  sign(head: LogHead | undefined, body: Uint8Array): Result<Operation> {
    return this.#options.log.sign(head, body, false);
  }

  witnessed({ writes, head, fault }: WitnessedNow): void {
    if (fault !== undefined) this.#failed(fault);
    if (head === undefined) return;
    this.#appended(head, writes);
    if (this.#isLong) this.#begin(false);
  }

  /** Witnesses what waits now, and stops. */
  async close(): Promise<void> {
    this.#disarm();
    await this.flush();
    this.#closed = true;
    this.#disarm();
    await this.#running;
  }

  /** Witnesses everything that waits. */
  async flush(): Promise<void> {
    this.#begin(true);
    await this.#running;
  }

  /** Replaces this log by a snapshot now: something of it is lost, and nobody can follow what stands behind that. */
  renew(): void {
    if (this.#isRenewed || this.#closed) return;
    this.#isRenewed = true;
    this.#begin(false);
  }

  #marked(isFull: boolean): void {
    if (!isFull) this.#arm(WITNESS_WAIT_MS);
    else if (!this.#isBusy && !this.#isHeldUp) this.#begin(false);
  }

  #arm(waitMs: number): void {
    if (this.#closed) return;
    this.#disarm();
    const stop = this.#options.startTimer(() => {
      this.#stopTimer = undefined;
      this.#begin(true);
    }, waitMs);
    this.#stopTimer = stop;
  }

  #disarm(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #begin(takesAll: boolean): void {
    this.#running = this.#after(this.#running, takesAll);
  }

  async #after(before: Promise<void> | undefined, takesAll: boolean): Promise<void> {
    await before;
    await this.#run(takesAll);
  }

  /** Witnesses what fills operations, or everything that waits now, and makes a snapshot when it is time for one. */
  async #run(takesAll: boolean): Promise<void> {
    const { marks } = this.#options;
    const { end } = marks;
    this.#isBusy = true;
    try {
      while (!this.#closed) {
        const isDue = marks.isFull || (takesAll && marks.hasBefore(end));
        if (!isDue && !this.#isLong) break;
        const fault = await (isDue ? this.#witness() : this.#snapshot());
        this.#isHeldUp = fault !== undefined;
        if (fault !== undefined) return this.#failed(fault);
      }
    } catch (error) {
      return this.#failed(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isBusy = false;
    }
    if (marks.size === 0) this.#disarm();
    else if (this.#stopTimer === undefined) this.#arm(WITNESS_WAIT_MS);
  }

  /** True when it is time for a snapshot. */
  get #isLong(): boolean {
    return this.#isRenewed || this.#length > this.#mostLength;
  }

  #failed(reason: string): void {
    this.#isHeldUp = true;
    if (reason !== this.#fault) this.#tell({ kind: 'witness-failed', reason });
    this.#fault = reason;
    this.#arm(RETRY_MS);
  }

  #appended({ first, height }: LogHead, writes: number): void {
    this.#fault = undefined;
    this.#lastAt = this.#options.now();
    this.#length = height - first + 1;
    this.#tell({ kind: 'witnessed', writes });
  }

  /** Operations of the oldest marks; gives why they failed. */
  async #witness(): Promise<string | undefined> {
    const { marks, log, store } = this.#options;
    const { writes, souls, keys, notes } = await marks.oldest(FULL_PROPERTIES);
    const entries = souls.size === 0 ? writes : await this.#unsaidOf(souls);
    const bodies = seenBodies([entries]);
    // Marks go with the last operation, so that a crash before it witnesses all of them again.
    for (let body = bodies.next().value ?? emptySeenBody(), after, isFirst = true; ; body = after) {
      after = bodies.next().value ?? undefined;
      const { bytes, says } = body;
      const witnesses = after === undefined ? keys : [];
      const missing = this.#options.restores === true ? says : [];
      // A mark has one operation, or the histories of all nodes note which ones it has.
      const noted = isFirst && after === undefined ? notes : undefined;
      const appended = await log.append(bytes, { writes: missing, says, witnesses, notes: noted });
      if (!appended.ok) return appended.reason;
      if (after === undefined) break;
      isFirst = false;
    }
    this.#appended((await store.head(log.name))!, entries.length);
    return undefined;
  }

  /** What nodes have that no operation says. */
  async #unsaidOf(souls: ReadonlySet<string>): Promise<FieldWrite[]> {
    const found: FieldWrite[] = [];
    for (const soul of souls) {
      const said = await this.#options.history.winners(soul, { until: Infinity });
      for (const [key, { state, json }] of await this.#options.readNode(soul)) {
        const same = said.get(key);
        if (same?.state !== state || same.json !== json) found.push({ soul, key, state, json });
      }
    }
    return found;
  }

  /** Replaces this log by what of it still holds; left out when that is too much for one operation. */
  async #snapshot(): Promise<string | undefined> {
    const { log } = this.#options;
    if (await this.#isTooMuch()) return this.#leaveOut();
    this.#isHeldUp = true;
    const kept: FieldWrite[] = [];
    let after: number | undefined;
    for (;;) {
      const read = await this.#keepAll(after, kept);
      const says = firstOf(kept);
      const body = encodeDelta(BODY_KIND.snapshot, says);
      if (read === undefined || !body.ok) return this.#leaveOut();
      after = read;
      // What has no room in it is marked by the same commit, so that no crash loses it.
      const marks = kept.slice(says.length);
      const appended = await log.append(body.value, { says, marks, prunes: after });
      if (appended.ok) break;
      // A commit that was under way appended something behind what was read.
      if (appended.reason !== LOG_MOVED) return appended.reason;
    }
    await this.#forgetWitnessed();
    this.#tell({ kind: 'snapshot', operations: this.#length, properties: kept.length });
    this.#length = 1;
    this.#isRenewed = false;
    this.#mostLength = this.#options.snapshotAfter ?? SNAPSHOT_AFTER;
    return undefined;
  }

  /** Removes what tells which operations witnessed marks, where these were given up; the last one tells their number. */
  async #forgetWitnessed(): Promise<void> {
    const { marks, store, submit } = this.#options;
    for (let from = 0; ;) {
      const page = await store.witnessedPage(from, marks.first - 1, WITNESSED_PAGE);
      if (page.numbers.length > 0) {
        const drops = page.dead.map(witnessedKey);
        const request = { writes: [], isReplay: true, owner: this.name.author, drops };
        if (!(await submitted(submit, request)).ok) return;
      }
      if (page.numbers.length < WITNESSED_PAGE) return;
      from = page.numbers.at(-1)! + 1;
    }
  }

  #leaveOut(): undefined {
    this.#isRenewed = false;
    this.#mostLength = this.#length * SNAPSHOT_LATER;
    return undefined;
  }

  /** True when too much of this log seems to hold, as some of its operations tell. */
  async #isTooMuch(): Promise<boolean> {
    const { store, log } = this.#options;
    const { first, height } = (await store.head(log.name))!;
    this.#length = height - first + 1;
    let kept = 0;
    for (let sample = 0; sample < SNAPSHOT_SAMPLES; sample += 1) {
      // The first one, which may be a snapshot, tells nothing of the others.
      const at = height - Math.floor((sample * (this.#length - 1)) / SNAPSHOT_SAMPLES);
      const [operation] = await store.read('canonical', log.name, at - 1, at, 1);
      kept += await this.#sampled(writesIn(operation?.body));
      await new Promise<void>((resolve) => inLaterTurn(resolve));
    }
    return (kept * this.#length) / SNAPSHOT_SAMPLES > MOST_SNAPSHOT_PROPERTIES;
  }

  /** How many of some writes hold, as a few of them tell. */
  async #sampled(writes: readonly FieldWrite[]): Promise<number> {
    const step = Math.max(1, Math.floor(writes.length / SAMPLED_WRITES));
    let [looked, kept] = [0, 0];
    for (let at = 0; at < writes.length; at += step) {
      looked += 1;
      if (await this.#holds(writes[at]!)) kept += 1;
    }
    return looked === 0 ? 0 : (kept * writes.length) / looked;
  }

  /** Reads what still holds behind a place of this log; gives the last place, or undefined when it is too much. */
  async #keepAll(from: number | undefined, kept: FieldWrite[]): Promise<number | undefined> {
    const { store, log } = this.#options;
    let after = from;
    for (;;) {
      const page = await store.read('canonical', log.name, after, Infinity, SNAPSHOT_PAGE);
      if (page.length === 0) return after;
      for (const { body } of page) {
        if (body !== undefined) await this.#keepHolding(body, kept);
        // Each body is a little work, and there may be a thousand.
        await new Promise<void>((resolve) => inLaterTurn(resolve));
        if (kept.length > MOST_SNAPSHOT_PROPERTIES) return undefined;
      }
      after = page.at(-1)!.sequence;
    }
  }

  async #keepHolding(body: Uint8Array, kept: FieldWrite[]): Promise<void> {
    for (const write of writesIn(body)) if (await this.#holds(write)) kept.push(write);
  }

  /** True for what the graph still has, or may have later. */
  async #holds({ soul, key, state, json }: FieldWrite): Promise<boolean> {
    if (state > this.#options.now()) return true;
    const entry = await this.#options.readField(soul, key);
    return entry?.state === state && entry.json === json;
  }

  #tell(event: WitnessEvent): void {
    this.#options.report?.(event);
  }
}

/**
 * True for a write that some operation holds once it is witnessed; of those that are nearly too large for one it may
 * be false as well.
 */
export function isWitnessable(write: FieldWrite): boolean {
  const { soul, key, json } = write;
  const mostBytes = MOST_UTF8_BYTES * (soul.length + key.length + json.length);
  return mostBytes <= MOST_BODY_BYTES / 2 && unsignable(write) === undefined;
}

/** As many of the entries as a snapshot may have. */
function firstOf(entries: readonly FieldWrite[]): FieldWrite[] {
  let characters = 0;
  const end = entries.findIndex(({ soul, key, json }, at) => {
    characters += soul.length + key.length + json.length;
    return at > 0 && (at >= SNAPSHOT_PROPERTIES || characters > SNAPSHOT_CHARACTERS);
  });
  return end === -1 ? [...entries] : entries.slice(0, end);
}
