import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Result } from '../base/result.ts';
import type { Value } from '../graph/value.ts';
import type { PutMessage } from '../wire/message.ts';
import type { Uplink } from './uplink.ts';
import { valueOf, type Entry, type FieldWrite } from '../graph/write.ts';

/** What is kept of a property. */
export type ReadEntry = (soul: string, key: string) => MaybePromise<Entry | undefined>;

/** What the spaces of users ask of a graph: signed values are checked before they are kept, and read without signature. */
export interface UserSpaces {
  /**
   * The writes of one message that may be kept, or why it is refused whole.
   *
   * @param now clock in milliseconds
   * @param message what a peer says them in, and over which link; undefined for what this app writes
   */
  readonly check: (
    writes: readonly FieldWrite[],
    now: number,
    read: ReadEntry,
    message?: PutMessage,
    uplink?: Uplink,
  ) => MaybePromise<Result<readonly FieldWrite[]>>;
  /** What a property means to an app; undefined when it means nothing. */
  readonly plain: (soul: string, key: string, entry: Entry) => Value | undefined;
}

/** A graph without such spaces: everything is taken as it is. */
export const NO_USER_SPACES: UserSpaces = {
  check: (writes) => ({ ok: true, value: writes }),
  plain: (_soul, _key, entry) => valueOf(entry),
};

/** Signs writes, or lets them be. */
export type SignWrites = (writes: readonly FieldWrite[]) => Promise<readonly FieldWrite[]>;
