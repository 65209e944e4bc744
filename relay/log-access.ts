/** What `thicket log` needs of logs, whether they lie in a folder or a relay runs on them. */
import type { LogName } from '../lib/log/heights.ts';
import type { LogClaim } from '../lib/log/log-verifier.ts';
import type { OperationBytes } from '../lib/log/sequence.ts';
import type { Moment } from '../lib/store/past.ts';

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

/** Who said what a property of a node has. */
export interface BlameReport {
  readonly soul: string;
  readonly key: string;
  /** A link as `{"#": soul}`. */
  readonly value: unknown;
  readonly state: number;
  /** The operation that says it; undefined for what nobody signed or witnessed. */
  readonly said?: {
    readonly author: string;
    readonly log: string;
    readonly sequence: number;
    readonly id: string;
    /** When its author says that it was made, as ISO 8601. */
    readonly time: string;
    /** `gun/put` for what the author wrote, others for what the author says to have received. */
    readonly kind: string;
  };
}

/** Logs to look at, and to add to. */
export interface LogAccess {
  /** Every log, those of one author alone if that is wanted. */
  heads(author: string | undefined): AsyncIterable<HeadReport>;
  /** The operations of a log: the canonical branch, then the side branch. */
  operations(log: LogName): AsyncIterable<OperationBytes>;
  /** The properties of a node, or one of them, with who said them: now, or as they were at a moment. */
  blame(soul: string, key: string | undefined, at: Moment | undefined): AsyncIterable<BlameReport>;
  /** Takes operations in, as a CBOR sequence in chunks of any size. */
  import(chunks: AsyncIterable<Uint8Array>): Promise<ImportReport>;
  close(): Promise<void>;
}
