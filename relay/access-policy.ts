/** May these writes be stored? Those into the spaces of users by the rules of SEA, all others always. */
import { createHash } from 'node:crypto';
import type { Clock } from '../lib/base/clock.ts';
import type { Limits } from '../lib/base/limits.ts';
import type { MaybePromise } from '../lib/base/maybe-promise.ts';
import type { Slices } from '../lib/base/slices.ts';
import type { FieldWrite } from '../lib/graph/write.ts';
import type { Checked } from '../lib/mesh/check-line.ts';
import type { WritePolicy } from '../lib/mesh/checks.ts';
import { SeaChecker } from '../lib/sea/checker.ts';
import type { ReadStored } from '../lib/sea/verifier.ts';
import type { GraphStore } from '../lib/store/graph-store.ts';

/** What the policy needs. */
export interface AccessPolicyParts {
  readonly graph: GraphStore;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly slices: Slices;
}

/** Keeps forgeries out of the store. */
export class AccessPolicy implements WritePolicy {
  readonly #sea: SeaChecker;
  readonly #clock: Clock;
  readonly #readStored: ReadStored;

  constructor({ graph, limits, clock, slices }: AccessPolicyParts) {
    this.#sea = new SeaChecker(limits, slices, () => createHash('sha256'));
    this.#clock = clock;
    this.#readStored = (soul, key) => graph.readField(soul, key);
  }

  /** {@link WritePolicy.check}; failures carry SEA's own words. */
  check(writes: readonly FieldWrite[], owner: string): MaybePromise<Checked> {
    return this.#sea.check(writes, this.#clock(), this.#readStored, owner);
  }
}
