import type { MaybePromise } from '../base/maybe-promise.ts';

export type { MaybePromise };

/** One change of a commit; a value of undefined deletes the key. */
export type Change = readonly [key: string, value: string | Uint8Array | undefined];

/** Which keys a range covers: half-open, in byte order of UTF-8. */
export interface RangeOptions {
  /** First key of the range. */
  readonly from: string;
  /** First key after the range. */
  readonly to: string;
  /** True to walk from the end. */
  readonly reverse?: boolean;
}

/** Keys with their values as text, in order. */
export type TextEntry = readonly [key: string, value: string];

/** A running walk over a range; it shows the store as it was when the walk began. */
export interface TextCursor {
  /** The next entries, at most `size`; empty at the end. */
  next(size: number): Promise<TextEntry[]>;
  /** Frees what the walk holds; idempotent. */
  close(): Promise<void>;
}

/**
 * What the store needs from a key-value engine (architecture of the store).
 *
 * Keys are well-formed strings ordered by their UTF-8 bytes. Values are bytes; a text value stands for its
 * UTF-8 bytes, and `getText` reads it back. Operations on a closed storage reject with STORAGE_NOT_OPEN.
 */
export interface Storage {
  /** Opens the storage; rejects with STORAGE_LOCKED, STORAGE_UNREADABLE, STORAGE_DAMAGED or STORAGE_FULL. Idempotent. */
  open(): Promise<void>;
  /** Waits for running commits and closes. Idempotent. */
  close(): Promise<void>;
  /** The text at `key`, undefined when there is none. */
  getText(key: string): MaybePromise<string | undefined>;
  /** The texts at `keys`, in their order. */
  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]>;
  /** The bytes at `key`, undefined when there are none. */
  getBytes(key: string): MaybePromise<Uint8Array | undefined>;
  /** Walks the texts of a range. */
  range(options: RangeOptions): TextCursor;
  /**
   * Makes all changes or none; later changes of one key win. Resolves when they are as durable as promised;
   * rejects with STORAGE_FAILED, STORAGE_FULL or STORAGE_DAMAGED.
   *
   * The changes are gone through once, many of them over several turns of the event loop: neither they nor the
   * bytes in them may change before the commit is done.
   */
  commit(changes: Iterable<Change>): Promise<void>;
}
