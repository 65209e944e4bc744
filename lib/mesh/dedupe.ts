import { systemClock, type Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import { FingerprintSet } from './fingerprint-set.ts';

/**
 * Recently seen message ids, as seeded fingerprints in two generations: an id lives at least
 * `dedupeLifeMs` after its last touch (gun-wire section 8.1), and at most `dedupeIds` are kept; beyond that
 * the older half leaves early.
 */
export class Dedupe {
  readonly #clock: Clock;
  readonly #lifeMs: number;
  readonly #halfIds: number;
  readonly #seedHigh: number;
  readonly #seedLow: number;
  #young = new FingerprintSet();
  #old = new FingerprintSet();
  #rotatedAt: number;
  #high = 0;
  #low = 0;

  constructor(limits: Limits, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#lifeMs = limits.dedupeLifeMs;
    this.#halfIds = limits.dedupeIds / 2;
    const seeds = crypto.getRandomValues(new Uint32Array(2));
    this.#seedHigh = seeds[0]!;
    this.#seedLow = seeds[1]!;
    this.#rotatedAt = clock();
  }

  /** Ids kept. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /**
   * Notes an id; true when it was known already. Either way its life starts anew.
   *
   * @param scope whole number; ids of one scope are not those of another
   */
  seen(id: string, scope = 0): boolean {
    this.#age();
    this.#fingerprint(id, scope);
    if (this.#young.has(this.#high, this.#low)) return true;
    const known = this.#old.has(this.#high, this.#low);
    this.#young.add(this.#high, this.#low);
    return known;
  }

  /** True when an id is known in scope 0; its life goes on as it was. */
  has(id: string): boolean {
    this.#age();
    this.#fingerprint(id, 0);
    return this.#young.has(this.#high, this.#low) || this.#old.has(this.#high, this.#low);
  }

  /** Leaves the fingerprint of an id in two fields, which spares an object per message. */
  #fingerprint(id: string, scope: number): void {
    let high = this.#seedHigh ^ Math.imul(scope, 0x27d4eb2f);
    let low = this.#seedLow ^ Math.imul(scope, 0x165667b1);
    for (let i = 0; i < id.length; i += 1) {
      const unit = id.charCodeAt(i);
      high = Math.imul(high ^ unit, 0x9e3779b1);
      low = Math.imul(low ^ unit, 0x5f356495);
      high ^= low >>> 15;
    }
    high = Math.imul(high ^ (low >>> 16), 0x85ebca6b);
    low = Math.imul(low ^ (high >>> 13), 0xc2b2ae35);
    // 0 marks a free slot.
    this.#high = (high ^ (low >>> 16)) >>> 0 || 1;
    this.#low = low >>> 0;
  }

  #age(): void {
    const now = this.#clock();
    if (this.#young.size < this.#halfIds && now - this.#rotatedAt < this.#lifeMs) return;
    // A quiet spell of two lives leaves nothing worth keeping.
    this.#old = now - this.#rotatedAt < 2 * this.#lifeMs ? this.#young : new FingerprintSet();
    this.#young = new FingerprintSet();
    this.#rotatedAt = now;
  }
}
