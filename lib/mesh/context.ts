import type { Limits } from '../base/limits.ts';
import type { Slices, Steps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { GraphStore } from '../store/graph-store.ts';
import type { PutRequest } from '../store/put-request.ts';
import type { Writer, WriterEvent } from '../store/writer.ts';
import type { GetMessage, PutMessage } from '../wire/message.ts';
import type { LogQuestion } from '../wire/log-question.ts';
import type { AnswerPaths } from './answer-paths.ts';
import type { Asks } from './asks.ts';
import type { Checks } from './checks.ts';
import type { MeshCounters } from './counters.ts';
import type { Dedupe } from './dedupe.ts';
import type { Interest } from './interest.ts';
import type { SharedMessage } from './outbox.ts';
import type { Peer } from './peer.ts';
import type { Recall } from './recall.ts';
import type { Sources } from './sources.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What the mesh tells its operator; no payloads, no names of data. */
export type MeshEvent =
  | WriterEvent
  | { readonly kind: 'peer-open' | 'peer-close'; readonly peer: string; readonly link: string }
  | { readonly kind: 'peer-cut'; readonly peer: string; readonly link: string; readonly reason: string }
  | {
      readonly kind: 'refused';
      readonly peer: string;
      readonly what: 'frame' | 'put' | 'get';
      readonly reason: string;
    }
  | { readonly kind: 'read-failed' | 'handler-failed'; readonly peer: string; readonly error: unknown };

/** Puts that say by which operation they were signed, see `in-band.ts`; who keeps no logs loads nothing for them. */
export interface SignedPuts {
  /** Verifies the operation of a put and notes it in the request; gives why it is refused. Undefined when it has none. */
  read(
    message: PutMessage,
    request: { operation?: PutRequest['operation'] },
  ): Steps<string | undefined> | undefined;
  /** Sends the operations that say what a get asks for. */
  tell(context: Context, peer: Peer, get: GetMessage): Promise<void>;
  /** Answers how far the log of an author goes. */
  tellLog(context: Context, peer: Peer, get: GetMessage, question: LogQuestion): Promise<void>;
}

/** What synchronisation of logs has to do with the graph's peers. */
export interface MeshLogs {
  /** True for a write that is stored and in an operation, or will be: who is sent operations needs no put. */
  hasOperation(write: FieldWrite): boolean;
  /** Takes a frame that came as JSON, `{"dam":"log","f":…}`. */
  hear(peer: Peer, frame: unknown): void;
  /** Told that a peer's link has ended. */
  gone(peer: Peer): void;
}

/** What handlers may use. */
export interface Context {
  readonly pid: string;
  readonly graph: GraphStore;
  readonly writer: Writer;
  readonly limits: Limits;
  readonly interest: Interest;
  readonly counters: MeshCounters;
  /** What is done with the operations of puts; they are taken for ordinary ones when absent. */
  readonly inBand: SignedPuts | undefined;
  /** Asks the policy about puts. */
  readonly checks: Checks;
  /** Measures puts from their arrival to their answer. */
  readonly putWatch: Stopwatch;
  readonly asks: Asks;
  /** Ids of the questions this peer asked on its own account; answers to them need no acknowledgement. */
  readonly questions: Dedupe;
  readonly paths: AnswerPaths;
  readonly recall: Recall;
  /** Open peers that are relays, or that say others are connected to them. */
  readonly relays: ReadonlySet<Peer>;
  /** Open peers that are no relays but may know what is not here: those that came back, and Node peers. */
  readonly sources: Sources;
  /** Takes note that a peer turned out to relay for others. */
  foundRelay(peer: Peer): void;
  /** What synchronisation of logs has to do with this; undefined when no logs are kept. */
  readonly logs: MeshLogs | undefined;
  /** Long work is cut into slices by it. */
  readonly slices: Slices;
  /** Runs a task at the end of the turn. */
  schedule(task: () => void): void;
  /** Sends a message at the end of the turn. */
  send(peer: Peer, text: string): void;
  /** Sends a message that others are sent too. */
  share(peer: Peer, message: SharedMessage): void;
  /** Resolves when what waits for the peer is short enough for more; false when the peer is gone. */
  drained(peer: Peer): Promise<boolean>;
  /** Closes the link of a peer that goes too far. */
  cut(peer: Peer, code: number, reason: string): void;
  report(event: MeshEvent): void;
}
