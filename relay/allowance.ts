/** How much peers may send: messages and bytes a second, for each peer and for all of one address. */
import { TwoGenerations } from '../lib/base/two-generations.ts';
import type { RelayOptions } from './option-table.ts';
import { TokenBucket, type Rate } from './token-bucket.ts';

/** A share of the burst from which on somebody counts as rested. */
const RESTED_SHARE = 0.5;

/** What one peer, or one address, may send; times are milliseconds that never go back. */
export class Allowance {
  readonly #rates: readonly Rate[];
  readonly #messages: TokenBucket;
  readonly #bytes: TokenBucket;

  constructor(messages: Rate, bytes: Rate, now: number) {
    this.#rates = [messages, bytes];
    this.#messages = new TokenBucket(messages, now);
    this.#bytes = new TokenBucket(bytes, now);
  }

  /**
   * Takes what was sent already.
   *
   * @returns the milliseconds until more may be sent
   */
  spend(messages: number, bytes: number, now: number): number {
    return Math.max(this.#messages.spend(messages, now), this.#bytes.spend(bytes, now));
  }

  /** True when at least half of the burst is there again. */
  isRested(now: number): boolean {
    const levels = [this.#messages.level(now), this.#bytes.level(now)];
    return levels.every((level, at) => level >= this.#rates[at]!.burst * RESTED_SHARE);
  }
}

/** The options that say how much. */
export type AllowanceOptions = Pick<
  RelayOptions,
  | 'peerMessages'
  | 'peerMessagesBurst'
  | 'peerBytes'
  | 'peerBytesBurst'
  | 'addressMessages'
  | 'addressMessagesBurst'
  | 'addressBytes'
  | 'addressBytesBurst'
  | 'rememberedAddresses'
>;

/** Gives out allowances. Those of addresses outlive their peers, as many as may be remembered. */
export class Allowances {
  readonly #options: AllowanceOptions;
  readonly #byAddress: TwoGenerations<string, Allowance>;

  constructor(options: AllowanceOptions) {
    this.#options = options;
    this.#byAddress = new TwoGenerations(options.rememberedAddresses);
  }

  /** Addresses remembered. */
  get addressCount(): number {
    return this.#byAddress.size;
  }

  /** What a new peer may send: its own allowance and the one it shares with others of its address. */
  of(addressKey: string, now: number): readonly Allowance[] {
    const { peerMessages, peerMessagesBurst, peerBytes, peerBytesBurst } = this.#options;
    const messages = { perSecond: peerMessages, burst: peerMessagesBurst };
    const bytes = { perSecond: peerBytes, burst: peerBytesBurst };
    return [new Allowance(messages, bytes, now), this.#ofAddress(addressKey, now)];
  }

  #ofAddress(key: string, now: number): Allowance {
    const known = this.#byAddress.get(key);
    if (known !== undefined) return known;
    const { addressMessages, addressMessagesBurst, addressBytes, addressBytesBurst } = this.#options;
    const messages = { perSecond: addressMessages, burst: addressMessagesBurst };
    const bytes = { perSecond: addressBytes, burst: addressBytesBurst };
    const allowance = new Allowance(messages, bytes, now);
    this.#byAddress.set(key, allowance);
    return allowance;
  }
}
