import { fromHex, toHex } from '../base/byte-texts.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { relayError } from '../base/errors.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { FieldWrite } from '../graph/write.ts';
import { logIdOf } from '../log/hash.ts';
import type { Signer } from '../log/key-pair.ts';
import { createOperation, FIRST_PLACE, timestampOf, type Operation, type Place } from '../log/operation.ts';
import type { LogName } from '../log/heights.ts';
import type { LogStore } from './log-store.ts';
import type { PutOutcome, PutRequest } from './writer.ts';

/** What a log of one's own needs. */
export interface OwnLogOptions {
  readonly signer: Signer;
  readonly topic: Uint8Array;
  readonly store: LogStore;
  readonly submit: (request: PutRequest) => void;
  readonly clock?: Clock | undefined;
  /** What other nodes show of this log; nothing is published while one of them shows more. */
  readonly claims?: OwnLogGate | undefined;
}

/** Whether something may be published. */
export interface OwnLogGate {
  readonly isBehind: boolean;
  /** Resolves when somebody was asked, or nobody was there. */
  ready(): Promise<void>;
}

/** What is appended beside a body. */
export interface AppendOptions {
  /** What the body says to the graph, when the graph has not got it yet. */
  readonly writes?: readonly FieldWrite[];
  /** What the body says to the graph, whether the graph has it or not; `writes` when absent. */
  readonly says?: readonly FieldWrite[];
  /** Keys of marks that the operation makes superfluous. */
  readonly witnesses?: readonly string[];
  /** Writes that are to be witnessed again, marked by the same commit. */
  readonly marks?: readonly FieldWrite[];
  readonly prune?: boolean;
}

/** The log that this node signs, of one topic: one operation after the other, each durable before the next. */
export class OwnLog {
  readonly #options: OwnLogOptions;
  readonly #logId: Uint8Array;
  /** Whose log it is, by author and log id as hex. */
  readonly name: LogName;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: OwnLogOptions) {
    this.#options = options;
    this.#logId = logIdOf(options.topic);
    this.name = { author: toHex(options.signer.publicKey), log: toHex(this.#logId) };
  }

  /** Appends a body; gives the operation once it is durable, or why it is not, as the text of LOG_BEHIND. */
  append(body: Uint8Array, options: AppendOptions = {}): Promise<Result<Operation>> {
    const appended = this.#after(this.#last, body, options);
    this.#last = appended;
    return appended;
  }

  /** Resolves when nothing is being appended. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #after(
    before: Promise<unknown>,
    body: Uint8Array,
    options: AppendOptions,
  ): Promise<Result<Operation>> {
    await before;
    try {
      return await this.#append(body, options);
    } catch (error) {
      return failure(error instanceof Error ? error.message : 'failed');
    }
  }

  async #append(
    body: Uint8Array,
    { writes = [], says = writes, witnesses, marks, prune = false }: AppendOptions,
  ): Promise<Result<Operation>> {
    const { signer, submit, claims, clock = systemClock } = this.#options;
    await claims?.ready();
    if (claims?.isBehind === true) throw relayError('LOG_BEHIND');
    const fields = { logId: this.#logId, timestamp: timestampOf(clock()), prune };
    const operation = createOperation(signer, await this.#place(), fields, body);
    const outcome = await new Promise<PutOutcome>((settle) => {
      const request = { writes, says, operation, witnesses, marks, owner: this.name.author, settle };
      submit({ ...request, mustFollow: true });
    });
    return outcome.ok ? success(operation) : failure(outcome.reason);
  }

  async #place(): Promise<Place> {
    const head = await this.#options.store.head(this.name);
    return head === undefined ? FIRST_PLACE : { sequence: head.height + 1, backlink: fromHex(head.tip) };
  }
}
