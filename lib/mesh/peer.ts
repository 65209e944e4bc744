import { Outbox } from './outbox.ts';
import { RecentSouls } from './recall.ts';
import type { Link } from './link.ts';
import type { Limits } from '../base/limits.ts';

/**
 * What a peer is to this one: a `relay` is sent every accepted change and asked what is not found here; a
 * `client` only what it asked for.
 */
export type PeerRole = 'client' | 'relay';

/** What a peer asked for; kept by `Interest`. */
export interface Subscriptions {
  readonly bySoul: Map<string, Set<string | undefined>>;
  count: number;
}

let peersMade = 0;

/** One remote: its link, who it said it is, what it asked for and what it is about to be sent. */
export class Peer {
  /** Names the peer in this process; future writes count against it. */
  readonly name: string;
  readonly link: Link;
  /** True when this side dialled. */
  readonly dialled: boolean;
  readonly outbox: Outbox;
  readonly subscriptions: Subscriptions = { bySoul: new Map(), count: 0 };
  /** Souls it wrote lately, to be asked for when it comes back. */
  readonly written: RecentSouls;
  role: PeerRole;
  /** Process id the remote told first; undefined until then. */
  pid: string | undefined = undefined;
  /** True when the remote said `hi`, as browsers do and relays do not. */
  saidHi = false;
  /** True when it says that others are connected to it: it is asked what is not found here. */
  relaysForOthers = false;
  /** True when another live link leads to the same relay; this one only listens. */
  standby = false;
  closed = false;
  /** True while it waits for the flush at the end of the turn. */
  flushing = false;
  /** Long answers under way, and those that wait behind them. */
  streams: Promise<void> = Promise.resolve();
  waitingStreams = 0;

  constructor(link: Link, role: PeerRole, limits: Limits) {
    peersMade += 1;
    this.name = `p${peersMade}`;
    this.link = link;
    this.role = role;
    this.dialled = role === 'relay';
    this.outbox = new Outbox(limits.packLength);
    this.written = new RecentSouls(limits.rememberedSouls);
  }
}
