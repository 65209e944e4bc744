import { fromHex, toHex } from '../base/byte-texts.ts';
import { Pace } from '../base/pace.ts';
import { runWithPauses, waitFor, type WaitingSteps } from '../base/slices.ts';
import { MOST_SIDE_OPERATIONS } from '../log/fork.ts';
import { hashBytes, logIdOf } from '../log/hash.ts';
import { comparing, type LogName, type Tips } from '../log/heights.ts';
import { OneLog } from '../log/one-log.ts';
import type { PartedTips } from '../log/parted-tips.ts';
import type { LogReason } from '../log/reasons.ts';
import type { ForkMarks } from '../store/fork-marks.ts';
import type { LogOpener } from '../store/log-room.ts';
import type { LogStore, StoredOperation } from '../store/log-store.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { planParts } from './plan.ts';
import type { SessionFault } from './session-faults.ts';
import type {
  LackingBodies,
  OutgoingOperation,
  PlanPart,
  SyncPlan,
  SyncStore,
  TakenOperation,
  Taker,
} from './sync-store.ts';

/** The last sequence number that there is. */
const LAST_SEQUENCE = 2 ** 32 - 1;

/** What synchronisation over a store needs. */
export interface StoredLogsOptions extends IntakeOptions {
  readonly store: LogStore;
  /** Which logs are forked; who has none tells nobody of forks by evidence alone. */
  readonly marks?: ForkMarks | undefined;
  /** Told of a log that lacks an operation, whenever it is to be sent: nobody can follow what stands behind that. */
  readonly holed?: ((log: LogName) => void) | undefined;
  /** Told what other nodes have. */
  readonly heard?: ((remote: Tips) => (hasAll: boolean) => unknown) | undefined;
  /** Told of operations that these brought, each once. */
  readonly brought?: ((operation: TakenOperation) => void) | undefined;
}

/** Stored logs as sessions see them: read from the store, taken in through the one writer. */
export class StoredLogs implements SyncStore {
  readonly #store: LogStore;
  readonly #intake: Intake;
  readonly #heard: StoredLogsOptions['heard'];
  readonly #holed: StoredLogsOptions['holed'];
  readonly #brought: StoredLogsOptions['brought'];
  readonly #marks: ForkMarks | undefined;
  /** Behind what operations without bodies are looked for next. */
  #lackingAfter: Parameters<LogStore['lacking']>[0];

  constructor(options: StoredLogsOptions) {
    this.#store = options.store;
    this.#intake = new Intake(options);
    this.#heard = options.heard;
    this.#holed = options.holed;
    this.#brought = options.brought;
    this.#marks = options.marks;
  }

  heard(remote: Tips): (hasAll: boolean) => unknown {
    return this.#heard?.(remote) ?? (() => undefined);
  }

  brought(operation: TakenOperation): void {
    this.#brought?.(operation);
  }

