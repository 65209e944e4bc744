import type { GraphLimits } from '../base/graph-limits.ts';
import { randomId } from '../base/random.ts';
import type { Selector } from '../graph/selector.ts';
import type { FieldWrite } from '../graph/write.ts';
import { resolveDue } from '../ham/resolve.ts';
import type { Link } from '../mesh/link.ts';
import {
  decodeFrame,
  encodeGet,
  encodeHelloReply,
  encodePush,
  encodeRefusal,
  type FrameItem,
} from '../wire/codec.ts';
import type { AckMessage, GetMessage, PutMessage } from '../wire/message.ts';

/** Questions that wait for their answer at once; the others wait in line. */
const OPEN_ASKS = 500;
/** Writes that wait for their acknowledgement at once, and characters of them. */
const OPEN_PUTS = 256;
const OPEN_LENGTH = 1024 * 1024;
/** How often what waits is looked through, in milliseconds. */
const SWEEP_MS = 500;
/** A peer that was told what is here and says nothing for so long has the same, in milliseconds. */
const SAME_MS = 1500;
/** A peer that says nothing for so long does not answer, in milliseconds: Gun's `lack`. */
const SILENCE_MS = 9000;
/** Properties that are asked for one by one. */
const FEW_WRITES = 4;

/** What is asked of a peer. */
export interface Ask {
  readonly selector: Selector;
  /** Hash of what is here; a peer that has the same keeps silent. */
  readonly hash?: number | undefined;
  /** True when nobody wants to know any more: it is not asked then. */
  isOver?(): boolean;
  /** Further fields of the question, each with a comma before it. */
  readonly more?: string;
  /** Told of each write in the answer, before the end. */
  heard?(writes: readonly FieldWrite[]): void;
  /**
   * The whole answer has come, and is in the store.
   *
   * @param isSilent true when none came in time
   * @param answerJson an answer that is no data
   */
  answered(isSilent: boolean, answerJson?: string): void;
}

/** A write on its way to a peer. */
export interface Parcel {
  readonly putJson: string;
  readonly writes: readonly FieldWrite[];
  /** Told once the peer says that it has stored the write, undefined, or why not; with what else it says, as JSON. */
  settled(refusal: string | undefined, answerJson?: string): void;
}

/** What a peer says: writes, whether they answer a question, the message they come with, and over which link. */
export type Heard = readonly [
  writes: readonly FieldWrite[],
  isAnswer: boolean,
  message: PutMessage,
  uplink: Uplink,
];

/** What a link needs of the graph. */
export interface UplinkParts {
  readonly limits: GraphLimits;
  readonly pid: string;
  /** Takes what a peer says; resolves when it is stored, with the reason when it is refused. */
  take(...heard: Heard): Promise<string | undefined>;
  /** JSON of the message that answers a peer's question; undefined to keep silent. */
  answer(get: GetMessage): Promise<readonly string[]>;
  closed(): void;
  fail(error: unknown): void;
}

interface Waiting<T> {
  readonly what: T;
  sentAt: number;
}

/** One open link to a peer: what was asked and said over it and waits for an answer. */
export class Uplink {
  readonly #link: Link;
  readonly #parts: UplinkParts;
  /** Messages that go out at the end of the turn. */
  readonly #texts: string[] = [];
  readonly #asks = new Map<string, Waiting<Ask>>();
  readonly #asksInLine: Ask[] = [];
  readonly #puts = new Map<string, Waiting<Parcel>>();
  readonly #putsInLine: Parcel[] = [];
  #openLength = 0;
  #isClosed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(link: Link, parts: UplinkParts) {
    this.#link = link;
    this.#parts = parts;
    // What browsers say first: this is no relay.
    this.#say(`{"#":"${randomId()}","dam":"hi"}`);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Begins to listen; the link may have ended before. */
  start(): void {
    this.#link.listen({ frame: (text) => this.#hear(text), close: () => this.#end() });
  }

  /** Asks; when too many questions are open, after those before. */
  ask(ask: Ask): void {
    this.#asksInLine.push(ask);
    this.#pump();
  }

  /** Sends a write, in the order of the calls. */
  put(parcel: Parcel): void {
    this.#putsInLine.push(parcel);
    this.#pump();
  }

  close(code: number, reason: string): void {
    this.#flush();
    this.#link.close(code, reason);
    this.#end();
  }

