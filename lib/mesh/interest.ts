import type { Limits } from '../base/limits.ts';
import type { Steps } from '../base/slices.ts';
import { ShardedMap } from '../base/sharded-map.ts';
import { weightOf } from './name-weight.ts';
import type { Peer, Wanted } from './peer.ts';

/** Peers that asked for the same; one alone stands for itself, which is far smaller than a set of one. */
export type Peers = Peer | Set<Peer>;

/** Who asked for properties of a soul. */
class KeyInterest {
  /** Those who asked for the whole node. */
  whole: Peers | undefined;
  readonly byKey: Map<string, Peers> = new Map();

  constructor(whole: Peers | undefined) {
    this.whole = whole;
  }
}

/** Who asked for a soul; see {@link wholeOf} and {@link byKeyOf}. */
export type SoulInterest = Peers | KeyInterest;

/** What subscribing came to: `first` when nobody had asked for it before, `new` when others had. */
export type Subscribed = 'first' | 'new' | 'known' | 'full';

/** Stands for the whole node where it is kept what a peer asked for of a soul. */
const WHOLE = true;

/** A key, or the whole node. */
type Part = string | typeof WHOLE;

/** Subscriptions that are forgotten in one step; each may touch memory that is long out of the processor's reach. */
const FORGOTTEN_IN_A_STEP = 50;

/**
 * Which peers asked for which souls (gun-wire sections 5.3 and 9.3): a get subscribes, the end of the link
 * ends it. Each peer holds at most `subscriptionsPerPeer` of them, of which long names count as several; all
 * together hold at most `subscriptions`, of which properties count twice, as they take twice the room.
 */
export class Interest {
  readonly #souls = new ShardedMap<SoulInterest>();
  readonly #mostPerPeer: number;
  readonly #most: number;
  #count = 0;

  constructor({ subscriptionsPerPeer, subscriptions }: Limits) {
    this.#mostPerPeer = subscriptionsPerPeer;
    this.#most = subscriptions;
  }

  /** Subscriptions in all, weighed. */
  get count(): number {
    return this.#count;
  }

  /** True when nobody asked for anything. */
  get isEmpty(): boolean {
    return this.#souls.size === 0;
  }

  /** Who asked for a soul. */
  of(soul: string): SoulInterest | undefined {
    return this.#souls.get(soul);
  }

  /** True when somebody who is here asked for the whole node or, with a key, for that property. */
  covers(soul: string, key: string | undefined): boolean {
    const interest = this.#souls.get(soul);
    if (interest === undefined) return false;
    if (hasOpen(wholeOf(interest))) return true;
    return key !== undefined && hasOpen(byKeyOf(interest)?.get(key));
  }

  /** The souls that others than a peer asked for until now. */
  *soulsWithout(peer: Peer): Generator<string> {
    for (const [soul, interest] of this.#souls.entries()) if (hasOther(interest, peer)) yield soul;
  }

  /** Subscribes a peer to a node, or to one property. */
  add(peer: Peer, soul: string, key: string | undefined): Subscribed {
    const subscriptions = peer.subscriptions;
    const part = key ?? WHOLE;
    const wanted = subscriptions.bySoul.get(soul);
    if (isWanted(wanted, WHOLE) || isWanted(wanted, part)) return 'known';
    const weight = weightOf(soul.length + (key?.length ?? 0));
    const room = roomOf(soul, part);
    if (subscriptions.count + weight > this.#mostPerPeer || this.#count + room > this.#most) return 'full';
    subscriptions.count += weight;
    this.#count += room;
    const subscribed = this.covers(soul, key) ? 'new' : 'first';
    subscriptions.bySoul.set(soul, withPart(wanted, part));
    this.#register(peer, soul, key);
    return subscribed;
  }

  /** Forgets all a peer asked for, which is gone and asks no more; in steps, because it may be much. */
  *removing(peer: Peer): Steps<void> {
    const { subscriptions } = peer;
    let forgotten = 0;
    for (const [soul, wanted] of subscriptions.bySoul) {
      for (const part of wanted instanceof Set ? wanted : [wanted]) {
        this.#unregister(peer, soul, part);
        this.#count -= roomOf(soul, part);
        forgotten += 1;
        if (forgotten % FORGOTTEN_IN_A_STEP === 0) yield;
      }
    }
    subscriptions.bySoul.clear();
    subscriptions.count = 0;
  }

  #register(peer: Peer, soul: string, key: string | undefined): void {
    const interest = this.#souls.get(soul);
    if (key !== undefined) {
      const keyed = interest instanceof KeyInterest ? interest : new KeyInterest(interest);
      keyed.byKey.set(key, withPeer(keyed.byKey.get(key), peer));
      if (keyed !== interest) this.#souls.set(soul, keyed);
    } else if (interest instanceof KeyInterest) interest.whole = withPeer(interest.whole, peer);
    else this.#souls.set(soul, withPeer(interest, peer));
  }

  #unregister(peer: Peer, soul: string, part: Part): void {
    const interest = this.#souls.get(soul);
    if (interest === undefined) return;
    const left =
      interest instanceof KeyInterest ? withoutPart(interest, peer, part) : without(interest, peer);
    if (left === undefined) this.#souls.delete(soul);
    else if (left !== interest) this.#souls.set(soul, left);
  }
}

