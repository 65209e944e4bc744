import { weightOf } from './name-weight.ts';
import type { Peer } from './peer.ts';

/** Who asked for a soul: for the whole node, or for some of its properties. */
export interface SoulInterest {
  readonly whole: Set<Peer>;
  readonly byKey: Map<string, Set<Peer>>;
}

/** What subscribing came to: `first` when nobody had asked for it before, `new` when others had. */
export type Subscribed = 'first' | 'new' | 'known' | 'full';

/** Stands for the whole node where a peer's keys of a soul are kept. */
const WHOLE = undefined;

/**
 * Which peers asked for which souls (gun-wire sections 5.3 and 9.3): a get subscribes, the end of the link
 * ends it. Each peer holds at most `subscriptionsPerPeer` of them, of which long names count as several.
 */
export class Interest {
  readonly #soulsByName = new Map<string, SoulInterest>();
  readonly #mostPerPeer: number;

  constructor(subscriptionsPerPeer: number) {
    this.#mostPerPeer = subscriptionsPerPeer;
  }

  /** True when nobody asked for anything. */
  get isEmpty(): boolean {
    return this.#soulsByName.size === 0;
  }

  /** Who asked for a soul. */
  of(soul: string): SoulInterest | undefined {
    return this.#soulsByName.get(soul);
  }

  /** True when somebody asked for the whole node or, with a key, for that property. */
  covers(soul: string, key: string | undefined): boolean {
    const interest = this.#soulsByName.get(soul);
    if (interest === undefined) return false;
    return interest.whole.size > 0 || (key !== undefined && interest.byKey.has(key));
  }

  /** The souls that others than a peer asked for until now. */
  *soulsWithout(peer: Peer): Generator<string> {
    let left = this.#soulsByName.size;
    for (const [soul, interest] of this.#soulsByName) {
      // What is asked for during the walk stands at the end.
      if (left === 0) return;
      left -= 1;
      if (hasOther(interest, peer)) yield soul;
    }
  }

  /** Subscribes a peer to a node, or to one property. */
  add(peer: Peer, soul: string, key: string | undefined): Subscribed {
    const subscriptions = peer.subscriptions;
    const keys = subscriptions.bySoul.get(soul);
    if (keys?.has(WHOLE) === true || keys?.has(key) === true) return 'known';
    const count = subscriptions.count + weightOf(soul.length + (key?.length ?? 0));
    if (count > this.#mostPerPeer) return 'full';
    subscriptions.count = count;
    const subscribed = this.covers(soul, key) ? 'new' : 'first';
    if (keys === undefined) subscriptions.bySoul.set(soul, new Set([key]));
    else keys.add(key);
    this.#register(peer, soul, key);
    return subscribed;
  }

  /** Forgets all a peer asked for. */
  removePeer(peer: Peer): void {
    for (const [soul, keys] of peer.subscriptions.bySoul) {
      const interest = this.#soulsByName.get(soul);
      if (interest === undefined) continue;
      interest.whole.delete(peer);
      for (const key of keys) if (key !== WHOLE) removeKey(interest, key, peer);
      if (interest.whole.size === 0 && interest.byKey.size === 0) this.#soulsByName.delete(soul);
    }
    peer.subscriptions.bySoul.clear();
    peer.subscriptions.count = 0;
  }

  #register(peer: Peer, soul: string, key: string | undefined): void {
    let interest = this.#soulsByName.get(soul);
    if (interest === undefined) {
      interest = { whole: new Set(), byKey: new Map() };
      this.#soulsByName.set(soul, interest);
    }
    if (key === undefined) {
      interest.whole.add(peer);
      return;
    }
    const peers = interest.byKey.get(key);
    if (peers === undefined) interest.byKey.set(key, new Set([peer]));
    else peers.add(peer);
  }
}

function hasOther(interest: SoulInterest, peer: Peer): boolean {
  if (holdsOther(interest.whole, peer)) return true;
  for (const peers of interest.byKey.values()) if (holdsOther(peers, peer)) return true;
  return false;
}

function holdsOther(peers: ReadonlySet<Peer>, peer: Peer): boolean {
  return peers.size > (peers.has(peer) ? 1 : 0);
}

function removeKey(interest: SoulInterest, key: string, peer: Peer): void {
  const peers = interest.byKey.get(key);
  peers?.delete(peer);
  if (peers?.size === 0) interest.byKey.delete(key);
}
