import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Result } from '../base/result.ts';
import type { LogName, LogRange, Tips } from '../log/heights.ts';
import type { PartedTips } from '../log/parted-tips.ts';
import type { LogReason } from '../log/reasons.ts';
import type { LogOpener, LogShare } from '../store/log-room.ts';
import type { SessionFault } from './session-faults.ts';

/** An operation on its way to the other side. */
export interface OutgoingOperation extends LogName {
  /** Its id as hex. */
  readonly id: string;
  readonly sequence: number;
  readonly header: Uint8Array;
  readonly body: Uint8Array | undefined;
}

/** Operations of one log that are held without their bodies. */
export interface LackingBodies extends LogName {
  /** Their sequence numbers, in order. */
  readonly places: readonly number[];
}

/** Operations of one log to be sent, of its canonical branch or of its side branch. */
export interface PlanPart extends LogRange {
  readonly side: boolean;
}

/** What the other side of a session lacks. */
export interface SyncPlan {
  readonly operations: number;
  /** Of headers and bodies. */
  readonly bytes: number;
  readonly parts: readonly PlanPart[];
}

/** An operation that is true in itself, wherever its place may be. */
export type SeenOperation = Pick<OutgoingOperation, 'author' | 'log' | 'id' | 'sequence'>;

/** An operation that was taken in. */
export interface TakenOperation extends OutgoingOperation {
  /** Where the log forked with it; undefined when it did not. */
  readonly forkedAt: number | undefined;
  /** True when it need not follow what others have: a prune point, or part of a side branch. */
  readonly mayFollow: boolean;
  /** True when it was held before. */
  readonly known: boolean;
  /** True when it was held without the body that it has now. */
  readonly filled?: boolean | undefined;
}

/** What became of an operation. */
export type TakeResult = Result<TakenOperation, LogReason | SessionFault>;

/** Who is told what becomes of an operation: one object on all its way, as so many are on theirs at a time. */
export interface Taker {
  /** Key of the node that it comes from, as hex. */
  readonly node?: string | undefined;
  /** False for what may open no log beyond the room that strangers have. */
  readonly isInvited: boolean;
  /** What it may open otherwise; as much as there is room for when absent. */
  readonly share?: LogShare | undefined;
  /**
   * Told which operation it is, once that is true and before anybody is told that it is new here: whoever sent it need
   * not hear of it.
   */
  seen(operation: SeenOperation): void;
  /** Told once that it is durable, or refused; never within the call that gave it. */
  settle(result: TakeResult): void;
  /** Told instead that it cannot be decided. */
  fail(error: unknown): void;
}

/** What synchronisation needs of a store of logs. */
export interface SyncStore {
  /** The state vector of a topic; it may go on while it is used. */
  tips(topic: Uint8Array): Promise<PartedTips>;
  /**
   * Told what another replica has, before it is compared.
   *
   * @returns to be called once when everything that it sends was taken in, or with false when it is gone before that
   */
  heard?(remote: Tips): (hasAll: boolean) => unknown;
  /** Told of an operation that another replica brought, once it is durable, if it was not held before. */
  brought?(operation: TakenOperation): void;
  /** What a replica with these tips lacks. */
  plan(topic: Uint8Array, remote: PartedTips): Promise<SyncPlan>;
  /** The next operations of a part, in order and at most so many; empty at the end. */
  read(part: PlanPart, most: number): Promise<readonly OutgoingOperation[]>;
  /** Both headers of a forked log's fork, undefined when it is not forked. */
  evidence(
    author: string,
    log: string,
  ): Promise<readonly [first: Uint8Array, second: Uint8Array] | undefined>;
  /** Checks an operation and takes it in, durably; those of one log in the order of the calls. */
  take(topic: Uint8Array, header: Uint8Array, body: Uint8Array | undefined, taker: Taker): void;
  /**
   * Checks evidence of a fork, and keeps it.
   *
   * @param seen told of which log it is, once that is true
   * @param opener who brings it
   */
  takeEvidence(
    first: Uint8Array,
    second: Uint8Array,
    seen?: (log: LogName) => void,
    opener?: LogOpener,
  ): MaybePromise<LogReason | SessionFault | undefined>;
  /**
   * Some operations that came without their bodies, others with each call; undefined when there are none. Whoever brings an
   * operation can leave its body away, so others are asked for it.
   *
   * @param most how many there are at most
   */
  lacking?(most: number): Promise<LackingBodies | undefined>;
  /** The operations at a place of a log of a topic, on both branches. */
  at?(topic: Uint8Array, log: LogName, sequence: number): Promise<readonly OutgoingOperation[]>;
  /** Forked logs that another replica does not know as such; none when absent. */
  forksUnknownTo?(remote: Tips): Iterable<LogName>;
}
