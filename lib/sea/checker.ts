import { Gate } from '../base/gate.ts';
import type { GraphLimits } from '../base/graph-limits.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { Slices } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { FieldWrite } from '../graph/write.ts';
import { isLongJson } from './long-text.ts';
import { LongValues } from './long-values.ts';
import { PutCheck, type Checked } from './put-check.ts';
import { GatheredHash, type StartHash } from './running-hash.ts';
import { Verifier, type Circumstances, type ReadStored } from './verifier.ts';

/** What a message is checked against, and for whom. */
interface Check extends Circumstances {
  readonly owner: string | undefined;
}

/** Writes of all messages that are judged at once, and those among these with long values. */
const WIDTH_OF_ALL = 64;
const WIDTH_OF_LONG = 2;

/**
 * Guards the spaces of users: every write of a put is checked before any of them is merged, and one that is wrong
 * refuses them all. Signatures are checked a bounded number at once, and the event loop goes on meanwhile.
 */
export class SeaChecker {
  readonly #verifier: Verifier;
  readonly #check: PutCheck<Check>;

  /**
   * @param slices cuts long work into slices; own ones when absent
   * @param startHash hashes long texts part by part; WebCrypto, which takes megabytes in one go, when absent
   */
  constructor(
    limits: Pick<GraphLimits, 'publicKeys' | 'verifiedBytes'>,
    slices: Slices = new Slices({ schedule: inLaterTurn }),
    startHash: StartHash = () => new GatheredHash(),
  ) {
    const verifier = new Verifier(limits, new LongValues(slices, startHash));
    const gate = new Gate(WIDTH_OF_ALL);
    const longGate = new Gate(WIDTH_OF_LONG);
    this.#verifier = verifier;
    this.#check = new PutCheck(verifier, {
      run: (steps) => slices.runWaiting(steps),
      judge: (write, demand, check) => {
        const door = isLongJson(write.json) ? longGate : gate;
        return door.run(() => verifier.judge(write, demand, check), check.owner);
      },
    });
  }

  /**
   * The writes that may be merged: all of them, save those to souls with `<?` that are too old to be kept. Without a
   * signature that is new the answer comes at once, for few writes. Failures carry SEA's own words.
   *
   * Rejects when `readStored` does.
   *
   * @param now clock in milliseconds, for certificates and `<?`
   * @param readStored asked for block lists, and whether a signed value is stored already
   * @param owner by whom checks take turns when there are many
   */
  check(
    writes: readonly FieldWrite[],
    now: number,
    readStored: ReadStored,
    owner?: string,
  ): MaybePromise<Checked> {
    return this.#check.check(writes, { now, readStored, owner });
  }

  /** Values kept as verified, and keys kept as imported. */
  get sizes(): Verifier['sizes'] {
    return this.#verifier.sizes;
  }
}
