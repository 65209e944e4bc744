import { randomId } from '../lib/base/random.ts';
import type { LogLine } from '../lib/mesh/log-peer.ts';
import type { Peer } from '../lib/mesh/peer.ts';
import { frameToJson, type LogFrame } from '../lib/sync/log-frames.ts';
import { encodeLogFrame } from '../lib/wire/codec.ts';

/** What of the graph's peers a text line uses. */
export interface TextLineWorld {
  /** Sends a message at the end of the turn. */
  send(peer: Peer, text: string): void;
  /** Resolves when what waits for the peer is short enough for more; false when the peer is gone. */
  drained(peer: Peer): Promise<boolean>;
  /** Hears the peer no further, or again. */
  hold(peer: Peer, isHeld: boolean): void;
}

/**
 * A line of frames as JSON, `{"dam":"log","f":…}`, on the link that a peer of the graph has anyhow: for browsers, which
 * need no second connection (log-mapping section 5). Its end is not the end of the link.
 */
export class TextLine implements LogLine {
  readonly #peer: Peer;
  readonly #world: TextLineWorld;
  readonly #onClose: () => void;
  #isHeld = false;
  #isOpen = true;

  /** @param onClose told once when the line is over */
  constructor(peer: Peer, world: TextLineWorld, onClose: () => void) {
    this.#peer = peer;
    this.#world = world;
    this.#onClose = onClose;
  }

  /** Sends a frame; the promise, if any, settles when the other side has read most of what waits for it. */
  send(frame: LogFrame): Promise<void> | void {
    if (!this.#isOpen || this.#peer.closed) return;
    this.#world.send(this.#peer, encodeLogFrame(randomId(), frameToJson(frame)));
    if (this.#peer.isBehind) return this.#drained();
  }

  pause(): void {
    this.#hold(true);
  }

  resume(): void {
    this.#hold(false);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#hold(false);
    this.#onClose();
  }

  #hold(isHeld: boolean): void {
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    if (!this.#peer.closed) this.#world.hold(this.#peer, isHeld);
  }

  async #drained(): Promise<void> {
    await this.#world.drained(this.#peer);
  }
}
