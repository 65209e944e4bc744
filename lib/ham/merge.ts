import type { Entry, FieldWrite } from '../graph/write.ts';
import { resolve } from './resolve.ts';

/** What writes are merged into: the entries as they stand, changed as the merge goes on. */
export interface MergeView {
  /** The entry a property has now, undefined when it has none. */
  current(soul: string, key: string): Entry | undefined;
  /** Takes the winner of a property. */
  accept(write: FieldWrite): void;
}

/** What became of writes; those that are historical or the same appear in neither list. */
export interface MergeOutcome {
  readonly accepted: FieldWrite[];
  readonly deferred: FieldWrite[];
}

/**
 * Merges writes in their order by HAM.
 *
 * @param now the receiver's clock in milliseconds; states beyond it are deferred
 */
export function merge(writes: readonly FieldWrite[], view: MergeView, now: number): MergeOutcome {
  const accepted: FieldWrite[] = [];
  const deferred: FieldWrite[] = [];
  for (const write of writes) {
    const verdict = resolve(write, view.current(write.soul, write.key), now);
    if (verdict === 'accept') {
      view.accept(write);
      accepted.push(write);
    } else if (verdict === 'defer') deferred.push(write);
  }
  return { accepted, deferred };
}
