import type { MaybePromise } from '../base/maybe-promise.ts';
import { failure, success, type Result } from '../base/result.ts';
import { waitFor, type WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { Demand } from './demand.ts';
import { hasSpecialSoul, isForgotten, isSpecialSoul } from './ownership.ts';
import type { Circumstances, Judgement, Verifier } from './verifier.ts';

/** What became of a check. */
export type Checked = Result<readonly FieldWrite[]>;

/** A write that cannot be decided at once. */
interface Undecided {
  readonly write: FieldWrite;
  readonly demand: Demand;
}

/** How checks take turns with each other, and with whatever else there is to do. */
export interface CheckTurns<Check extends Circumstances> {
  /** Lets the verifier judge a write. */
  readonly judge: (write: FieldWrite, demand: Demand, check: Check) => Promise<Judgement>;
  /** Goes through the steps of a large message. */
  readonly run: (steps: WaitingSteps<Checked>) => MaybePromise<Checked>;
}

/** Writes of one message that are judged at once. */
const WIDTH = 8;
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

/** Checks the writes of a put before any of them is merged; one that is wrong refuses them all. */
export class PutCheck<Check extends Circumstances = Circumstances> {
  readonly #verifier: Pick<Verifier, 'demandOf'>;
  readonly #turns: CheckTurns<Check>;

  constructor(verifier: Pick<Verifier, 'demandOf'>, turns: CheckTurns<Check>) {
    this.#verifier = verifier;
    this.#turns = turns;
  }

  /**
   * The writes that may be merged: all of them, save those to souls with `<?` that are too old to be kept. Without a
   * signature that is new the answer comes at once, for few writes. Failures carry SEA's own words.
   *
   * Rejects when reading what is stored does.
   */
  check(writes: readonly FieldWrite[], check: Check): MaybePromise<Checked> {
    if (!hasSpecialSoul(writes)) return success(writes);
    if (portionEnd(writes, 0) === writes.length) return this.#checkFew(writes, check);
    return this.#turns.run(this.#checkMany(writes, check));
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
        const judgement = await this.#turns.judge(write, demand, check);
        if (!judgement.ok) fault ??= judgement.reason;
        else if (!judgement.value) settled.add(write);
      }
    };
    await Promise.all(Array.from({ length: Math.min(WIDTH, undecided.length) }, lane));
    if (fault !== undefined) return failure(fault);
    return success(settled.size === 0 ? writes : writes.filter((write) => !settled.has(write)));
  }
}
