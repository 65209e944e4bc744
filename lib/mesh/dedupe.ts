import { systemClock, type Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';

const START_SLOTS = 1024;

/** A set of 64-bit fingerprints in two typed arrays: 16 bytes an id, nothing for the garbage collector. */
class FingerprintSet {
  size = 0;
  #slots = START_SLOTS;
  #words = new Uint32Array(2 * START_SLOTS);

  has(high: number, low: number): boolean {
    return this.#words[this.#find(high, low)] !== 0;
  }

  add(high: number, low: number): void {
    const at = this.#find(high, low);
    if (this.#words[at] !== 0) return;
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.size += 1;
    if (this.size * 2 > this.#slots) this.#grow();
  }

  /** Index of the fingerprint's first word, or of the free slot where it would stand; `high` is never 0. */
  #find(high: number, low: number): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    let slot = low & mask;
    while (words[2 * slot] !== 0) {
      if (words[2 * slot] === high && words[2 * slot + 1] === low) break;
      slot = (slot + 1) & mask;
    }
    return 2 * slot;
  }

  #grow(): void {
    const before = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(2 * this.#slots);
    for (let i = 0; i < before.length; i += 2) {
      if (before[i] === 0) continue;
      const at = this.#find(before[i]!, before[i + 1]!);
      this.#words[at] = before[i]!;
      this.#words[at + 1] = before[i + 1]!;
    }
  }
}

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
