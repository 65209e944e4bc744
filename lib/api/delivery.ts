/**
 * How far a write has come: stored here, stored by one peer, or stored by every peer there is, of which there
 * must be two at least.
 */
export type Delivery = 'local' | 'relay' | 'replicated';

/** How long to wait, and for what. */
export interface WaitOptions {
  /** Longest wait in milliseconds. */
  readonly timeout?: number;
  /** Ends the wait: the call rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What a write may wait for. */
export interface PutOptions extends WaitOptions {
  /** How far the write must have come before the call resolves. Default `local`. */
  readonly until?: Delivery;
}

/** How far a write had come when the wait for it ended. */
export interface PutResult {
  /** Less than was asked for when the time was up; the write is sent all the same, as soon as that is possible. */
  readonly delivery: Delivery;
}

/** What a write may wait for, and who is told that it is stored here. */
export interface WriteOptions extends PutOptions {
  /** Told once, before the wait for peers. */
  readonly local?: () => void;
}
