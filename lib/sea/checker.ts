import { Gate } from '../base/gate.ts';
import type { Limits } from '../base/limits.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { Slices, waitFor, type WaitingSteps } from '../base/slices.ts';
import { inLaterTurn } from '../base/turns.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { Demand } from './demand.ts';
import { isLongJson } from './long-text.ts';
import { hasSpecialSoul, isForgotten, isSpecialSoul } from './ownership.ts';
import { GatheredHash, type StartHash } from './running-hash.ts';
import { Verifier, type Circumstances, type ReadStored } from './verifier.ts';

/** What became of a check. */
type Checked = Result<readonly FieldWrite[]>;

/** A write that cannot be decided at once. */
interface Undecided {
  readonly write: FieldWrite;
  readonly demand: Demand;
}

/** What a message is checked against, and for whom. */
interface Check extends Circumstances {
  readonly owner: string | undefined;
}

/** Writes of one message that are judged at once, those of all, and those among these with long values. */
const WIDTH = 8;
const WIDTH_OF_ALL = 64;
const WIDTH_OF_LONG = 2;
/** Writes of a message that are looked at without a pause, and the characters of their values. */
const FEW_WRITES = 32;
const FEW_CHARACTERS = 32_768;

/** Where the writes end, from `start` on, that are looked at without a pause; one at least. */
function portionEnd(writes: readonly FieldWrite[], start: number): number {
  const most = Math.min(writes.length, start + FEW_WRITES);
  let characters = 0;
  let end = start;
  while (end < most && characters < FEW_CHARACTERS) {
    characters += writes[end]!.json.length;
    end += 1;
  }
  return end;
}

/**
 * Guards the spaces of users: every write of a put is checked before any of them is merged, and one that is wrong
 * refuses them all. Signatures are checked a bounded number at once, and the event loop goes on meanwhile.
 */
export class SeaChecker {
  readonly #slices: Slices;
  readonly #verifier: Verifier;
  readonly #gate = new Gate(WIDTH_OF_ALL);
  readonly #longGate = new Gate(WIDTH_OF_LONG);

  /**
   * @param slices cuts long work into slices; own ones when absent
   * @param startHash hashes long texts part by part; WebCrypto, which takes megabytes in one go, when absent
   */
  constructor(
    limits: Pick<Limits, 'publicKeys' | 'verifiedBytes'>,
    slices: Slices = new Slices({ schedule: inLaterTurn }),
    startHash: StartHash = () => new GatheredHash(),
  ) {
    this.#slices = slices;
    this.#verifier = new Verifier(limits, slices, startHash);
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
    if (!hasSpecialSoul(writes)) return success(writes);
    const check = { now, readStored, owner };
    if (portionEnd(writes, 0) === writes.length) return this.#checkFew(writes, check);
    return this.#slices.runWaiting(this.#checkMany(writes, check));
  }

  /** Values kept as verified, and keys kept as imported. */
  get sizes(): Verifier['sizes'] {
    return this.#verifier.sizes;
  }

  #checkFew(writes: readonly FieldWrite[], check: Check): MaybePromise<Checked> {
    const { now } = check;
    const kept = writes.filter((write) => !isForgotten(write.soul, write.state, now));
    const undecided: Undecided[] = [];
    for (const write of kept) {
      if (!isSpecialSoul(write.soul)) continue;
      const demand = this.#verifier.demandOf(write, now);
      if (demand.kind === 'refused') return failure(demand.reason);
      if (demand.kind !== 'none') undecided.push({ write, demand });
    }
    return undecided.length === 0 ? success(kept) : this.#decide(undecided, check, kept);
  }

  /** The same for any number, a few after the others. */
  *#checkMany(writes: readonly FieldWrite[], check: Check): WaitingSteps<Checked> {
    const kept: FieldWrite[] = [];
    let end: number;
    for (let start = 0; start < writes.length; start = end) {
      end = portionEnd(writes, start);
      const checked = yield* waitFor(this.#checkFew(writes.slice(start, end), check));
      if (!checked.ok) return checked;
      kept.push(...checked.value);
      yield;
    }
    return success(kept);
  }

  async #decide(
    undecided: readonly Undecided[],
    check: Check,
    writes: readonly FieldWrite[],
  ): Promise<Checked> {
    let fault: string | undefined;
    let next = 0;
    const settled = new Set<FieldWrite>();
    const lane = async (): Promise<void> => {
      while (fault === undefined && next < undecided.length) {
        const { write, demand } = undecided[next]!;
        next += 1;
        const gate = isLongJson(write.json) ? this.#longGate : this.#gate;
        const judgement = await gate.run(() => this.#verifier.judge(write, demand, check), check.owner);
        if (!judgement.ok) fault ??= judgement.reason;
        else if (!judgement.value) settled.add(write);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WIDTH, undecided.length) }, lane));
    if (fault !== undefined) return failure(fault);
    return success(settled.size === 0 ? writes : writes.filter((write) => !settled.has(write)));
  }
}
