import { toHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { Slices, type WaitingSteps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { idHexOf } from '../log/codec.ts';
import { checkEvidence, type ForkEvidence } from '../log/fork.ts';
import { logIdOf } from '../log/hash.ts';
import { checkSignatureLater, readOperation, readUnchecked } from '../log/integrity.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { Placement } from '../log/placement.ts';
import type { LogName } from '../log/heights.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import type { VerifyLater, VerifySignature } from '../log/strict-ed25519.ts';
import { decodeDelta } from '../store/delta-codec.ts';
import { mayWrite } from '../store/key-soul.ts';
import type { LogRefusals } from '../store/log-refusals.ts';
import type { PutOutcome, PutRequest } from '../store/writer.ts';
import type { SessionFault } from './log-sync.ts';
import type { SyncStore, TakenOperation, Taker, TakeResult } from './sync-store.ts';

/** What an operation says to the graph. */
type Writes = PutRequest['writes'];

/** What the intake needs. */
export interface IntakeOptions {
  readonly submit: (request: PutRequest) => void;
  readonly verify?: VerifySignature | undefined;
  /** Checks the signatures of operations in its place, beside everything else. */
  readonly verifyLater?: VerifyLater | undefined;
  /** Those writes of an operation that the graph may hold; all when absent. The operation is kept whatever they are. */
  readonly allow?: ((writes: Writes, author: string) => MaybePromise<Writes>) | undefined;
  /** Told what operations changed in the graph, once that is durable, and the key of the node that brought them. */
  readonly changed?: (writes: Writes, node: string | undefined) => void;
  readonly refusals?: LogRefusals | undefined;
  /** Cuts the checks into slices; own ones when absent. */
  readonly slices?: Slices | undefined;
}

/** Something to be checked. */
interface Waiting {
  /** Begins what goes on beside other things, if there is anything. */
  begin(): void;
  /** What goes on so; undefined when it is done. */
  readonly signing: Promise<void> | undefined;
  /** Does it; the promise, if any, settles when it is done. */
  check(): MaybePromise<void>;
  /** Told that it could not be done. */
  fail(error: unknown): void;
}

const NO_WRITES: Writes = [];

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
  #waiting: Waiting[] = [];
  #isRunning = false;
  #lastTopic: { readonly topic: Uint8Array; readonly logId: Uint8Array } | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#slices = options.slices ?? new Slices({ schedule: inLaterTurn });
  }

  /** Takes an operation of a topic in. */
  take(topic: Uint8Array, header: Uint8Array, body: Uint8Array | undefined, taker: Taker): void {
    this.#add(new Taking(this.#options, this.#logIdOf(topic), header, body, taker));
  }

  /** Checks two headers as evidence of a fork, and keeps it; gives why they are none. */
  evidence(
    first: Uint8Array,
    second: Uint8Array,
    seen: (log: LogName) => void,
  ): Promise<LogReason | SessionFault | undefined> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const evidence = checkEvidence(first, second, this.#options.verify);
        if (!evidence.ok) return resolve(evidence.reason);
        seen({ author: toHex(evidence.value.canonical.author), log: toHex(evidence.value.logId) });
        this.#keep(evidence.value, resolve);
      };
      this.#add({ check, fail: reject, begin: () => undefined, signing: undefined });
    });
  }

  #keep(evidence: ForkEvidence, resolve: (fault: LogReason | SessionFault | undefined) => void): void {
    const settle = (outcome: PutOutcome): void => {
      if (outcome.ok || outcome.reason === LOG_REASONS.authors.text) return resolve(undefined);
      resolve(outcome.reason === LOG_REASONS.log.text ? 'log' : 'storage');
    };
    this.#options.submit({ writes: [], evidence, owner: toHex(evidence.canonical.author), settle });
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
      for (let at = 0, begun = 0; at < waiting.length; at += 1) {
        const ahead = Math.min(at + MOST_AHEAD, waiting.length);
        for (; begun < ahead; begun += 1) waiting[begun]!.begin();
        // Half of them at a time, as each wait costs a turn.
        if (waiting[at]!.signing !== undefined)
          yield waiting[Math.min(at + MOST_AHEAD / 2, begun - 1)]!.signing;
        while (waiting[at]!.signing !== undefined) yield waiting[at]!.signing;
        yield* this.#do(waiting[at]!);
        if (at % CHECKED_AT_ONCE === 0) yield;
      }
    }
    this.#isRunning = false;
  }

  *#do(waiting: Waiting): WaitingSteps<void> {
    try {
      const checking = waiting.check();
      if (checking instanceof Promise) yield checking;
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

/** Stands for what was read: frames are not kept alive by what waits to be written. */
const READ = new Uint8Array(0);

/** One operation that is checked, then a request to the writer: one object on all its way, as there are so many. */
class Taking implements Waiting, PutRequest {
  readonly #options: IntakeOptions;
  readonly #logId: Uint8Array;
  readonly #taker: Taker;
  #header: Uint8Array;
  #body: Uint8Array | undefined;
  /** What was read; undefined before that. */
  #read: Result<Operation, LogReason> | undefined = undefined;
  signing: Promise<void> | undefined = undefined;
  operation: Operation | undefined = undefined;
  owner: string | undefined = undefined;
  writes: Writes = NO_WRITES;

  constructor(
    options: IntakeOptions,
    logId: Uint8Array,
    header: Uint8Array,
    body: Uint8Array | undefined,
    taker: Taker,
  ) {
    this.#options = options;
    this.#logId = logId;
    this.#header = header;
    this.#body = body;
    this.#taker = taker;
  }

  get isInvited(): boolean {
    return this.#taker.isInvited;
  }

  fail(error: unknown): void {
    this.#taker.fail(error);
  }

  begin(): void {
    const { verifyLater } = this.#options;
    if (verifyLater === undefined) return;
    const read = this.#taken(readUnchecked(this.#header, this.#body));
    if (read.ok) this.signing = this.#sign(read.value, verifyLater);
  }

  check(): MaybePromise<void> {
    const { allow, verify } = this.#options;
    const read = this.#read ?? this.#taken(readOperation(this.#header, this.#body, verify));
    if (!read.ok) return this.#refuse(read.reason);
    const operation = read.value;
    if (!equalBytes(operation.extensions.logId, this.#logId)) return this.#refuse('log');
    const said = writesOf(operation);
    if (!said.ok) return this.#refuse(said.reason);
    const { author, log, id } = namesOf(operation);
    this.#taker.seen({ author, log, id, sequence: operation.header.sequence });
    this.operation = operation;
    this.owner = author;
    const allowed = allow === undefined ? said.value : allow(said.value, author);
    if (allowed instanceof Promise) return allowed.then((writes) => this.#submit(writes));
    return this.#submit(allowed);
  }

  settle(outcome: PutOutcome): void {
    const taker = this.#taker;
    if (!outcome.ok) return taker.settle(failure(outcome.logReason ?? 'storage'));
    if (outcome.changed.length > 0) this.#options.changed?.(outcome.changed, taker.node);
    taker.settle(success(takenOperation(this.operation!, outcome.placement ?? 'known')));
  }

  #taken(read: Result<Operation, LogReason>): Result<Operation, LogReason> {
    this.#read = read;
    this.#header = READ;
    this.#body = undefined;
    return read;
  }

  async #sign({ header }: Operation, verify: VerifyLater): Promise<void> {
    const fault = await checkSignatureLater(header, verify);
    if (fault !== undefined) this.#read = failure(fault);
    this.signing = undefined;
  }

  /** Refuses what no log is asked about. */
  #refuse(reason: LogReason): void {
    this.#options.refusals?.add(reason);
    this.#taker.settle(failure(reason));
  }

  #submit(writes: Writes): void {
    this.writes = writes;
    this.#options.submit(this);
  }
}

