import { utf8 } from '../base/bytes.ts';

/** Close codes of RFC 6455 that Thicket uses. */
export const CLOSE = {
  goingAway: 1001,
  malformed: 1002,
  refused: 1008,
  tooLarge: 1009,
  failed: 1011,
  overloaded: 1013,
} as const;

const REASON_BYTES = 123;

/** A close reason as RFC 6455 takes it: 123 bytes at most, no character cut in two. */
export function fitReason(reason: string): string {
  return new TextDecoder().decode(utf8(reason).subarray(0, REASON_BYTES), { stream: true });
}

/** A text frame to send; transports may keep its encoded form on it, so that many receivers share one encoding. */
export interface Frame {
  readonly text: string;
  /** Set and read by transports only. */
  encoded?: unknown;
}

/** What a link tells its owner. `frame` may come at any time between `open` and `close`. */
export interface LinkListener {
  /** A text frame arrived. */
  frame(text: string): void;
  /** The link is gone; nothing follows. */
  close(): void;
}

/**
 * A two-way pipe of text frames to one peer: ordered while it lasts, gone for ever once closed.
 *
 * Whether frames can be lost is up to the transport; the mesh does not rely on their arrival.
 */
export interface Link {
  /** Who is on the other side, for logs: an address or URL, never secret. */
  readonly name: string;
  /** Bytes accepted by `send` and not yet taken by the other side's transport. */
  readonly queuedBytes: number;
  /** Takes over the listener; frames that came before are delivered first. */
  listen(listener: LinkListener): void;
  /**
   * Stops reading from the other side, whose frames then wait in its own transport. What was read already may
   * still arrive; a transport that cannot stop does nothing.
   */
  pause(): void;
  /** Reads on. */
  resume(): void;
  /** Sends a frame; silently dropped when the link is closed. */
  send(frame: Frame): void;
  /** Ends the link with a close code and short reason; idempotent. */
  close(code: number, reason: string): void;
  /** Says whether the link keeps the process alive, as open links do at first; where a host has no say, nothing. */
  hold?(isHeld: boolean): void;
}

/** What is told about a peer that is dialled. */
export interface DialEvents {
  /** A link is up; it says itself when it ends, and then the peer is dialled again. */
  link(link: Link): void;
  /** An attempt came to nothing; more follow. */
  failed(): void;
}

/** A peer that is being dialled, for ever. */
export interface Dialling {
  /** Says whether the link and the waits between attempts keep the process alive. */
  hold(isHeld: boolean): void;
  /** Dials no more and ends the link. Idempotent. */
  close(): void;
}

/** A peer to stay connected with, whatever carries the link. */
export interface PeerAddress {
  /** Tells peers apart, for acks and logs; never secret. */
  readonly name: string;
  /** Begins to dial. */
  dial(events: DialEvents): Dialling;
}
