import { toHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { Slices, type Steps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import { checkEvidence, type ForkEvidence } from '../log/fork.ts';
import { logIdOf } from '../log/hash.ts';
import { readOperation } from '../log/integrity.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { Placement } from '../log/placement.ts';
import type { LogName } from '../log/heights.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import type { VerifySignature } from '../log/strict-ed25519.ts';
import { decodeDelta } from '../store/delta-codec.ts';
import { mayWrite } from '../store/key-soul.ts';
import type { LogRefusals } from '../store/log-refusals.ts';
import type { PutOutcome, PutRequest } from '../store/writer.ts';
import type { SessionFault } from './log-sync.ts';
import type { SeenOperation, TakenOperation } from './sync-store.ts';

/** What an operation says to the graph. */
type Writes = PutRequest['writes'];

/** What the intake needs. */
export interface IntakeOptions {
  readonly submit: (request: PutRequest) => void;
  readonly verify?: VerifySignature | undefined;
  /** Those writes of an operation that the graph may hold; all when absent. The operation is kept whatever they are. */
  readonly allow?: ((writes: Writes, author: string) => MaybePromise<Writes>) | undefined;
  /** Told what operations changed in the graph, once that is durable, and the key of the node that brought them. */
  readonly changed?: (writes: Writes, node: string | undefined) => void;
  readonly refusals?: LogRefusals | undefined;
  /** Cuts the checks into slices; own ones when absent. */
  readonly slices?: Slices | undefined;
}

/** What became of an operation. */
export type TakeResult = Result<TakenOperation, LogReason | SessionFault>;

/** Something to be checked. */
interface Waiting {
  /** What has to be gone through. */
  readonly bytes: number;
  /** Does it; the promise, if any, settles when it is done. */
  check(): MaybePromise<void>;
  /** Told that it could not be done. */
  fail(error: unknown): void;
}

/** By author: resolves when what waits for a decision has it, or cannot have one. */
type Undecided = Map<string, Promise<void>>;

/** Operations checked between two looks at the clock, and bytes of them. */
const CHECKED_AT_ONCE = 4;
const CHECKED_BYTES = 16_384;

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

  /** Takes an operation of a topic in; resolves once it is durable, or refused. */
  take(
    topic: Uint8Array,
    header: Uint8Array,
    body: Uint8Array | undefined,
    seen: (operation: SeenOperation) => void,
    node?: string,
    isInvited = true,
  ): Promise<TakeResult> {
    const logId = this.#logIdOf(topic);
    return new Promise((resolve, reject) => {
      const arrived = { header, body, seen, node, isInvited, resolve, fail: reject };
      this.#add(new Taking(this.#options, this.#undecided, logId, arrived));
    });
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
      this.#add({ bytes: first.length + second.length, check, fail: reject });
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
    inLaterTurn(() => void this.#slices.run(this.#steps()));
  }

  *#steps(): Steps<void> {
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting;
      this.#waiting = [];
      let bytes = 0;
      for (let at = 0; at < waiting.length; at += 1) {
        this.#do(waiting[at]!);
        bytes += waiting[at]!.bytes;
        if (at % CHECKED_AT_ONCE !== 0 && bytes < CHECKED_BYTES) continue;
        bytes = 0;
        yield;
      }
    }
    this.#isRunning = false;
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

/** An operation on its way, and who is told what became of it. */
interface TakingParts {
  readonly header: Uint8Array;
  readonly body: Uint8Array | undefined;
  readonly seen: (operation: SeenOperation) => void;
  readonly node: string | undefined;
  readonly isInvited: boolean;
  readonly resolve: (result: TakeResult) => void;
  readonly fail: (error: unknown) => void;
}

/** One operation that is checked, then a request to the writer: one object on all its way, as there are so many. */
class Taking implements Waiting, PutRequest {
  readonly #options: IntakeOptions;
  readonly #undecided: Undecided;
  readonly #logId: Uint8Array;
  readonly #parts: TakingParts;
  operation: Operation | undefined = undefined;
  owner: string | undefined = undefined;
  writes: Writes = [];
  /** What others of the author wait for, while this one waits for a decision. */
  #decided: Promise<void> | undefined;
  readonly isInvited: boolean;

  constructor(options: IntakeOptions, undecided: Undecided, logId: Uint8Array, parts: TakingParts) {
    this.#options = options;
    this.#undecided = undecided;
    this.#logId = logId;
    this.#parts = parts;
    this.isInvited = parts.isInvited;
  }

  get bytes(): number {
    return this.#parts.header.length + (this.#parts.body?.length ?? 0);
  }

  fail(error: unknown): void {
    this.#parts.fail(error);
  }

  check(): MaybePromise<void> {
    const { verify } = this.#options;
    const { header, body, seen } = this.#parts;
    const read = readOperation(header, body, verify);
    if (!read.ok) return this.#refuse(read.reason);
    const operation = read.value;
    if (!equalBytes(operation.extensions.logId, this.#logId)) return this.#refuse('log');
    const said = writesOf(operation);
    if (!said.ok) return this.#refuse(said.reason);
    const { author, log, id } = namesOf(operation);
    seen({ author, log, id, sequence: operation.header.sequence });
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
    const { node, resolve } = this.#parts;
    if (!outcome.ok) return resolve(failure(outcome.logReason ?? 'storage'));
    if (outcome.changed.length > 0) this.#options.changed?.(outcome.changed, node);
    resolve(success(takenOperation(this.operation!, outcome.placement ?? 'known')));
  }

  /** Refuses what no log is asked about. */
  #refuse(reason: LogReason): void {
    this.#options.refusals?.add(reason);
    this.#parts.resolve(failure(reason));
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
  const { header, extensions, body } = operation;
  const { author, log, id } = namesOf(operation);
  return {
    author,
    log,
    id,
    sequence: header.sequence,
    header: header.bytes,
    body,
    forkedAt: placement === 'side-start' || placement === 'switch' ? header.sequence : undefined,
    mayFollow: extensions.prune || placement.startsWith('side'),
    known: placement === 'known',
    filled: placement === 'filled',
  };
}
