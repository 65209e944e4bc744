import { systemClock, type Clock } from '../base/clock.ts';
import type { Gate } from '../base/gate.ts';
import type { Limits } from '../base/limits.ts';
import type { LogShare } from '../store/log-room.ts';
import type { CheckLine } from './check-line.ts';
import type { Inbox } from './inbox.ts';
import type { Link } from './link.ts';
import { Outbox } from './outbox.ts';
import type { ReadQueue } from './read-queue.ts';
import { RecentSouls } from './recall.ts';

/** Part of the output limit above which a peer is behind: reads and long answers wait until it reads. */
const BEHIND_SHARE = 8;

/**
 * What a peer is to this one: a `relay` is sent every accepted change and asked what is not found here; a
 * `client` only what it asked for.
 */
export type PeerRole = 'client' | 'relay';

/** What a peer asked for of a soul: a property, the whole node (true), or several of these. */
export type Wanted = string | true | Set<string | true>;

/** What a peer asked for; kept by `Interest`. */
export interface Subscriptions {
  readonly bySoul: Map<string, Wanted>;
  count: number;
}

/** Leads to a peer while it is open, and keeps nothing of it alive after that. */
export interface WayTo {
  peer: Peer | undefined;
}

let peersMade = 0;

/** One remote: its link, who it said it is, what it asked for and what it is about to be sent. */
export class Peer {
  /** Counts the peers of this process, from 1. */
  readonly number: number;
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
  /** False for relays like this one: they pass on what is stored already and wait for nothing. */
  wantsAcks = true;
  /** True when it read or wrote before it answered who it is, as Node peers do, which dial to say something. */
  spokeFirst = false;
  /** True when it says that others are connected to it: it is asked what is not found here. */
  relaysForOthers = false;
  /** True when this side dialled the same relay on another link; this one only listens. */
  standby = false;
  /** What it has to say to prove that it is the relay this side dialled too; undefined when it was not asked. */
  twinSecret: string | undefined = undefined;
  /** True once it did. */
  isTwin = false;
  /** Key of the node it says it is, as hex; undefined until then. Nothing but its own writes depends on it. */
  nodeKey: string | undefined = undefined;
  /** True while that node is sent every signed operation: it is not told by puts what operations say. */
  isSynced = false;
  /** True once both sides began to tell each other what they missed. */
  caughtUp = false;
  /** What those hold who remember the peer for longer than it lives. */
  readonly way: WayTo = { peer: this };
  /** True while it waits for the flush at the end of the turn. */
  flushing = false;
  /** Its reads; made with the first. */
  reads: ReadQueue | undefined = undefined;
  /** Its long answers, of which one is made at a time; made with the first. */
  longAnswers: Gate | undefined = undefined;
  /** Reads of it that other peers were asked to answer; counted by `Asks`. */
  openAsks = 0;
  /** The new authors that it may bring; any while there is room when undefined. */
  share: LogShare | undefined = undefined;
  /** False for who may only read: what it writes is refused. */
  readonly mayWrite: boolean;
  /** Messages it sent. */
  messages = 0;
  /**
   * Its puts that wait for their check or the storage, large ones several times; while there are too many, the inbox
   * waits as well.
   */
  unsettledPuts = 0;
  /** Those among them that are being checked; made anew when there are some. */
  checks: CheckLine | undefined = undefined;
  /** Its puts that the policy refused in the minute under way, and when that began. */
  refusedPuts = 0;
  refusedSince: number = -Infinity;
  inbox: Inbox | undefined = undefined;
  /** Messages and frames of it that were refused for their form. */
  faults = 0;
  /** Those among them that no answer could name. */
  frameFaults = 0;
  readonly #behindBytes: number;

  constructor(link: Link, role: PeerRole, limits: Limits, clock: Clock = systemClock, mayWrite = true) {
    peersMade += 1;
    this.number = peersMade;
    this.name = `p${peersMade}`;
    this.link = link;
    this.role = role;
    this.mayWrite = mayWrite;
    this.dialled = role === 'relay';
    this.outbox = new Outbox(limits.packLength, clock);
    this.written = new RecentSouls(limits.rememberedSouls);
    this.#behindBytes = limits.outputBytes / BEHIND_SHARE;
  }

  /** True once the link has ended. */
  get closed(): boolean {
    return this.way.peer === undefined;
  }

  /** The link has ended. */
  end(): void {
    this.way.peer = undefined;
  }

  /** True when enough waits for the peer: what can wait should. */
  get isBehind(): boolean {
    return this.outbox.length + this.link.queuedBytes > this.#behindBytes;
  }
}
