import type { Selector } from '../graph/selector.ts';
import type { FieldWrite } from '../graph/write.ts';

/** Fields every message may carry. */
interface Envelope {
  /** The message's id, as it is compared for duplicates; invented when the sender gave none. */
  readonly id: string;
  /** True when it was: nothing else that the sender says is a repetition of this message. */
  readonly isNameless?: true;
  /** The id as JSON, for answers: ids need not be texts. */
  readonly idJson: string;
  /** Id of the message this one answers. */
  readonly replyTo: string | undefined;
  /** True when the sender says that it is connected to others (`><`), as relays do. */
  readonly listsPeers: boolean;
}

/** Writes, or the data that answers a get. */
export interface PutMessage extends Envelope {
  readonly kind: 'put';
  readonly writes: readonly FieldWrite[];
  /** True when the sender marked it as failed: stored and acknowledged, passed on to nobody. */
  readonly failed: boolean;
  /** True when the sender listens for answers of other peers, as WebRTC signalling does. */
  readonly wantsAnswers: boolean;
  /** True when more parts of the same answer follow. */
  readonly more: boolean;
  /** The operation that says it, as it came and unverified; undefined when there is none (log-mapping section 2). */
  readonly op?: unknown;
  /** The same as it is passed on, once it is verified. */
  opJson?: string | undefined;
}

/** A read, which also subscribes its sender. */
export interface GetMessage extends Envelope {
  readonly kind: 'get';
  readonly selector: Selector;
  /** Hash of the answer the sender has already. */
  readonly contentHash: number | undefined;
  /** True when the read must not travel further than this peer. */
  readonly local: boolean;
  /** True when the sender wants the operations that say the answer; or what it asks of a log, unread. */
  readonly op?: boolean | Readonly<Record<string, unknown>>;
}

/** An answer without data: an acknowledgement, a refusal, or "not found". */
export interface AckMessage extends Envelope {
  readonly kind: 'ack';
  readonly replyTo: string;
  /** What the sender says of the message it answers, as JSON, when that is an object; undefined otherwise. */
  readonly answerJson: string | undefined;
  /** Why the message it answers was refused, cut to what people read; undefined when it was not. */
  readonly refusal: string | undefined;
}

/** Control messages this peer understands; all others are ignored. */
export type ControlName = '?' | '!' | 'hi' | 'twin' | 'log';

/** A message about the link itself; never stored or passed on. */
export interface ControlMessage extends Envelope {
  readonly kind: 'control';
  readonly name: ControlName;
  /** Process id of the sender, when it told it. */
  readonly pid: string | undefined;
  /** True when the sender says it is a relay that wants every accepted change. */
  readonly relay: boolean;
  /** All of it, unchecked, for what only relays look at; see `relay-control.ts`. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** One message in readable names. */
export type Message = PutMessage | GetMessage | AckMessage | ControlMessage;

/** Why a message was refused, and what its sender is told. */
export interface Fault {
  /** Id of the refused message as JSON, undefined when no answer can name it. */
  readonly idJson: string | undefined;
  /** What was refused: a frame of which no message could be read, or a message of this kind. */
  readonly what: 'frame' | 'put' | 'get';
  /** Names the path and the fault. */
  readonly reason: string;
}