/** What a subscription counts against all. */
function roomOf(soul: string, part: Part): number {
  return part === WHOLE ? weightOf(soul.length) : 2 * weightOf(soul.length + part.length);
}

/** Those who asked for the whole node. */
export function wholeOf(interest: SoulInterest): Peers | undefined {
  return interest instanceof KeyInterest ? interest.whole : interest;
}

/** Those who asked for properties, by key; undefined when nobody did. */
export function byKeyOf(interest: SoulInterest): ReadonlyMap<string, Peers> | undefined {
  return interest instanceof KeyInterest ? interest.byKey : undefined;
}

/** The peers one by one. */
export function each(peers: Peers | undefined): Iterable<Peer> {
  if (peers === undefined) return [];
  return peers instanceof Set ? peers : [peers];
}

/** True when a peer is among these. */
export function isAmong(peers: Peers | undefined, peer: Peer): boolean {
  return peers instanceof Set ? peers.has(peer) : peers === peer;
}

function withPeer(peers: Peers | undefined, peer: Peer): Peers {
  if (peers === undefined) return peer;
  return peers instanceof Set ? peers.add(peer) : new Set([peers, peer]);
}

function without(peers: Peers | undefined, peer: Peer): Peers | undefined {
  if (!(peers instanceof Set)) return peers === peer ? undefined : peers;
  peers.delete(peer);
  if (peers.size > 1) return peers;
  const [only] = peers;
  return only;
}

/** What is left of the interest in a soul when one peer no longer wants a part of it. */
function withoutPart(interest: KeyInterest, peer: Peer, part: Part): SoulInterest | undefined {
  if (part === WHOLE) interest.whole = without(interest.whole, peer);
  else {
    const left = without(interest.byKey.get(part), peer);
    if (left === undefined) interest.byKey.delete(part);
    else interest.byKey.set(part, left);
  }
  return interest.byKey.size > 0 ? interest : interest.whole;
}

function isWanted(wanted: Wanted | undefined, part: Part): boolean {
  return wanted instanceof Set ? wanted.has(part) : wanted === part;
}

function withPart(wanted: Wanted | undefined, part: Part): Wanted {
  if (wanted === undefined) return part;
  return wanted instanceof Set ? wanted.add(part) : new Set([wanted, part]);
}

/** What peers asked for that have just gone is still being forgotten. */
function hasOpen(peers: Peers | undefined, except?: Peer): boolean {
  for (const peer of each(peers)) if (!peer.closed && peer !== except) return true;
  return false;
}

function hasOther(interest: SoulInterest, peer: Peer): boolean {
  if (hasOpen(wholeOf(interest), peer)) return true;
  for (const peers of byKeyOf(interest)?.values() ?? []) if (hasOpen(peers, peer)) return true;
  return false;
}
