import { fromBase64Url, toHex } from '../base/byte-texts.ts';
import { decodeHeader, type Header } from '../log/codec.ts';
import { decodeExtensions } from '../log/extensions.ts';
import { checkEvidence } from '../log/fork.ts';
import { checkSignature } from '../log/integrity.ts';
import type { LogName } from '../log/heights.ts';
import { LOG_REASONS } from '../log/reasons.ts';
import { encodeLogQuestion, parseLogAnswer, saysForked, type LogAnswer } from '../wire/log-question.ts';
import type { RemoteLog } from './author-log.ts';
import type { UnsentWrite } from './unsent.ts';
import type { Parcel, Uplink } from './uplink.ts';

/** Why nothing more is sent. */
const FORKED = LOG_REASONS.fork.text;
/** Meetings without anything stored in between, after which a peer is left alone. */
const MOST_FRUITLESS = 3;
/** How often a peer that says that the log has two branches is asked to prove it. */
const MOST_DOUBTS = 3;

/** An operation that a peer lacks. */
export interface GivenOperation {
  /** JSON of a message's `put`, and of what follows. */
  readonly putJson: string;
  readonly writes: Parcel['writes'];
}

/** What a line needs of the author. */
export interface LineOwner {
  readonly name: LogName;
  /** Places whose operations tell whether two logs are one. */
  places(): Promise<readonly number[]>;
  /**
   * Settles the difference to the log of a peer, undefined when it has nothing of it; gives the operations that it lacks,
   * not all of them when there are many, and undefined when the log has two branches.
   */
  meet(remote: RemoteLog | undefined, uplink: Uplink): Promise<Given | undefined>;
  /** A peer has stored an operation. */
  stored(putJson: string): void;
  /** A peer has proved that the log has two branches. */
  forked(): void;
  fail(error: unknown): void;
}

/** Operations that a peer lacks, in order. */
export interface Given {
  readonly operations: readonly GivenOperation[];
  /** True when there are more. */
  readonly more: boolean;
}

/** One write that waits for its turn. */
interface Waiting {
  readonly write: UnsentWrite;
  readonly parcel: Parcel;
}

/** Where a line stands. */
type LineState =
  /** Nothing was sent. */
  | 'new'
  /** The peer is asked how far it has the log, and given what it lacks. */
  | 'meeting'
  /** Operations are sent as they come. */
  | 'open'
  /** Nothing more is sent: the peer has another branch of the log. */
  | 'stopped';

/**
 * The operations of an author over one link, in the order of the log: before the first one goes out the peer says how far
 * it has the log, so that nothing is signed twice for one place and nothing is missing in between.
 */
export class AuthorLine {
  readonly #uplink: Uplink;
  readonly #owner: LineOwner;
  #state: LineState = 'new';
  #queue: Waiting[] = [];
  #fruitless = 0;
  /** True when the peer said that the log has two branches and was not asked since. */
  #isDoubted = false;
  #doubts = 0;

  constructor(uplink: Uplink, owner: LineOwner) {
    this.#uplink = uplink;
    this.#owner = owner;
  }

