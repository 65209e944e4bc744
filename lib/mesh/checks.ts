import { failure, success } from '../base/result.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Limits } from '../base/limits.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { Writer } from '../store/writer.ts';
import { CheckLine, type Checked, type CheckedPut } from './check-line.ts';
import { READ_FAILED } from './counters.ts';
import type { Peer } from './peer.ts';

/** Decides what may be stored, before anything of a put is. */
export interface WritePolicy {
  /**
   * Checks the writes of one put; answers at once where it can. Rejects when what is stored cannot be read.
   *
   * @param owner by whom those that have to wait take turns
   */
  check(writes: readonly FieldWrite[], owner: string): MaybePromise<Checked>;
}

/** Part of the puts that wait for the storage at which a peer is heard again. */
const RELEASE_SHARE = 2;

/** What checks need. */
export interface ChecksParts {
  /** Everything may be stored when absent. */
  readonly policy: WritePolicy | undefined;
  readonly limits: Limits;
  /** Where what was checked waits: who has some there while it is crowded should not add more. */
  readonly writer: Pick<Writer, 'isCrowded'>;
  /** Told when the policy could not decide. */
  readonly fail: (peer: Peer, error: unknown) => void;
}

/** Asks the policy about every put; those of other peers are checked meanwhile, within bounds for each. */
export class Checks {
  readonly #parts: ChecksParts;
  #pending = 0;
  #idle: (() => void)[] = [];

  constructor(parts: ChecksParts) {
    this.#parts = parts;
  }

  /** Puts whose check, or what has to be read before it, takes time. */
  get size(): number {
    return this.#pending;
  }

  /**
   * Lets a put go on once it was checked, and all that its peer put before.
   *
   * @param reading resolves when it was read so far that it can be checked, to the reason when it is refused
   */
  run(peer: Peer, put: CheckedPut, reading?: Promise<string | undefined>): void {
    const checking = reading === undefined ? this.#check(peer, put) : this.#checkRead(peer, put, reading);
    if (!(checking instanceof Promise) && peer.checks === undefined) return put.goOn(checking);
    this.#wait(peer, put, checking).catch((error: unknown) => this.#parts.fail(peer, error));
  }

  #check({ name }: Peer, { writes }: CheckedPut): MaybePromise<Checked> {
    const { policy } = this.#parts;
    return policy === undefined ? success(writes) : policy.check(writes, name);
  }

  async #checkRead(peer: Peer, put: CheckedPut, reading: Promise<string | undefined>): Promise<Checked> {
    const reason = await reading;
    return reason === undefined ? this.#check(peer, put) : failure(reason);
  }

  /** Resolves when nothing is being checked. */
  async idle(): Promise<void> {
    if (this.#pending > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** A put that could not be checked is refused. */
  async #wait(peer: Peer, put: CheckedPut, checking: MaybePromise<Checked>): Promise<void> {
    const line = (peer.checks ??= new CheckLine());
    const place = line.add(put);
    this.#pending += 1;
    this.balance(peer);
    let checked: Checked;
    try {
      checked = await checking;
    } catch (error) {
      this.#parts.fail(peer, error);
      checked = failure(READ_FAILED);
    }
    line.decide(place, checked);
    if (line.size === 0) peer.checks = undefined;
    this.balance(peer);
    this.#pending -= 1;
    if (this.#pending > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Hears a peer no further while too much of what it put is not done with. */
  balance({ inbox, checks, unsettledPuts }: Peer): void {
    const { limits, writer } = this.#parts;
    const isCrowding = unsettledPuts > 0 && writer.isCrowded;
    if (unsettledPuts >= limits.unsettledPuts || checks?.isFull === true || isCrowding) inbox?.hold();
    else if (unsettledPuts * RELEASE_SHARE <= limits.unsettledPuts) inbox?.release();
  }
}
