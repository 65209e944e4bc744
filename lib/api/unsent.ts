import type { FieldWrite } from '../graph/write.ts';
import type { Parcel, Uplink } from './uplink.ts';

/** Writes that some peers have and others lack; beyond, the oldest are left to those that have them. */
const MOST_PARTLY_SENT = 10_000;

/** A write of this app on its way to the peers. */
export class UnsentWrite {
  /** Ordered like the writes. */
  readonly id: string;
  /** JSON of its `put`, and of what follows that in the message. */
  putJson: string;
  readonly writes: readonly FieldWrite[];
  /** The peers that have said something about it, with their refusals. */
  readonly settledBy: Map<string, string | undefined> = new Map();
  readonly #listeners = new Set<() => void>();

  constructor(id: string, putJson: string, writes: readonly FieldWrite[]) {
    this.id = id;
    this.putJson = putJson;
    this.writes = writes;
  }

  /** Peers that have stored it. */
  get storedBy(): number {
    return [...this.settledBy.values()].filter((refusal) => refusal === undefined).length;
  }

  /** Why a peer would not store it. */
  get refusal(): string | undefined {
    return [...this.settledBy.values()].find((refusal) => refusal !== undefined);
  }

  /** Calls back whenever a peer says something; gives the way to stop. */
  onSettled(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Notes what a peer said. */
  settle(peer: string, refusal: string | undefined): void {
    this.settledBy.set(peer, refusal);
    for (const listener of this.#listeners) listener();
  }
}

/** What takes writes on their way. */
export interface Line {
  put(parcel: Parcel): void;
}

/** The writes that not every peer has settled, in their order; those that no peer has count as unsent. */
export class UnsentWrites {
  /** By which line a write goes over a link: most by the link itself. */
  line: (write: UnsentWrite, uplink: Uplink) => Line = (_write, uplink) => uplink;
  readonly #writes = new Map<string, UnsentWrite>();
  readonly #peers: () => number;
  readonly #drop: (id: string) => void;
  #partly = 0;

  /**
   * @param peers how many there are
   * @param drop told of each write that need not be kept any longer
   */
  constructor(peers: () => number, drop: (id: string) => void) {
    this.#peers = peers;
    this.#drop = drop;
  }

  /** Writes that no peer has stored, nor all refused. */
  get count(): number {
    return this.#writes.size - this.#partly;
  }

  /** Those that a peer has not settled yet, the oldest first. */
  for(peer: string): readonly UnsentWrite[] {
    return [...this.#writes.values()].filter(({ settledBy }) => !settledBy.has(peer));
  }

  has(id: string): boolean {
    return this.#writes.has(id);
  }

  add(write: UnsentWrite): void {
    this.#writes.set(write.id, write);
  }

  /** Forgets a write that came to nothing. */
  remove({ id }: UnsentWrite): void {
    if (this.#writes.delete(id)) this.#drop(id);
  }

  /** A peer has stored a write, or refused it. */
  settle(write: UnsentWrite, peer: string, refusal: string | undefined): void {
    if (write.settledBy.has(peer)) return;
    const wasSent = write.storedBy > 0;
    write.settle(peer, refusal);
    if (!this.#writes.has(write.id)) return;
    if (write.settledBy.size >= this.#peers()) {
      if (wasSent) this.#partly -= 1;
      this.remove(write);
    } else if (!wasSent && refusal === undefined) {
      this.#partly += 1;
      if (this.#partly > MOST_PARTLY_SENT) this.#leaveOldest();
    }
  }

  #leaveOldest(): void {
    for (const write of this.#writes.values()) {
      if (write.storedBy === 0) continue;
      this.#partly -= 1;
      return this.remove(write);
    }
  }
}
