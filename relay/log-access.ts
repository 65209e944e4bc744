/** What `thicket log` needs of logs, whether they lie in a folder or a relay runs on them. */
import type { LogName } from '../lib/log/heights.ts';
import type { LogClaim } from '../lib/log/log-verifier.ts';
import type { OperationBytes } from '../lib/log/sequence.ts';

/** Where a log begins and ends. */
export interface HeadReport extends LogClaim {
  /** Operations that are held, of both branches. */
  readonly operations: number;
}

/** What became of operations that were imported. */
export interface ImportReport {
  /** New ones. */
  readonly taken: number;
  /** Held before. */
  readonly known: number;
  /** Refused ones, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Why the rest of the input was not looked at. */
  readonly fault?: string | undefined;
}

/** Logs to look at, and to add to. */
export interface LogAccess {
  /** Every log, those of one author alone if that is wanted. */
  heads(author: string | undefined): AsyncIterable<HeadReport>;
  /** The operations of a log: the canonical branch, then the side branch. */
  operations(log: LogName): AsyncIterable<OperationBytes>;
  /** Takes operations in, as a CBOR sequence in chunks of any size. */
  import(chunks: AsyncIterable<Uint8Array>): Promise<ImportReport>;
  close(): Promise<void>;
}
