import { Pace } from '../base/pace.ts';
import type { Entry, FieldWrite } from '../graph/write.ts';
import { resolve } from './resolve.ts';

/** What writes are merged into: the entries as they stand, changed as the merge goes on. */
export interface MergeView {
  /** The entry a property has now, undefined when it has none. */
  current(soul: string, key: string): Entry | undefined;
  /** Takes the winner of a property. */
  accept(write: FieldWrite): void;
}

/** True when two values of one property at one state mean the same, whatever their texts: the first one stays (D30). */
export type SaysTheSame = (soul: string, key: string, current: Entry, incoming: Entry) => boolean;

/** What became of writes; those that are historical or the same appear in neither list. */
export interface MergeOutcome {
  readonly accepted: FieldWrite[];
  readonly deferred: FieldWrite[];
}

/**
 * Merges writes in their order by HAM.
 *
 * @param now the receiver's clock in milliseconds; states beyond it are deferred
 * @param saysTheSame asked about other texts at equal states; none mean the same when absent
 */
export function merge(
  writes: readonly FieldWrite[],
  view: MergeView,
  now: number,
  saysTheSame?: SaysTheSame,
): MergeOutcome {
  const outcome: MergeOutcome = { accepted: [], deferred: [] };
  for (const write of writes) mergeOne(write, view, now, outcome, saysTheSame);
  return outcome;
}

/** {@link merge} in steps, for any number of writes. */
export function* mergeInSteps(
  writes: readonly FieldWrite[],
  view: MergeView,
  now: number,
  saysTheSame?: SaysTheSame,
): Generator<void, MergeOutcome> {
  const outcome: MergeOutcome = { accepted: [], deferred: [] };
  const pace = new Pace();
  for (const write of writes) {
    mergeOne(write, view, now, outcome, saysTheSame);
    if (pace.after(0)) yield;
  }
  return outcome;
}

function mergeOne(
  write: FieldWrite,
  view: MergeView,
  now: number,
  outcome: MergeOutcome,
  saysTheSame: SaysTheSame | undefined,
): void {
  const { soul, key } = write;
  const current = view.current(soul, key);
  const verdict = resolve(write, current, now);
  if (verdict === 'accept') {
    if (current?.state === write.state && saysTheSame?.(soul, key, current, write) === true) return;
    view.accept(write);
    outcome.accepted.push(write);
  } else if (verdict === 'defer') outcome.deferred.push(write);
}
