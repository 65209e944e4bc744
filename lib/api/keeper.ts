import type { GraphLimits } from '../base/graph-limits.ts';
import type { MaybePromise } from '../base/maybe-promise.ts';
import type { Fields } from '../graph/node.ts';
import type { Names } from '../graph/selector.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { Change, Storage } from '../store/storage.ts';
import type { PutOutcome } from '../store/put-request.ts';
import { parsePut } from '../wire/parse-put.ts';

/** A write that no peer has acknowledged, as it is kept over restarts. */
export interface KeptWrite {
  /** Ordered like the writes. */
  readonly id: string;
  /** JSON of its `put`, and of what follows that in the message. */
  readonly putJson: string;
}

/**
 * Appends changes, made out of what is stored while no other owner of the storage commits. It comes before its writes are
 * merged, so that it may empty them, and never rejects.
 */
export type Beside = (storage: Storage, changes: Change[]) => Promise<void>;

/** Where a graph keeps its nodes, and the writes it still has to send. */
export interface GraphKeeper {
  /** Opens; gives the writes that were kept and not dropped, the oldest first. */
  open(): Promise<readonly KeptWrite[]>;
  /** The same later, with those of other owners; absent where there are none. */
  unsent?(): Promise<readonly KeptWrite[]>;
  /** Calls back when another owner has ended, who may have left something unsent; absent where there are none. */
  onLeft?(listener: () => void): void;
  close(): Promise<void>;
  /** Calls back with writes from the future whose time has come. */
  onMatured(listener: (changed: readonly FieldWrite[]) => void): void;
  /** What is kept of a node: at least the properties that are meant, of which some may be unknown. */
  read(soul: string, names: Names | undefined): MaybePromise<Fields>;
  /**
   * Merges writes by HAM, all or none.
   *
   * @param isOwn true for what this app writes, false for what peers say
   * @param beside what is stored in the same commit; those without a storage do not ask
   */
  commit(writes: readonly FieldWrite[], isOwn: boolean, beside?: Beside): MaybePromise<PutOutcome>;
  /** The node is in use; until {@link release} nothing of it is forgotten. */
  hold(soul: string): void;
  release(soul: string): void;
  /** Keeps a write over restarts, where there is anything that outlives them. */
  keepUnsent(write: KeptWrite): MaybePromise<void>;
  /** Forgets kept writes, soon. */
  dropUnsent(id: string): void;
}

/** States of one app run ahead of the clock when it writes often; for itself they are never in the future. */
export function latest(writes: readonly FieldWrite[], now: number): number {
  return writes.reduce((most, { state }) => Math.max(most, state), now);
}

/** The writes of a kept put; undefined when it is damaged, which must not keep a graph from opening. */
export function writesInPut(putJson: string, limits: GraphLimits): readonly FieldWrite[] | undefined {
  try {
    const writes = parsePut((JSON.parse(`{"put":${putJson}}`) as { readonly put: unknown }).put, limits);
    return writes.ok ? writes.value : undefined;
  } catch {
    return undefined;
  }
}
