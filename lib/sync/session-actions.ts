import type { PartedTips } from '../log/parted-tips.ts';
import type { LogReason } from '../log/reasons.ts';
import type { LogFrame } from './log-frames.ts';
import type { BehindLog } from './peer-heights.ts';
import type { SessionFault } from './session-faults.ts';
import type { LackingBodies } from './sync-store.ts';

/** What a session needs. */
export interface SessionOptions {
  readonly session: number;
  /** Logs of a state vector. */
  readonly mostLogs: number;
  /** Whether so many may be remembered, beside those of other sessions; yes when absent. */
  readonly mayHold?: ((logs: number) => boolean) | undefined;
  /** Authors from which on the hashes of parts follow a digest that differs; absent when the other side takes none. */
  readonly partsFrom?: number | undefined;
}

/** Where a session stands; both sides go through them in this order. */
export type SessionState =
  /** Not agreed on the topic yet. */
  | 'topic'
  /** The state vectors cross. */
  | 'comparing'
  /** What each side lacks is sent, in both directions at once. */
  | 'syncing'
  /** Both have what the other had; new operations are sent as they come. */
  | 'live'
  | 'closed';

/** Why a session ended. */
export type SessionEnd =
  | { readonly by: 'close' }
  /** This side refused what the other did. */
  | { readonly by: 'fault'; readonly reason: SessionFault | LogReason }
  /** The other side refused, with its code. */
  | { readonly by: 'peer'; readonly code: number; readonly text: string };

/** What whoever runs a session is to do, in this order. */
export type SessionAction =
  | { readonly do: 'send'; readonly frame: LogFrame }
  /** Send the parts of a state vector, before anything else; each is made when it is asked for. */
  | { readonly do: 'show'; readonly frames: Iterable<LogFrame> }
  /** Say `LogSession.agree` or `LogSession.fail`. */
  | { readonly do: 'decide'; readonly topic: Uint8Array }
  /** Read this side's state vector and give it to `LogSession.tips`. */
  | { readonly do: 'read-tips' }
  /** Find out what the other side lacks, and say how much that is by `LogSession.plan`. */
  | { readonly do: 'compare'; readonly remote: PartedTips }
  /** Send it, by `LogSession.send` one by one, and say `LogSession.sent` at the end. */
  | { readonly do: 'stream' }
  /** Check an operation and take it in; tell `LogSession.has` or `LogSession.fail`. */
  | {
      readonly do: 'take';
      readonly header: Uint8Array;
      readonly body: Uint8Array | undefined;
      readonly live: boolean;
    }
  /** Check two headers as evidence of a fork, and keep it. */
  | { readonly do: 'evidence'; readonly first: Uint8Array; readonly second: Uint8Array }
  /** Send operations with their bodies that the other side lacks, by `LogSession.send`; then say `LogSession.gave`. */
  | { readonly do: 'give'; readonly bodies: LackingBodies }
  /** The other side has sent what it has of the bodies that this one asked for. */
  | { readonly do: 'given' }
  /** How much the other side is going to send. */
  | { readonly do: 'expect'; readonly operations: number; readonly bytes: number }
  /** Both have sent what the other lacked: logs that went on meanwhile are to be sent by `LogSession.send`. */
  | { readonly do: 'go-live'; readonly behind: readonly BehindLog[] }
  | { readonly do: 'end'; readonly end: SessionEnd };

/** What to do with an operation that was just appended here. */
export type AppendVerdict =
  | { readonly do: 'send'; readonly frame: LogFrame }
  /** The other side lacks operations before it, or a branch; they are to be read and sent. */
  | { readonly do: 'catch-up'; readonly log: BehindLog }
  | { readonly do: 'nothing' };
