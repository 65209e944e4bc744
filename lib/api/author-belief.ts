import { toHex } from '../base/byte-texts.ts';
import { chain, type MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { runWithPauses } from '../base/slices.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { namesOf } from '../log/operation.ts';
import { compareRank } from '../log/prune.ts';
import { LOG_REASONS } from '../log/reasons.ts';
import { keyOfSoul, OWNED } from '../store/key-soul.ts';
import { readSignedPutInSteps } from '../store/signed-put.ts';
import type { PutMessage } from '../wire/message.ts';
import type { Uplink } from './uplink.ts';
import type { UserSpaces } from './user-spaces.ts';

/** What those are told who show what a key has said elsewhere. */
const ELSEWHERE = `op: ${LOG_REASONS.log.text}`;
/** Souls of one message that are asked for; what it says of others is not believed. */
const MOST_ASKED = 100;
/** The field of a get that asks for the operations behind the answer. */
const WITH_OPERATIONS = ',"op":1';

/** Reads what is kept of a property. */
export type ReadKept = (soul: string, key: string) => Promise<Entry | undefined>;

/**
 * What peers say of souls that belong to a key: believed when the key has signed it, and asked for again with the operation
 * when it comes without one, as changes and answers of relays do. What is kept already was believed before.
 */
export class AuthorBelief {
  readonly #readKept: ReadKept;
  readonly #settled: () => MaybePromise<unknown>;
  /** Ids of the logs that count, as hex. */
  readonly #logs = new Set<string>();
  /** Souls that are asked for over a link. */
  readonly #asked = new WeakMap<Uplink, Map<string, Promise<void>>>();

  /** @param settled resolves when everything that was taken is kept */
  constructor(readKept: ReadKept, settled: () => MaybePromise<unknown>) {
    this.#readKept = readKept;
    this.#settled = settled;
  }

  /** Believes what keys have signed in their logs of an id. */
  believe(logId: Uint8Array): void {
    this.#logs.add(toHex(logId));
  }

  /** Checks like others, and before that whether what peers say of such souls is signed. */
  around({ check, plain }: UserSpaces): UserSpaces {
    return {
      plain,
      check: (writes, now, read, message, uplink) => {
        const believed =
          message === undefined || uplink === undefined
            ? success(writes)
            : this.#judge(writes, message, uplink);
        return chain(believed, (judged) =>
          judged.ok ? check(judged.value, now, read, message, uplink) : judged,
        );
      },
    };
  }

  #judge(
    writes: readonly FieldWrite[],
    message: PutMessage,
    uplink: Uplink,
  ): MaybePromise<Result<readonly FieldWrite[]>> {
    if (writes.every(({ soul }) => keyOfSoul(soul) === undefined)) return success(writes);
    if (message.op === undefined) return this.#judgeUnsigned(writes, message, uplink);
    const steps = readSignedPutInSteps(message.op, message.writes);
    const first = steps.next();
    // What is short is judged at once.
    const read = first.done === true ? first.value : runWithPauses(steps);
    return chain(read, (found) => {
      if (!found.ok) return found;
      return this.#logs.has(namesOf(found.value).log) ? success(writes) : failure(ELSEWHERE);
    });
  }

  async #judgeUnsigned(
    writes: readonly FieldWrite[],
    message: PutMessage,
    uplink: Uplink,
  ): Promise<Result<readonly FieldWrite[]>> {
    // Operations that came just before are being kept.
    await this.#settled();
    const doubted = await this.#doubted(writes);
    const souls = [...new Set(doubted.map(({ soul }) => soul))].slice(0, MOST_ASKED);
    await Promise.all(souls.map((soul) => this.#askFor(soul, uplink)));
    if (doubted.length > 0) await this.#settled();
    const left = await this.#doubted(doubted);
    // What was answered is left out: the peer may not know better. What it says by itself it is told.
    if (left.length > 0 && message.replyTo === undefined) return failure(OWNED);
    return success(writes.filter(({ soul }) => keyOfSoul(soul) === undefined));
  }

  /** What is not kept as it is said, nor something newer. */
  async #doubted(writes: readonly FieldWrite[]): Promise<readonly FieldWrite[]> {
    const doubted: FieldWrite[] = [];
    for (const write of writes) {
      if (keyOfSoul(write.soul) === undefined) continue;
      const kept = await this.#readKept(write.soul, write.key);
      const rank = kept === undefined ? -1 : compareRank(kept, write);
      if (rank < 0) doubted.push(write);
    }
    return doubted;
  }

  /** Asks for a node with its operations; one that is asked for already brings no more by asking again. */
  #askFor(soul: string, uplink: Uplink): Promise<void> {
    const asked = this.#asked.get(uplink) ?? new Map<string, Promise<void>>();
    this.#asked.set(uplink, asked);
    if (asked.has(soul)) return Promise.resolve();
    const answered = new Promise<void>((resolve) => {
      const end = (): void => {
        asked.delete(soul);
        resolve();
      };
      uplink.ask({ selector: { soul, reverse: false }, more: WITH_OPERATIONS, answered: end });
    });
    asked.set(soul, answered);
    return answered;
  }
}
