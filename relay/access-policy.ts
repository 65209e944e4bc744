/** May these writes be stored? Those into the spaces of users by the rules of SEA, all others always. */
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/base/clock.ts';
import type { Limits } from '../lib/base/limits.ts';
import type { MaybePromise } from '../lib/base/maybe-promise.ts';
import { Pace } from '../lib/base/pace.ts';
import { waitFor, type Slices, type WaitingSteps } from '../lib/base/slices.ts';
import type { FieldWrite } from '../lib/graph/write.ts';
import type { Checked } from '../lib/mesh/check-line.ts';
import type { WritePolicy } from '../lib/mesh/checks.ts';
import { SeaChecker } from '../lib/sea/checker.ts';
import type { ReadStored } from '../lib/sea/verifier.ts';
import type { GraphStore } from '../lib/store/graph-store.ts';

/** What the policy needs. */
export interface AccessPolicyParts {
  /** Asked what it holds. */
  readonly graph: Pick<GraphStore, 'readField'>;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly slices: Slices;
}

/** Keeps forgeries out of the store. */
export class AccessPolicy implements WritePolicy {
  readonly #sea: SeaChecker;
  readonly #clock: Clock;
  readonly #readStored: ReadStored;
  readonly #slices: Slices;

  constructor({ graph, limits, clock, slices }: AccessPolicyParts) {
    this.#sea = new SeaChecker(limits, slices, () => createHash('sha256'));
    this.#clock = clock;
    this.#slices = slices;
    this.#readStored = (soul, key) => graph.readField(soul, key);
  }

  /** Those of some writes that pass, each by itself: what one of them is does not matter to the others. */
  allowed(writes: readonly FieldWrite[], owner: string): MaybePromise<readonly FieldWrite[]> {
    const checked = this.check(writes, owner);
    if (checked instanceof Promise) return this.#allowed(writes, owner, checked);
    return checked.ok ? checked.value : this.#passing(writes, owner);
  }

  async #allowed(
    writes: readonly FieldWrite[],
    owner: string,
    checking: Promise<Checked>,
  ): Promise<readonly FieldWrite[]> {
    const checked = await checking;
    return checked.ok ? checked.value : this.#passing(writes, owner);
  }

  async #passing(writes: readonly FieldWrite[], owner: string): Promise<readonly FieldWrite[]> {
    return this.#slices.runWaiting(this.#passingInSteps(writes, owner));
  }

  *#passingInSteps(writes: readonly FieldWrite[], owner: string): WaitingSteps<readonly FieldWrite[]> {
    const passing: FieldWrite[] = [];
    const pace = new Pace();
    for (const write of writes) {
      const checked = yield* waitFor(this.check([write], owner));
      if (checked.ok) passing.push(...checked.value);
      if (pace.after(write.json.length)) yield;
    }
    return passing;
  }

  /** {@link WritePolicy.check}; failures carry SEA's own words. */
  check(writes: readonly FieldWrite[], owner: string): MaybePromise<Checked> {
    return this.#sea.check(writes, this.#clock(), this.#readStored, owner);
  }
}
