import { TwoGenerations } from '../base/two-generations.ts';
import type { Peer, WayTo } from './peer.ts';

/** Where answers to a message go: its sender, and the id it had there. */
export interface AnswerPath {
  readonly peer: Peer;
  readonly idJson: string;
}

/**
 * Ways back for answers that carry an object, such as WebRTC signalling (D29): only for messages whose
 * sender asked for answers; the least lately used leave first.
 */
export class AnswerPaths {
  readonly #pathsById: TwoGenerations<string, { readonly way: WayTo; readonly idJson: string }>;

  /** @param capacity paths kept */
  constructor(capacity: number) {
    this.#pathsById = new TwoGenerations(capacity);
  }

  get size(): number {
    return this.#pathsById.size;
  }

  /** Remembers that answers to `id` go to a peer. */
  note(id: string, peer: Peer, idJson: string): void {
    this.#pathsById.set(id, { way: peer.way, idJson });
  }

  /** The way back for an answer to `id`, undefined when it is unknown or its end is gone. */
  find(id: string): AnswerPath | undefined {
    const path = this.#pathsById.get(id);
    const peer = path?.way.peer;
    return path === undefined || peer === undefined ? undefined : { peer, idJson: path.idJson };
  }
}
