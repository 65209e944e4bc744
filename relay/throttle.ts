/** Keeps peers that came in to what they may send; those of exempt addresses are left alone. */
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import type { Link } from '../lib/mesh/link.ts';
import { Allowances } from './allowance.ts';
import type { Client } from './client-address.ts';
import type { Repeat } from './heartbeat.ts';
import { LimitedLink, type MeteredLink } from './limited-link.ts';
import type { RelayOptions } from './option-table.ts';

/** How often links are looked at that send something else than texts, in milliseconds. */
const CHECK_MS = 1000;

/** What the throttle needs. */
export interface ThrottleParts {
  readonly options: RelayOptions;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly repeat: Repeat;
  readonly startTimer: StartTimer;
  /** Told when a peer begins to be too fast, and when it is closed for that. */
  readonly report: (event: 'slowed' | 'too-fast', link: Link) => void;
}

/** Limits links, and knows those that are. */
export class Throttle {
  readonly #parts: ThrottleParts;
  readonly #allowances: Allowances;
  readonly #links = new Set<LimitedLink>();
  #stop: (() => void) | undefined;
  /** How often a peer began to be too fast, and how many were closed for that. */
  readonly counts: Record<'slowed' | 'too-fast', number> = { slowed: 0, 'too-fast': 0 };

  constructor(parts: ThrottleParts) {
    this.#parts = parts;
    this.#allowances = new Allowances(parts.options);
  }

  /** Looks at links from now on. */
  start(): void {
    this.#stop ??= this.#parts.repeat(CHECK_MS, () => {
      for (const link of this.#links) link.check();
    });
  }

  /** Addresses whose allowance is remembered. */
  get addressCount(): number {
    return this.#allowances.addressCount;
  }

  /** Links that are limited. */
  get linkCount(): number {
    return this.#links.size;
  }

  /** The link as its listener is to use it. */
  limit(link: MeteredLink, client: Client): Link {
    if (client.isExempt) return link;
    const { options, now, startTimer, report } = this.#parts;
    const limited: LimitedLink = new LimitedLink({
      link,
      allowances: this.#allowances.of(client.key, now()),
      tooFastMs: options.tooFastMs,
      now,
      startTimer,
      onGone: () => this.#links.delete(limited),
      report: (event) => {
        this.counts[event] += 1;
        report(event, link);
      },
    });
    this.#links.add(limited);
    return limited;
  }

  /** Looks at links no more. */
  close(): void {
    this.#stop?.();
  }
}