/** What an operation says to the graph; of souls that belong to other keys it says nothing. */
export function writesOf(operation: Operation): Result<Writes, LogReason> {
  if (operation.body === undefined) return success([]);
  const delta = decodeDelta(operation.body);
  if (!delta.ok) return failure('body');
  const writes = delta.value?.writes ?? [];
  if (writes.every(({ soul }) => mayWrite(soul, undefined))) return success(writes);
  const author = toHex(operation.header.author);
  return success(writes.filter(({ soul }) => mayWrite(soul, author)));
}

/** An operation as sessions are told of it, once its log has it. */
export function takenOperation(operation: Operation, placement: Placement): TakenOperation {
  return new PlacedOperation(operation, placement);
}

/** Makes of an operation what somebody asks for: most often that is little. */
class PlacedOperation implements TakenOperation {
  readonly operation: Operation;
  readonly placement: Placement;

  constructor(operation: Operation, placement: Placement) {
    this.operation = operation;
    this.placement = placement;
  }

  get author(): string {
    return namesOf(this.operation).author;
  }

  get log(): string {
    return namesOf(this.operation).log;
  }

  get id(): string {
    return idHexOf(this.operation.header);
  }

  get sequence(): number {
    return this.operation.header.sequence;
  }

  get header(): Uint8Array {
    return this.operation.header.bytes;
  }

  get body(): Uint8Array | undefined {
    return this.operation.body;
  }

  get forkedAt(): number | undefined {
    return this.placement === 'side-start' || this.placement === 'switch' ? this.sequence : undefined;
  }

  get mayFollow(): boolean {
    return this.operation.extensions.prune || this.placement.startsWith('side');
  }

  get known(): boolean {
    return this.placement === 'known';
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
