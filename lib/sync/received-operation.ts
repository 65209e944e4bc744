import { equalBytes } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import {
  checkSignatureLater,
  readOperation,
  readOperationInSteps,
  readUnchecked,
  readUncheckedInSteps,
} from '../log/integrity.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { LogReason } from '../log/reasons.ts';
import type { Verdict, VerifyLater, VerifySignature } from '../log/strict-ed25519.ts';
import type { LogRefusals } from '../store/log-refusals.ts';
import type { LogShare } from '../store/log-room.ts';
import type { PutOutcome, PutRequest } from '../store/put-request.ts';
import { writesInSteps, writesOf } from './said-writes.ts';
import type { Taker } from './sync-store.ts';
import { takenOperation } from './taken-operation.ts';

/** What an operation says to the graph. */
type Writes = PutRequest['writes'];

/** Bytes of operations that are gone through in one step. */
export const STEP_BYTES = 16_384;

/** What operations on their way into a store need. */
export interface ReceivingOptions {
  readonly submit: (request: PutRequest) => void;
  readonly verify?: VerifySignature | undefined;
  /** Checks the signatures of operations in its place, beside everything else; what it cannot check is not taken. */
  readonly verifyLater?: VerifyLater | undefined;
  /** Those writes of an operation that the graph may hold; all when absent. The operation is kept whatever they are. */
  readonly allow?: ((writes: Writes, author: string) => MaybePromise<Writes>) | undefined;
  /** Told what operations changed in the graph, once that is durable, and the key of the node that brought them. */
  readonly changed?: (writes: Writes, node: string | undefined) => void;
  readonly refusals?: LogRefusals | undefined;
}

/** By author: resolves when what waits for a decision has it, or cannot have one. */
export type Undecided = Map<string, Promise<void>>;

const NO_WRITES: Writes = [];

/** Stands for what was read: frames are not kept alive by what waits to be written. */
const READ = new Uint8Array(0);

/** One operation that is checked, then a request to the writer: one object on all its way, as there are so many. */
export class ReceivedOperation implements PutRequest {
  readonly #options: ReceivingOptions;
  readonly #undecided: Undecided;
  readonly #logId: Uint8Array;
  readonly #taker: Taker;
  #header: Uint8Array;
  #body: Uint8Array | undefined;
  /** What was read; undefined before that. */
  #read: Result<Operation, LogReason> | undefined = undefined;
  /** True while the signature is checked beside other things. */
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
  /** Bytes of header and body. */
  readonly bytes: number;
  /** What others of the author wait for, while this one waits for a decision. */
  #decided: Promise<void> | undefined = undefined;

  constructor(
    options: ReceivingOptions,
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

  /** Told that it could not be decided. */
  fail(error: unknown): void {
    this.#taker.fail(error);
  }

  /** Begins what goes on beside other things, if there is anything: in steps where that is long. */
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
    return this.bytes > STEP_BYTES;
  }

  /** Goes through what is too long for one step, before {@link check}; only that is gone through so. */
  get reading(): Generator<void, void> | undefined {
    return this.#isLarge ? this.#readInSteps() : undefined;
  }

  *#readInSteps(): Generator<void, void> {
    if (this.#read === undefined && this.#failure === undefined)
      this.#taken(yield* readOperationInSteps(this.#header, this.#body, this.#options.verify));
    const read = this.#checked();
    yield;
    if (read.ok && this.#isOfLog(read.value)) this.#said = yield* writesInSteps(read.value);
    yield;
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

  /**
   * Checks it and submits what is true; the promise, if any, settles when that is decided.
   *
   * @throws what kept the signature from being checked
   */
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

  /** Told by the writer what became of it. */
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
    else if (verdict !== true) this.#failure = verdict instanceof Error ? verdict : new Error('no verdict');
    this.isSigning = false;
    this.#goOn?.();
  }

  /** Resolves when the signature is checked. */
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