  /** Sends an operation when its turn comes. */
  send(write: UnsentWrite, parcel: Parcel): void {
    if (this.#state === 'open') return this.#put({ write, parcel });
    if (this.#state === 'stopped') return parcel.settled(FORKED);
    this.#queue.push({ write, parcel });
    if (this.#state === 'new') this.#meet();
  }

  #meet(): void {
    this.#state = 'meeting';
    this.#fruitless += 1;
    this.#ask().catch((error: unknown) => this.#owner.fail(error));
  }

  async #ask(): Promise<void> {
    const { author, log } = this.#owner.name;
    const at = await this.#owner.places();
    const fork = this.#isDoubted;
    this.#isDoubted = false;
    this.#uplink.ask({
      selector: { soul: `@${author}/`, reverse: false },
      more: encodeLogQuestion({ log, at, fork }),
      answered: (_isSilent, json) => {
        const answer = json === undefined ? undefined : parseLogAnswer(json);
        this.#answered(at, answer).catch((error: unknown) => this.#owner.fail(error));
      },
    });
  }

  /** Who does not say how far it has the log keeps none: it is sent everything as it comes. */
  async #answered(at: readonly number[], answer: LogAnswer | null | undefined): Promise<void> {
    if (answer === undefined) return this.#flush();
    if (answer !== null && provesFork(this.#owner.name, answer)) {
      this.#stop();
      return this.#owner.forked();
    }
    const remote = answer === null ? undefined : readAnswer(this.#owner.name, at, answer);
    const given = await this.#owner.meet(remote, this.#uplink);
    if (given === undefined) return this.#stop();
    const { operations, more } = given;
    if (!more) {
      for (const operation of operations) this.#give(operation);
      return this.#flush();
    }
    for (const operation of operations.slice(0, -1)) this.#give(operation);
    this.#give(operations.at(-1)!, (refusal) => (refusal === undefined ? this.#meet() : this.#flush()));
  }

  /** Sends what the peer lacks, as the write that it is where that waits. */
  #give({ putJson, writes }: GivenOperation, settled?: Parcel['settled']): void {
    const at = this.#queue.findIndex(({ write }) => write.putJson === putJson);
    const waiting = at === -1 ? undefined : this.#queue.splice(at, 1)[0];
    this.#uplink.put({
      putJson,
      writes,
      settled: (refusal, answerJson) => {
        this.#settled(putJson, refusal, answerJson);
        waiting?.parcel.settled(refusal, answerJson);
        settled?.(refusal, answerJson);
      },
    });
  }

  #stop(): void {
    this.#state = 'stopped';
    for (const { parcel } of this.#queue.splice(0)) parcel.settled(FORKED);
  }

  #flush(): void {
    this.#state = 'open';
    for (const waiting of this.#queue.splice(0)) this.#put(waiting);
    if (this.#isDoubted) this.#meet();
  }

  /** What a peer says unproven stops nobody: it is asked for both headers, and not believed when it has none. */
  #doubt(): void {
    if (this.#doubts === MOST_DOUBTS) return;
    this.#doubts += 1;
    this.#isDoubted = true;
    if (this.#state === 'open') this.#meet();
  }

  #put(waiting: Waiting): void {
    const { write, parcel } = waiting;
    const { putJson } = write;
    this.#uplink.put({
      ...parcel,
      putJson,
      settled: (refusal, answerJson) => {
        // Another tab may have sent it before what stands before it in the log.
        if (refusal === LOG_REASONS.gap.text && this.#fruitless < MOST_FRUITLESS) return this.#again(waiting);
        this.#settled(putJson, refusal, answerJson);
        parcel.settled(refusal, answerJson);
      },
    });
  }

  #again(waiting: Waiting): void {
    this.#queue.push(waiting);
    if (this.#state !== 'meeting') this.#meet();
  }

  #settled(putJson: string, refusal: string | undefined, answerJson: string | undefined): void {
    if (refusal !== undefined) return;
    this.#fruitless = 0;
    this.#owner.stored(putJson);
    if (saysForked(answerJson)) this.#doubt();
  }
}

/** What a peer says of a log, as far as its author has signed it; the tip must be signed. */
function readAnswer(name: LogName, places: readonly number[], { tip, at }: LogAnswer): RemoteLog | undefined {
  const last = readHeader(name, tip);
  if (last === undefined) return undefined;
  const ids = new Map<number, string>([[last.sequence, toHex(last.id)]]);
  for (const [index, place] of places.entries()) {
    const header = readHeader(name, at[index]);
    if (header?.sequence === place) ids.set(place, toHex(header.id));
  }
  return { tip: last, at: ids };
}

/** True when a peer shows two operations of the log that have one place, both signed. */
function provesFork(name: LogName, { fork }: LogAnswer): boolean {
  const [first, second] = (fork ?? []).map(fromBase64Url);
  if (first === undefined || second === undefined) return false;
  const evidence = checkEvidence(first, second);
  if (!evidence.ok) return false;
  const { canonical, logId } = evidence.value;
  return toHex(canonical.author) === name.author && toHex(logId) === name.log;
}

function readHeader(name: LogName, text: string | undefined): Header | undefined {
  const bytes = text === undefined ? undefined : fromBase64Url(text);
  const header = bytes === undefined ? undefined : decodeHeader(bytes);
  if (header?.ok !== true || toHex(header.value.author) !== name.author) return undefined;
  const extensions = decodeExtensions(header.value.extensions);
  const isOfLog = extensions.ok && toHex(extensions.value.logId) === name.log;
  return isOfLog && checkSignature(header.value) === undefined ? header.value : undefined;
}
