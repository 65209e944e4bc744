import type { Peer } from './peer.ts';

/** Peers kept, and asked at once, at most: enough to find what somebody wrote while away, too few for a flood. */
const MOST_SOURCES = 8;

/**
 * Clients that may know what is not here: those that came back and may have written meanwhile, and gun's own
 * Node peers, which keep a store. Only the latest few; nobody waits for them.
 */
export class Sources {
  readonly #peers = new Set<Peer>();

  get size(): number {
    return this.#peers.size;
  }

  /** Takes a peer in; the one that came first leaves when there are too many. */
  add(peer: Peer): void {
    this.#peers.delete(peer);
    this.#peers.add(peer);
    if (this.#peers.size <= MOST_SOURCES) return;
    const [first] = this.#peers;
    if (first !== undefined) this.#peers.delete(first);
  }

  remove(peer: Peer): void {
    this.#peers.delete(peer);
  }

  /** Whom to ask for what `asker` asked. */
  without(asker: Peer): Peer[] {
    return [...this.#peers].filter((peer) => peer !== asker);
  }
}