  /**
   * A log whose fork is known by evidence alone shows that by a hash of the id that its other branch begins with: what
   * is there is the evidence and not the branch, so no tip of that may stand here.
   */
  async tips(topic: Uint8Array): Promise<PartedTips> {
    // What the store keeps is not to be changed.
    const shown = (await this.#store.tips(toHex(topic))).snapshot();
    for (const { author, log, side } of this.#marks?.all() ?? []) {
      const tip = shown.get(author)?.get(log);
      if (tip === undefined || tip.side !== undefined) continue;
      shown.set(author, new OneLog(log, { ...tip, side: hashBytes(side) }));
    }
    return shown;
  }

  async plan(topic: Uint8Array, remote: PartedTips): Promise<SyncPlan> {
    // As it is now: what is published while it is compared must not stand beside what was read before.
    const local = await this.#store.tips(toHex(topic));
    const [ours, theirs] = [local.unlike(remote), remote.unlike(local)];
    const ids = await runWithPauses(this.#idsAtHeights(ours, theirs));
    const idAt = (author: string, log: string): Uint8Array | undefined => ids.get(author + log);
    const comparison = await runWithPauses(comparing(ours, theirs, MOST_SIDE_OPERATIONS, idAt));
    const froms = new Map<string, number>();
    for (const { author, log } of comparison.sides) {
      froms.set(author + log, (await this.#store.head({ author, log }))?.side?.from ?? 0);
    }
    const parts = planParts(
      comparison,
      ({ author, log }) => froms.get(author + log)!,
      ({ author, log }) => ours.get(author)!.get(log)!.height,
    );
    return { ...(await this.#sizeOf(parts)), parts };
  }

  async read(part: PlanPart, most: number): Promise<readonly OutgoingOperation[]> {
    const { side, after } = part;
    const branch = side ? 'side' : 'canonical';
    const page = await this.#store.read(branch, part, after, Math.min(part.until, LAST_SEQUENCE), most);
    const whole = await this.#wholeOf(part, page);
    if (whole < page.length) this.#holed?.(part);
    return whole < page.length ? page.slice(0, whole) : page;
  }

  /** How many operations of a page follow what stands before it: a damaged one may be lost, and must not end the session. */
  async #wholeOf({ author, log, side, after }: PlanPart, page: readonly StoredOperation[]): Promise<number> {
    const first = page[0]?.sequence ?? 0;
    const hole = page.findIndex(({ sequence }, at) => sequence !== first + at);
    const whole = hole === -1 ? page.length : hole;
    if (whole === 0 || first === (after ?? -1) + 1) return whole;
    const head = await this.#store.head({ author, log });
    return first === (side ? head?.side?.from : head?.first) ? whole : 0;
  }

  async evidence(author: string, log: string): Promise<readonly [Uint8Array, Uint8Array] | undefined> {
    return this.#store.evidence({ author, log });
  }

  take(topic: Uint8Array, header: Uint8Array, body: Uint8Array | undefined, taker: Taker): void {
    this.#intake.take(topic, header, body, taker);
  }

  takeEvidence(
    first: Uint8Array,
    second: Uint8Array,
    seen: (log: LogName) => void = () => undefined,
    opener: LogOpener = {},
  ): Promise<LogReason | SessionFault | undefined> {
    return this.#intake.evidence(first, second, seen, opener);
  }

  async lacking(most: number): Promise<LackingBodies | undefined> {
    const found = await this.#store.lacking(this.#lackingAfter, most);
    // From the beginning again, behind the last.
    this.#lackingAfter = found && { ...found, sequence: found.places.at(-1)! };
    return found;
  }

  async at(
    topic: Uint8Array,
    { author, log }: LogName,
    sequence: number,
  ): Promise<readonly StoredOperation[]> {
    if (log !== toHex(logIdOf(topic))) return [];
    const before = sequence === 0 ? undefined : sequence - 1;
    const [canonical, side] = await Promise.all([
      this.#store.read('canonical', { author, log }, before, sequence, 1),
      this.#store.read('side', { author, log }, before, sequence, 1),
    ]);
    return [...canonical, ...side];
  }

  *forksUnknownTo(remote: Tips): Generator<LogName> {
    for (const mark of this.#marks?.all() ?? []) {
      const side = remote.get(mark.author)?.get(mark.log)?.side;
      if (side === undefined) yield mark;
    }
  }

  /** Ids of this side at the heights of the other, where it is ahead. */
  *#idsAtHeights(local: Tips, remote: Tips): WaitingSteps<Map<string, Uint8Array>> {
    const ids = new Map<string, Uint8Array>();
    const pace = new Pace();
    for (const [author, logs] of remote) {
      if (pace.after(0)) yield;
      for (const [log, { height }] of logs) {
        const own = local.get(author)?.get(log);
        if (own === undefined || height >= own.height) continue;
        const id = yield* waitFor(this.#store.idAt({ author, log }, height));
        if (id !== undefined) ids.set(author + log, fromHex(id)!);
      }
    }
    return ids;
  }

  /** How much the parts of a plan are. */
  async #sizeOf(parts: readonly PlanPart[]): Promise<Pick<SyncPlan, 'operations' | 'bytes'>> {
    let operations = 0;
    let bytes = 0;
    for (const part of parts) {
      const size = await this.#store.size(part.side ? 'side' : 'canonical', part, part.after, part.until);
      operations += size.operations;
      bytes += size.bytes;
    }
    return { operations, bytes };
  }
}
