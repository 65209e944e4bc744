/** Keeps peers that came in to what they may send; those of exempt addresses are left alone. */
import { randomId } from '../lib/base/random.ts';
import type { Frame, Link } from '../lib/mesh/link.ts';
import type { LogFrame } from '../lib/sync/log-frames.ts';
import type { StartTimer } from '../lib/store/deferred-writes.ts';
import { encodeFrameError } from '../lib/wire/codec.ts';
import { Allowances } from './allowance.ts';
import type { Client } from './client-address.ts';
import type { Repeat } from './heartbeat.ts';
import { LimitedLink } from './limited-link.ts';
import type { LogWire } from './log-socket.ts';
import type { RelayOptions } from './option-table.ts';
import type { Metered, PacerParts } from './pacer.ts';

/** How often links are looked at that send something else than texts, in milliseconds. */
const CHECK_MS = 1000;
const NOTICE = 'too fast: this relay reads you more slowly for now';

/** A link of the mesh as a peer has it whose messages are counted. */
export type LimitedPeerLink = LimitedLink<string, Frame, void>;
/** A line of log frames, likewise. */
type LimitedLine = LimitedLink<Uint8Array | undefined, LogFrame, Promise<void> | void>;

/** What the throttle needs. */
export interface ThrottleParts {
  readonly options: RelayOptions;
  /** Milliseconds that never go back. */
  readonly now: () => number;
  readonly repeat: Repeat;
  readonly startTimer: StartTimer;
  /** Told when a peer begins to be too fast, and when it is closed for that. */
  readonly report: (event: 'slowed' | 'too-fast', link: { readonly name: string }) => void;
}

/** Limits links, and knows those that are. */
export class Throttle {
  readonly #parts: ThrottleParts;
  readonly #allowances: Allowances;
  readonly #links = new Set<LimitedPeerLink | LimitedLine>();
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
  limit(link: Link & Metered, client: Client): Link | LimitedPeerLink {
    if (client.isExempt) return link;
    const limited: LimitedPeerLink = new LimitedLink({
      ...this.#commonParts(link, client),
      link,
      tooFastMs: this.#parts.options.tooFastMs,
      warn: () => link.send({ text: encodeFrameError(randomId(), NOTICE) }),
      onGone: () => this.#links.delete(limited),
    });
    this.#links.add(limited);
    return limited;
  }

  /** The same for a line of log frames: who has much to catch up with is slowed down for as long as that takes. */
  limitLine(wire: LogWire & Metered, client: Client): LogWire {
    if (client.isExempt) return wire;
    const limited: LimitedLine = new LimitedLink({
      ...this.#commonParts(wire, client),
      link: wire,
      tooFastMs: Infinity,
      warn: () => undefined,
      onGone: () => this.#links.delete(limited),
    });
    this.#links.add(limited);
    return limited;
  }

  #commonParts(
    link: { readonly name: string },
    { key }: Client,
  ): Pick<PacerParts, 'allowances' | 'now' | 'startTimer' | 'report'> {
    const { now, startTimer, report } = this.#parts;
    return {
      allowances: this.#allowances.of(key, now()),
      now,
      startTimer,
      report: (event) => {
        this.counts[event] += 1;
        report(event, link);
      },
    };
  }

  /** Looks at links no more. */
  close(): void {
    this.#stop?.();
  }
}
