/** A policy for specs of the mesh: lets a spec decide what becomes of puts, and when. */
import { failure, success } from '../../lib/base/result.ts';
import type { MaybePromise } from '../../lib/base/maybe-promise.ts';
import type { FieldWrite } from '../../lib/graph/write.ts';
import type { Checked } from '../../lib/mesh/check-line.ts';
import type { WritePolicy } from '../../lib/mesh/checks.ts';

/** A put under check. */
export interface HeldCheck {
  readonly writes: readonly FieldWrite[];
  readonly owner: string;
  readonly decide: (checked: Checked) => void;
  readonly fail: (error: Error) => void;
}

/**
 * Decides by the souls of a put: those that begin with `slow` wait for the spec, those with `bad` are refused, others
 * may be stored.
 */
export class HeldPolicy implements WritePolicy {
  /** Checks that wait, the oldest first. */
  readonly held: HeldCheck[] = [];

  check(writes: readonly FieldWrite[], owner: string): MaybePromise<Checked> {
    const soul = writes[0]?.soul ?? '';
    if (soul.startsWith('bad')) return failure('Unverified data.');
    if (!soul.startsWith('slow')) return success(writes);
    return new Promise<Checked>((decide, fail) => {
      this.held.push({ writes, owner, decide, fail });
    });
  }

  /** Lets the oldest checks through. */
  pass(count = 1): void {
    for (const { writes, decide } of this.held.splice(0, count)) decide(success(writes));
  }
}
