/** How many authors that are new here, and forks of logs that are not held, each address may bring. */
import { TwoGenerations } from '../lib/base/two-generations.ts';
import type { LogShare, Share } from '../lib/store/log-room.ts';
import type { Client } from './client-address.ts';
import type { RelayOptions } from './option-table.ts';
import { TokenBucket, type Rate } from './token-bucket.ts';

const DAY_SECONDS = 86_400;

/** What all those at one address may bring of something. */
class AddressShare implements LogShare {
  /** The share of a day, so that one a day is always to be had. */
  readonly most: number;
  readonly evidence: Share | undefined;
  readonly #now: () => number;
  readonly #bucket: TokenBucket;

  constructor(rate: Rate, now: () => number, evidence?: Share) {
    this.evidence = evidence;
    this.most = rate.burst;
    this.#now = now;
    this.#bucket = new TokenBucket(rate, now());
  }

  has(cost: number): boolean {
    return this.#bucket.level(this.#now()) >= cost;
  }

  take(cost: number): void {
    this.#bucket.spend(cost, this.#now());
  }
}

/**
 * Gives out shares, one for each address: keys cost nothing, so that one stranger could take all places there are for
 * authors and forks. They outlive the peers of an address, as many as may be remembered.
 */
export class Newcomers {
  readonly #authors: Rate;
  readonly #forks: Rate;
  readonly #now: () => number;
  readonly #byAddress: TwoGenerations<string, LogShare>;

  /** @param now milliseconds that never go back */
  constructor(
    options: Pick<RelayOptions, 'addressAuthors' | 'addressForks' | 'rememberedAddresses'>,
    now: () => number,
  ) {
    this.#authors = daily(options.addressAuthors);
    this.#forks = daily(options.addressForks);
    this.#now = now;
    this.#byAddress = new TwoGenerations(options.rememberedAddresses);
  }

  /** Addresses remembered. */
  get addressCount(): number {
    return this.#byAddress.size;
  }

  /** The share of a client; undefined for one that no limit per address holds for. */
  of({ key, isExempt }: Client): LogShare | undefined {
    if (isExempt) return undefined;
    const known = this.#byAddress.get(key);
    if (known !== undefined) return known;
    const share = new AddressShare(this.#authors, this.#now, new AddressShare(this.#forks, this.#now));
    this.#byAddress.set(key, share);
    return share;
  }
}

function daily(most: number): Rate {
  return { perSecond: most / DAY_SECONDS, burst: most };
}
