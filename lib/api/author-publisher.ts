import { GraphError, relayError } from '../base/errors.ts';
import { toHex } from '../base/byte-texts.ts';
import type { FieldWrite } from '../graph/write.ts';
import { BODY_KIND } from '../log/envelope.ts';
import type { LogName } from '../log/heights.ts';
import type { Operation } from '../log/operation.ts';
import { decodeDelta, encodeDelta } from '../store/delta-codec.ts';
import type { Change } from '../store/storage.ts';
import { putJsonOf } from '../wire/put-json.ts';
import type { Given, GivenOperation, LineOwner } from './author-line.ts';
import {
  readWhole,
  type AuthorHead,
  type AuthorLog,
  type KeptOperation,
  type Meeting,
  type RemoteLog,
  type Renewed,
} from './author-log.ts';
import { AuthorRecovery } from './author-recovery.ts';
import type { AuthorRecords, Make, Records } from './author-records.ts';
import type { GraphCore } from './core.ts';
import { headerIn, signedText, withOperation } from './signed-text.ts';
import { UNSENT } from './stored-keeper.ts';
import { UnsentWrite } from './unsent.ts';
import type { Uplink } from './uplink.ts';

/** What the ids of signed writes begin with, behind those of others. */
const SIGNED = '@';
/** Digits of the log in such an id. */
const LOG_DIGITS = 16;
const SEQUENCE_DIGITS = 8;
/** How far behind the last operation others are compared, to find out where two logs part. */
const BACK = [1, 2, 4, 8, 16];
/** Operations given to a peer at once. */
const MOST_GIVEN = 256;

const NOTHING_GIVEN: Given = { operations: [], more: false };

