import { fromHex, toHex } from '../base/byte-texts.ts';
import { systemClock, type Clock } from '../base/clock.ts';
import { GraphError, relayError } from '../base/errors.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { FieldWrite } from '../graph/write.ts';
import { logIdOf } from '../log/hash.ts';
import type { Signer } from '../log/key-pair.ts';
import { createOperation, FIRST_PLACE, timestampOf, type Operation, type Place } from '../log/operation.ts';
import type { LogName } from '../log/heights.ts';
import type { LogHead } from './log-head.ts';
import { submitted, type PutRequest } from './put-request.ts';

/** What a log of one's own needs. */
export interface OwnLogOptions {
  readonly signer: Signer;
  readonly topic: Uint8Array;
  readonly submit: (request: PutRequest) => void;
  readonly clock?: Clock | undefined;
  /** What other nodes show of this log; nothing is published while one of them shows more. */
  readonly claims?: OwnLogGate | undefined;
}

/** Whether something may be published. */
export interface OwnLogGate {
  /** True until somebody was asked, or nobody was there; see `ready`. */
  readonly isExpecting: boolean;
  /** True while another node shows more than is here. */
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
  /** True for souls whose histories must note the operation; all when absent. */
  readonly notes?: ((soul: string) => boolean) | undefined;
  /** Writes that are to be witnessed again, marked by the same commit. */
  readonly marks?: readonly FieldWrite[];
  /** True to give up what is before it, which must end at a height then; -1 when nothing is before it. */
  readonly prunes?: number;
}

/** Why nothing was appended that gives up what is before it: something was appended meanwhile. */
export const LOG_MOVED = 'the log went on meanwhile';

/** The log that this node signs, of one topic. */
export class OwnLog {
  readonly #options: OwnLogOptions;
  readonly #logId: Uint8Array;
  /** Whose log it is, by author and log id as hex. */
  readonly name: LogName;

  constructor(options: OwnLogOptions) {
    this.#options = options;
    this.#logId = logIdOf(options.topic);
    this.name = { author: toHex(options.signer.publicKey), log: toHex(this.#logId) };
  }

  /** True while nothing is published. */
  get isHeld(): boolean {
    const { claims } = this.#options;
    return claims?.isExpecting === true || claims?.isBehind === true;
  }

  /** Signs a body as what comes after the head; gives why that is not possible, as the text of LOG_BEHIND. */
  sign(head: LogHead | undefined, body: Uint8Array, prune: boolean): Result<Operation> {
    const { signer, clock = systemClock } = this.#options;
    const fields = { logId: this.#logId, timestamp: timestampOf(clock()), prune };
    try {
      if (this.#options.claims?.isBehind === true) throw relayError('LOG_BEHIND');
      return success(createOperation(signer, placeAfterHead(head), fields, body));
    } catch (error) {
      if (error instanceof GraphError) return failure(error.message);
      throw error;
    }
  }

  /** Appends a body; gives the operation once it is durable, or why it is not. */
  async append(
    body: Uint8Array,
    { writes = [], says = writes, witnesses, notes, marks, prunes }: AppendOptions = {},
  ): Promise<Result<Operation>> {
    await this.#options.claims?.ready();
    let signed: Result<Operation> = failure(LOG_MOVED);
    const sign = (head: LogHead | undefined): Result<Operation> => {
      if (prunes === undefined || prunes === (head?.height ?? -1))
        signed = this.sign(head, body, prunes !== undefined);
      return signed;
    };
    const own = { ...this.name, sign };
    const request = { writes, says, own, witnesses, notes, marks, owner: this.name.author };
    const outcome = await submitted(this.#options.submit, request);
    return outcome.ok ? signed : failure(outcome.reason);
  }
}

function placeAfterHead(head: LogHead | undefined): Place {
  return head === undefined ? FIRST_PLACE : { sequence: head.height + 1, backlink: fromHex(head.tip) };
}
