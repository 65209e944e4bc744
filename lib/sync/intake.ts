import { toHex } from '../base/byte-texts.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { Slices, type WaitingSteps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { checkEvidence, type ForkEvidence } from '../log/fork.ts';
import { logIdOf } from '../log/hash.ts';
import type { LogName } from '../log/heights.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import type { LogOpener } from '../store/log-room.ts';
import type { PutOutcome } from '../store/put-request.ts';
import {
  ReceivedOperation,
  STEP_BYTES,
  type ReceivingOptions,
  type Undecided,
} from './received-operation.ts';
import type { SessionFault } from './session-faults.ts';
import type { SyncStore, Taker, TakeResult } from './sync-store.ts';

/** What the intake needs. */
export interface IntakeOptions extends ReceivingOptions {
  /** Cuts the checks into slices; own ones when absent. */
  readonly slices?: Slices | undefined;
}

/** Something to be checked. */
interface Waiting {
  /** What has to be gone through. */
  readonly bytes: number;
  /** Begins what goes on beside other things, if there is anything: in steps where that is long. */
  begin(): Generator<void, void> | undefined;
  /** True while that goes on. */
  readonly isSigning: boolean;
  /** Resolves when it is done. */
  signed(): Promise<void>;
  /** Goes through what is too long for one step, before {@link check}; only that is gone through so. */
  readonly reading: Generator<void, void> | undefined;
  /** Does it; the promise, if any, settles when it is done. */
  check(): MaybePromise<void>;
  /** Told that it could not be done. */
  fail(error: unknown): void;
}

/** Why evidence is left out that is true. */
const NO_ROOM: ReadonlySet<string> = new Set([LOG_REASONS.authors.text, LOG_REASONS.newcomers.text]);

/** Operations checked between two looks at the clock. */
const CHECKED_AT_ONCE = 4;
/** Operations whose signatures are checked beside others: enough to busy all threads, few enough for others to get one. */
const MOST_AHEAD = 32;

/**
 * Operations on their way into a store: each is checked, signature and all, in slices, as hundreds come in one turn;
 * then they go to the one writer, in the order in which they came.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #slices: Slices;
  /** Operations that wait for a decision, the last of each author: those of others go on meanwhile. */
  readonly #undecided: Undecided = new Map();
  #waiting: Waiting[] = [];
  #isRunning = false;
  #lastTopic: { readonly topic: Uint8Array; readonly logId: Uint8Array } | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#slices = options.slices ?? new Slices({ schedule: inLaterTurn });
  }

  /** Takes an operation of a topic in. */
  take(topic: Uint8Array, header: Uint8Array, body: Uint8Array | undefined, taker: Taker): void {
    this.#add(
      new ReceivedOperation(this.#options, this.#undecided, this.#logIdOf(topic), header, body, taker),
    );
  }

  /** Checks two headers as evidence of a fork, and keeps it while there is room; gives why they are none. */
  evidence(
    first: Uint8Array,
    second: Uint8Array,
    seen: (log: LogName) => void,
    opener: LogOpener,
  ): Promise<LogReason | SessionFault | undefined> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const evidence = checkEvidence(first, second, this.#options.verify);
        if (!evidence.ok) return resolve(evidence.reason);
        seen({ author: toHex(evidence.value.canonical.author), log: toHex(evidence.value.logId) });
        this.#keep(evidence.value, opener, resolve);
      };
      this.#add({
        bytes: first.length + second.length,
        check,
        fail: reject,
        begin: () => undefined,
        isSigning: false,
        signed: () => Promise.resolve(),
        reading: undefined,
      });
    });
  }

  #keep(
    evidence: ForkEvidence,
    { isInvited, share }: LogOpener,
    resolve: (fault: LogReason | SessionFault | undefined) => void,
  ): void {
    const settle = (outcome: PutOutcome): void => {
      if (outcome.ok || NO_ROOM.has(outcome.reason)) return resolve(undefined);
      resolve(outcome.reason === LOG_REASONS.log.text ? 'log' : 'storage');
    };
    const owner = toHex(evidence.canonical.author);
    this.#options.submit({ writes: [], evidence, owner, isInvited, share, settle });
  }

  #add(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#isRunning) return;
    this.#isRunning = true;
    // Whatever else comes in this turn is checked in the same slices.
    inLaterTurn(() => void this.#slices.runWaiting(this.#steps()));
  }

  *#steps(): WaitingSteps<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      for (let at = 0, begun = 0, bytes = 0; at < waiting.length; at += 1) {
        const ahead = Math.min(at + MOST_AHEAD, waiting.length);
        for (; begun < ahead; begun += 1) {
          const beginning = waiting[begun]!.begin();
          if (beginning === undefined) continue;
          yield* beginning;
          yield;
        }
        // Half of them at a time, as each wait costs a turn.
        if (waiting[at]!.isSigning) yield waiting[Math.min(at + MOST_AHEAD / 2, begun - 1)]!.signed();
        while (waiting[at]!.isSigning) yield waiting[at]!.signed();
        yield* this.#read(waiting[at]!);
        this.#do(waiting[at]!);
        bytes += waiting[at]!.bytes;
        if (at % CHECKED_AT_ONCE !== 0 && bytes < STEP_BYTES) continue;
        bytes = 0;
        yield;
      }
    }
    this.#isRunning = false;
  }

  *#read({ reading }: Waiting): Generator<void, void> {
    try {
      if (reading !== undefined) yield* reading;
    } catch {
      // The check meets it again, and tells who waits.
    }
  }

  #do(waiting: Waiting): void {
    try {
      const checking = waiting.check();
      if (checking instanceof Promise) checking.catch((error: unknown) => waiting.fail(error));
    } catch (error) {
      waiting.fail(error);
    }
  }

  /** Topics are few, and their hash is asked for with every operation. */
  #logIdOf(topic: Uint8Array): Uint8Array {
    if (this.#lastTopic?.topic !== topic) this.#lastTopic = { topic, logId: logIdOf(topic) };
    return this.#lastTopic.logId;
  }
}

/**
 * {@link SyncStore.take} of one operation that nobody else is told of; rejects when it cannot be decided.
 *
 * @param isInvited false for one that opens no log beyond the room for strangers
 */
export function takeOne(
  store: Pick<SyncStore, 'take'>,
  topic: Uint8Array,
  header: Uint8Array,
  body: Uint8Array | undefined,
  isInvited = true,
): Promise<TakeResult> {
  return new Promise((settle, fail) => {
    store.take(topic, header, body, { isInvited, seen: () => undefined, settle, fail });
  });
}
