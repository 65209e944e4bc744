import { toHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { Slices, type WaitingSteps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { idHexOf } from '../log/codec.ts';
import { checkEvidence, type ForkEvidence } from '../log/fork.ts';
import { logIdOf } from '../log/hash.ts';
import {
  checkSignatureLater,
  readOperation,
  readOperationInSteps,
  readUnchecked,
  readUncheckedInSteps,
} from '../log/integrity.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { Placement } from '../log/placement.ts';
import type { LogName } from '../log/heights.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import type { Verdict, VerifyLater, VerifySignature } from '../log/strict-ed25519.ts';
import { decodeDelta, decodeDeltaInSteps, type Delta } from '../store/delta-codec.ts';
import { mayWrite } from '../store/key-soul.ts';
import type { LogRefusals } from '../store/log-refusals.ts';
import type { LogOpener, LogShare } from '../store/log-room.ts';
import type { PutOutcome, PutRequest } from '../store/put-request.ts';
import type { SessionFault } from './session-faults.ts';
import type { SyncStore, TakenOperation, Taker, TakeResult } from './sync-store.ts';

/** What an operation says to the graph. */
type Writes = PutRequest['writes'];

/** What the intake needs. */
export interface IntakeOptions {
  readonly submit: (request: PutRequest) => void;
  readonly verify?: VerifySignature | undefined;
  /** Checks the signatures of operations in its place, beside everything else; what it cannot check is not taken. */
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

/** By author: resolves when what waits for a decision has it, or cannot have one. */
type Undecided = Map<string, Promise<void>>;

const NO_WRITES: Writes = [];
/** Why evidence is left out that is true. */
const NO_ROOM: ReadonlySet<string> = new Set([LOG_REASONS.authors.text, LOG_REASONS.newcomers.text]);

/** Operations checked between two looks at the clock, and bytes of them. */
const CHECKED_AT_ONCE = 4;
const CHECKED_BYTES = 16_384;
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
    this.#add(new Taking(this.#options, this.#undecided, this.#logIdOf(topic), header, body, taker));
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
        if (at % CHECKED_AT_ONCE !== 0 && bytes < CHECKED_BYTES) continue;
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

/** Stands for what was read: frames are not kept alive by what waits to be written. */
const READ = new Uint8Array(0);

/** One operation that is checked, then a request to the writer: one object on all its way, as there are so many. */
class Taking implements Waiting, PutRequest {
  readonly #options: IntakeOptions;
  readonly #undecided: Undecided;
  readonly #logId: Uint8Array;
  readonly #taker: Taker;
  #header: Uint8Array;
  #body: Uint8Array | undefined;
  /** What was read; undefined before that. */
  #read: Result<Operation, LogReason> | undefined = undefined;
  isSigning = false;
  /** Goes on with who waits for the signature. */
  #goOn: (() => void) | undefined = undefined;
  /** Why its signature could not be checked. */
  #failure: Error | undefined = undefined;
  /** What it says to the graph, once that was gone through in steps. */
  #said: Result<Writes, LogReason> | undefined = undefined;
  operation: Operation | undefined = undefined;
  owner: string | undefined = undefined;
  writes: Writes = NO_WRITES;
  readonly bytes: number;
  /** What others of the author wait for, while this one waits for a decision. */
  #decided: Promise<void> | undefined = undefined;

  constructor(
    options: IntakeOptions,
    undecided: Undecided,
    logId: Uint8Array,
    header: Uint8Array,
    body: Uint8Array | undefined,
    taker: Taker,
  ) {
    this.#options = options;
    this.#undecided = undecided;
    this.#logId = logId;
    this.#header = header;
    this.#body = body;
    this.#taker = taker;
    this.bytes = header.length + (body?.length ?? 0);
  }

  get isInvited(): boolean {
    return this.#taker.isInvited;
  }

  get share(): LogShare | undefined {
    return this.#taker.share;
  }

  fail(error: unknown): void {
    this.#taker.fail(error);
  }

  begin(): Generator<void, void> | undefined {
    const { verifyLater } = this.#options;
    if (verifyLater === undefined) return undefined;
    if (this.#isLarge) return this.#beginInSteps(verifyLater);
    this.#signRead(readUnchecked(this.#header, this.#body), verifyLater);
    return undefined;
  }

  *#beginInSteps(verify: VerifyLater): Generator<void, void> {
    this.#signRead(yield* readUncheckedInSteps(this.#header, this.#body), verify);
  }

  #signRead(read: Result<Operation, LogReason>, verify: VerifyLater): void {
    this.#taken(read);
    if (read.ok) this.#sign(read.value, verify);
  }

  get #isLarge(): boolean {
    return this.bytes > CHECKED_BYTES;
  }

  get reading(): Generator<void, void> | undefined {
    return this.#isLarge ? this.#readInSteps() : undefined;
  }

  *#readInSteps(): Generator<void, void> {
    if (this.#read === undefined && this.#failure === undefined)
      this.#taken(yield* readOperationInSteps(this.#header, this.#body, this.#options.verify));
    const read = this.#checked();
    yield;
    if (read.ok && this.#isOfLog(read.value)) this.#said = yield* writesInSteps(read.value);
  }

  /** @throws what kept its signature from being checked: nothing of it is believed then */
  #checked(): Result<Operation, LogReason> {
    if (this.#failure !== undefined) throw this.#failure;
    this.#read ??= this.#taken(readOperation(this.#header, this.#body, this.#options.verify));
    return this.#read;
  }

  #isOfLog({ extensions }: Operation): boolean {
    return equalBytes(extensions.logId, this.#logId);
  }

  check(): MaybePromise<void> {
    const read = this.#checked();
    if (!read.ok) return this.#refuse(read.reason);
    const operation = read.value;
    if (!this.#isOfLog(operation)) return this.#refuse('log');
    const said = this.#said ?? writesOf(operation);
    if (!said.ok) return this.#refuse(said.reason);
    const { author, log, id } = namesOf(operation);
    this.#taker.seen({ author, log, id, sequence: operation.header.sequence });
    this.operation = operation;
    this.owner = author;
    const before = this.#undecided.get(author);
    const deciding =
      before === undefined ? this.#decide(said.value, author) : this.#decideAfter(before, said.value, author);
    if (deciding instanceof Promise) this.#noteUndecided(author, deciding);
    return deciding;
  }

  /** Asks what of it may be in the graph, and submits that. */
  #decide(writes: Writes, author: string): MaybePromise<void> {
    const { allow } = this.#options;
    const allowed = allow === undefined ? writes : allow(writes, author);
    if (allowed instanceof Promise) return allowed.then((some) => this.#submit(some));
    return this.#submit(allowed);
  }

  /** Operations of one author keep their order. */
  async #decideAfter(before: Promise<void>, writes: Writes, author: string): Promise<void> {
    await before;
    await this.#decide(writes, author);
  }

  #noteUndecided(author: string, deciding: Promise<void>): void {
    this.#decided = this.#forgetAfter(deciding, author);
    this.#undecided.set(author, this.#decided);
  }

  async #forgetAfter(deciding: Promise<void>, author: string): Promise<void> {
    await deciding.catch(() => undefined);
    // Others may wait behind this one by now.
    if (this.#undecided.get(author) === this.#decided) this.#undecided.delete(author);
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

  #sign({ header }: Operation, verify: VerifyLater): void {
    this.isSigning = true;
    try {
      checkSignatureLater(header, verify, (verdict) => this.#noteVerdict(verdict));
    } catch (error) {
      this.#noteVerdict(error instanceof Error ? error : new Error('no verdict', { cause: error }));
    }
  }

  #noteVerdict(verdict: Verdict): void {
    if (verdict === false) this.#read = failure('signature');
    else if (verdict !== true) this.#failure = verdict;
    this.isSigning = false;
    this.#goOn?.();
  }

  signed(): Promise<void> {
    if (!this.isSigning) return Promise.resolve();
    return new Promise((resolve) => {
      this.#goOn = resolve;
    });
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
  return operation.body === undefined ? success([]) : ownOf(operation, decodeDelta(operation.body));
}

/** {@link writesOf} in steps. */
function* writesInSteps(operation: Operation): Generator<void, Result<Writes, LogReason>> {
  const { body } = operation;
  return body === undefined ? success([]) : ownOf(operation, yield* decodeDeltaInSteps(body));
}

function ownOf(operation: Operation, delta: Result<Delta | undefined>): Result<Writes, LogReason> {
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

  get filled(): boolean {
    return this.placement === 'filled';
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