/** Publishes what an author says: signed, stored at once with what it says to the graph, and then sent. */
export class AuthorPublisher implements LineOwner {
  readonly #core: GraphCore;
  readonly #records: AuthorRecords;
  readonly #log: AuthorLog;
  readonly #recovery: AuthorRecovery;
  /** Greatest sequence number that some peer is known to have stored, and whether that is being noted. */
  #stored = -1;
  #isNoting = false;
  #fault: GraphError | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(core: GraphCore, records: AuthorRecords, log: AuthorLog) {
    this.#core = core;
    this.#records = records;
    this.#log = log;
    this.#recovery = new AuthorRecovery({
      name: log.name,
      missing: (from) => this.#read((kept) => log.missing(kept, from)),
      keep: (shown) => this.#commit([], (kept) => log.putBelow(kept, shown)),
      onStatus: (listener) => core.on('status', listener),
    });
  }

  get name(): LogName {
    return this.#log.name;
  }

  /** Why nothing is signed any more. */
  get fault(): GraphError | undefined {
    return this.#fault;
  }

  /** Where the log begins and ends. */
  head(): Promise<AuthorHead | undefined> {
    return this.#read((records) => this.#log.head(records));
  }

  /** Operations from a sequence number on, at most so many. */
  operations(from: number, most: number): Promise<readonly KeptOperation[]> {
    return this.#read((records) => this.#operations(records, from, most));
  }

  /** Takes back from peers what is not here of the log; true when it is here whole. */
  recover(): Promise<boolean> {
    return this.#recovery.recover(0);
  }

  /** Resolves when nothing is being published. */
  async idle(): Promise<void> {
    await this.#last;
  }

  /**
   * Signs and stores writes as one operation, and sends it.
   *
   * @throws GraphError STORAGE_FAILED, LOG_FULL, LOG_FORKED, and what the key rejects with
   */
  publish(writes: readonly FieldWrite[]): Promise<UnsentWrite> {
    const published = this.#publish(writes);
    this.#last = published.catch(() => undefined);
    return published;
  }

  async #publish(writes: readonly FieldWrite[]): Promise<UnsentWrite> {
    const core = this.#core;
    const body = encodeDelta(BODY_KIND.put, writes);
    const said = body.ok ? decodeDelta(body.value) : body;
    if (!body.ok || !said.ok || said.value === undefined) throw relayError('LOG_BODY_TOO_LARGE');
    const won = said.value.writes;
    const isSent = core.status.connection !== 'alone';
    let write: UnsentWrite | undefined;
    await this.#commit(won, async (records) => {
      if (this.#fault !== undefined) throw this.#fault;
      const { operation, changes } = await this.#log.append(records, body.value);
      write = new UnsentWrite(this.#idOf(operation), signedText(putJsonOf(won), operation), won);
      return isSent ? [...changes, [UNSENT + write.id, write.putJson]] : changes;
    });
    if (isSent) core.send(write!);
    return write!;
  }

  places(): Promise<readonly number[]> {
    return this.#read(async (records) => {
      const height = (await this.#log.head(records))?.height ?? -1;
      const steps = BACK.map((back) => height - back);
      const places = new Set([height, await this.#log.storedHeight(records), ...steps, 0]);
      return [...places].filter((place) => place >= 0 && place <= height);
    });
  }

  async meet(remote: RemoteLog | undefined, uplink: Uplink): Promise<Given | undefined> {
    const height = remote?.tip.sequence ?? -1;
    if (height >= 0) this.#recovery.shown(uplink, height);
    // What is given to a peer begins where its log ends.
    if ((await this.head())?.first !== 0) await this.#recovery.recover(height + 1);
    let given: Given | undefined;
    let renewed: readonly Renewed[] = [];
    await this.#commit([], async (records) => {
      const meeting = await this.#log.meet(records, remote);
      if (meeting.kind === 'forked') return [];
      // Who proves nothing is sent what comes, as who keeps no logs.
      given = meeting.kind === 'unclear' ? NOTHING_GIVEN : await this.#given(records, meeting);
      if (meeting.kind !== 'taken') return [];
      renewed = meeting.renewed;
      return [...meeting.changes, ...(await unsentAnew(records, this.#idPrefix, renewed))];
    });
    for (const write of this.#core.unsent.for(''))
      write.putJson = textAnew(write.putJson, renewed) ?? write.putJson;
    if (given === undefined) this.forked();
    return given;
  }

  stored(putJson: string): void {
    const header = headerIn(putJson);
    if (header === undefined || header.sequence <= this.#stored) return;
    this.#stored = header.sequence;
    if (!this.#isNoting) void this.#noteStored();
  }

  forked(): void {
    if (this.#fault !== undefined) return;
    this.#fault = relayError('LOG_FORKED', 'this key has signed elsewhere what nobody here knows of');
    this.#core.fail(this.#fault);
  }

  fail(error: unknown): void {
    this.#core.fail(error);
  }

  /** What is stored while it is being noted is noted next. */
  async #noteStored(): Promise<void> {
    this.#isNoting = true;
    let noted = -1;
    try {
      while (noted < this.#stored) {
        noted = this.#stored;
        await this.#commit([], async (records) => {
          const before = await this.#log.storedHeight(records);
          return before < noted ? [this.#log.noteStored(noted)] : [];
        });
      }
    } catch (error) {
      this.#core.fail(error);
    } finally {
      this.#isNoting = false;
    }
  }

  async #given(records: Records, meeting: Exclude<Meeting, { kind: 'forked' | 'unclear' }>): Promise<Given> {
    if (meeting.kind === 'taken') {
      const operations = meeting.renewed.map(({ operation }) => givenOf(operation)).filter(isGiven);
      return { operations, more: false };
    }
    const { from, until } = meeting;
    const most = Math.min(until - from + 1, MOST_GIVEN);
    const kept = most > 0 ? await this.#operations(records, from, most) : [];
    const operations = kept.map((operation) => givenOf(readWhole(operation))).filter(isGiven);
    return { operations, more: operations.length > 0 && from + most <= until };
  }

  async #operations(records: Records, from: number, most: number): Promise<KeptOperation[]> {
    const head = await this.#log.head(records);
    const found: KeptOperation[] = [];
    const last = Math.min(head?.height ?? -1, from + most - 1);
    for (let sequence = Math.max(from, head?.first ?? 0); sequence <= last; sequence += 1) {
      const operation = await this.#log.operationAt(records, sequence);
      if (operation !== undefined) found.push(operation);
    }
    return found;
  }

  async #read<T>(read: (records: Records) => Promise<T>): Promise<T> {
    let found: T | undefined;
    await this.#commit([], async (records) => {
      found = await read(records);
      return [];
    });
    return found!;
  }

  /** @throws GraphError STORAGE_FAILED, and what `make` throws */
  async #commit(writes: readonly FieldWrite[], make: Make): Promise<void> {
    const outcome = await this.#records.commit(writes, make);
    if (!outcome.ok) throw new GraphError('STORAGE_FAILED', outcome.reason);
    if (writes.length > 0) this.#core.live.apply(outcome.changed, false);
  }

  get #idPrefix(): string {
    const { author, log } = this.name;
    return SIGNED + author + log.slice(0, LOG_DIGITS);
  }

  /** The order of these ids is the order of the log; it stays as it is when operations are made anew. */
  #idOf({ header }: Operation): string {
    return this.#idPrefix + header.sequence.toString(16).padStart(SEQUENCE_DIGITS, '0');
  }
}

/** Changes of the records of unsent writes whose operations were made anew. */
async function unsentAnew(records: Records, prefix: string, renewed: readonly Renewed[]): Promise<Change[]> {
  const from = UNSENT + prefix;
  const cursor = renewed.length === 0 ? undefined : records.range?.({ from, to: `${from}g` });
  const changes: Change[] = [];
  for (;;) {
    const found = (await cursor?.next(MOST_GIVEN)) ?? [];
    for (const [key, text] of found) {
      const anew = textAnew(text, renewed);
      if (anew !== undefined) changes.push([key, anew]);
    }
    if (found.length > 0) continue;
    await cursor?.close();
    return changes;
  }
}

/** The text of an unsent write whose operation was made anew, undefined for others. */
function textAnew(text: string, renewed: readonly Renewed[]): string | undefined {
  const header = renewed.length === 0 ? undefined : headerIn(text);
  if (header === undefined) return undefined;
  const id = toHex(header.id);
  const found = renewed.find(({ was }) => was === id);
  return found === undefined ? undefined : withOperation(text, found.operation);
}

/** An operation as it is sent, undefined for one that says nothing to the graph. */
function givenOf(operation: Operation | undefined): GivenOperation | undefined {
  const said = operation?.body === undefined ? undefined : decodeDelta(operation.body);
  if (operation === undefined || said?.ok !== true || said.value === undefined) return undefined;
  const { writes } = said.value;
  return { putJson: signedText(putJsonOf(writes), operation), writes };
}

function isGiven(given: GivenOperation | undefined): given is GivenOperation {
  return given !== undefined;
}