  #pump(): void {
    while (this.#asks.size < OPEN_ASKS && this.#asksInLine.length > 0)
      this.#sendAsk(this.#asksInLine.shift()!);
    while (this.#puts.size < OPEN_PUTS && this.#openLength < OPEN_LENGTH && this.#putsInLine.length > 0)
      this.#sendPut(this.#putsInLine.shift()!);
    // Who still asks after the end would have it sweep for ever.
    if (this.#isClosed || this.#asks.size + this.#puts.size === 0) return;
    this.#timer ??= setTimeout(() => this.#sweep(), SWEEP_MS);
    (this.#timer as { unref?(): void }).unref?.();
  }

  #sendAsk(ask: Ask): void {
    if (ask.isOver?.() === true) return;
    const id = randomId();
    this.#asks.set(id, { what: ask, sentAt: Date.now() });
    this.#say(encodeGet(`"${id}"${ask.more ?? ''}`, ask.selector, ask.hash));
  }

  #sendPut(parcel: Parcel): void {
    const id = randomId();
    this.#puts.set(id, { what: parcel, sentAt: Date.now() });
    this.#openLength += parcel.putJson.length;
    this.#say(encodePush(id, parcel.putJson));
  }

  #say(text: string): void {
    if (this.#isClosed) return;
    if (this.#texts.push(text) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const texts = this.#texts.splice(0);
    for (const frame of framesOf(texts, this.#parts.limits.packLength)) this.#link.send({ text: frame });
  }

  #hear(text: string): void {
    // Messages are taken one after the other, so that an answer is in the store when its end is told.
    for (const item of decodeFrame(text, this.#parts.limits)) {
      this.#handle(item).catch((error: unknown) => this.#parts.fail(error));
    }
  }

  async #handle(item: FrameItem): Promise<void> {
    if (!item.ok || this.#isClosed) return;
    const message = item.value;
    switch (message.kind) {
      case 'put':
        return this.#handlePut(message);
      case 'ack':
        return this.#handleAck(message);
      case 'get':
        for (const text of await this.#parts.answer(message)) this.#say(text);
        return;
      case 'control':
        if (message.name === '?' && (message.replyTo === undefined || message.pid === undefined))
          this.#say(encodeHelloReply(randomId(), message.idJson, this.#parts.pid, false));
    }
  }

  async #handlePut(message: PutMessage): Promise<void> {
    const { writes, replyTo, more, idJson } = message;
    const ask = replyTo === undefined ? undefined : this.#asks.get(replyTo);
    if (ask !== undefined) {
      ask.sentAt = Date.now();
      ask.what.heard?.(writes);
    }
    const refusal = await this.#parts.take(writes, ask !== undefined, message, this);
    if (refusal !== undefined) this.#say(encodeRefusal(randomId(), idJson, refusal));
    if (ask !== undefined && !more) this.#finish(replyTo!, false);
  }

  #handleAck({ replyTo, refusal, answerJson }: AckMessage): void {
    const put = this.#puts.get(replyTo)?.what;
    if (put === undefined) this.#finish(replyTo, false, answerJson);
    else this.#settle(replyTo, put, refusal, answerJson);
  }

  #finish(id: string, isSilent: boolean, answerJson?: string): void {
    const ask = this.#asks.get(id);
    if (ask === undefined) return;
    this.#asks.delete(id);
    ask.what.answered(isSilent, answerJson);
    this.#pump();
  }

  #settle(id: string, parcel: Parcel, refusal?: string, answerJson?: string): void {
    this.#puts.delete(id);
    this.#openLength -= parcel.putJson.length;
    parcel.settled(refusal, answerJson);
    this.#pump();
  }

  #sweep(): void {
    this.#timer = undefined;
    const now = Date.now();
    for (const [id, { what, sentAt }] of this.#asks) {
      if (what.hash !== undefined && now - sentAt >= SAME_MS) this.#finish(id, false);
      else if (now - sentAt >= SILENCE_MS) this.#finish(id, true);
    }
    for (const [id, { what, sentAt }] of this.#puts) {
      if (now - sentAt >= SILENCE_MS) this.#verify(id, what);
    }
    this.#pump();
  }

  /**
   * Gun's relays say nothing about a write that they have already, or that lost: so they are asked what they
   * have, and sent the write again when that is older.
   */
  #verify(id: string, parcel: Parcel): void {
    this.#puts.get(id)!.sentAt = Date.now();
    const missing = new Map(parcel.writes.map((write) => [nameOf(write), write]));
    const questions = questionsFor(parcel.writes);
    let open = questions.length;
    const heard = (writes: readonly FieldWrite[]): void => {
      for (const other of writes) {
        const mine = missing.get(nameOf(other));
        if (mine !== undefined && resolveDue(mine, other) !== 'accept') missing.delete(nameOf(other));
      }
    };
    const answered = (): void => {
      open -= 1;
      if (open > 0 || !this.#puts.has(id)) return;
      if (missing.size === 0) return this.#settle(id, parcel);
      this.#say(encodePush(id, parcel.putJson));
    };
    for (const selector of questions) this.ask({ selector, heard, answered });
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#parts.closed();
  }
}

/** Frames of messages: one alone as it is, several as an array with so many characters at most (gun-wire section 2.4). */
function framesOf(texts: readonly string[], most: number): readonly string[] {
  const frames: string[][] = [];
  let length = Infinity;
  for (const text of texts) {
    length += text.length;
    if (length > most) {
      frames.push([]);
      length = text.length;
    }
    frames.at(-1)!.push(text);
  }
  return frames.map((frame) => (frame.length === 1 ? frame[0]! : `[${frame.join(',')}]`));
}

/** What to ask to learn whether writes are there: few properties one by one, many by their nodes. */
function questionsFor(writes: readonly FieldWrite[]): Selector[] {
  if (writes.length <= FEW_WRITES) return writes.map(({ soul, key }) => ({ soul, key, reverse: false }));
  return [...new Set(writes.map(({ soul }) => soul))].map((soul) => ({ soul, reverse: false }));
}

/** Tells properties apart. */
function nameOf({ soul, key }: FieldWrite): string {
  return JSON.stringify([soul, key]);
}
