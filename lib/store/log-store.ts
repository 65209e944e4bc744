import { TwoGenerations } from '../base/two-generations.ts';
import { runWithPauses, waitFor, type WaitingSteps } from '../base/slices.ts';
import { decodeHeader } from '../log/codec.ts';
import { decodeExtensions } from '../log/extensions.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { PartedTips } from '../log/parted-tips.ts';
import type { Placement } from '../log/placement.ts';
import { headersOf } from './fork-marks.ts';
import { historyKey } from './history-record.ts';
import {
  bodyKey,
  BRANCHES,
  forkRange,
  headKey,
  headRange,
  keyOfPlace,
  lackKey,
  lackRange,
  logInKey,
  operationKey,
  parseHeadKey,
  parseMarkKey,
  placeKey,
  placeRange,
  sequenceOfPlace,
  witnessedKey,
  type Branch,
  type OperationPlace,
} from './log-keys.ts';
import { decodeHead, type LogHead } from './log-head.ts';
import type { KeyRange } from './keys.ts';
import { decodeOperation, idOfOperation, totalOfOperation } from './operation-record.ts';
import type { Storage, TextEntry } from './storage.ts';
import { TopicTips } from './topic-tips.ts';
import { latestOf, type WrittenNode } from './written-nodes.ts';

/** Entries read in one step of a walk. */
const STEP_ENTRIES = 512;
/** Bytes of operations read in one step; one alone may have more. */
const STEP_BYTES = 1024 * 1024;
/** Heads kept in memory. */
const KEPT_HEADS = 20_000;

/** How much operations are. */
export interface LogSize {
  readonly operations: number;
  /** Of headers and bodies, as they were when they came. */
  readonly bytes: number;
}

/** An operation as it is stored: bytes, with the names by which it is known. */
export interface StoredOperation extends LogName {
  readonly sequence: number;
  readonly id: string;
  readonly header: Uint8Array;
  /** Undefined when there is none, or when it was pruned. */
  readonly body: Uint8Array | undefined;
}

/** An operation that was found, and its id as hex. */
export interface FoundOperation {
  readonly id: string;
  readonly operation: Operation;
}

/** An operation that is durable now, and what its log did with it. */
export interface AppendedOperation {
  readonly operation: Operation;
  readonly placement: Placement;
}

/** Reads logs out of storage; what is written is for `log-group.ts` and the writer. */
export class LogStore {
  readonly #storage: Storage;
  #onAppended: (appended: readonly AppendedOperation[]) => void = () => undefined;
  #onGaveUp: () => void = () => undefined;
  readonly #tips: TopicTips;
  readonly #heads = new TwoGenerations<string, LogHead>(KEPT_HEADS);

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#tips = new TopicTips(storage);
  }

  /** Where a log begins and ends, undefined when nothing of it is held. */
  *headSteps({ author, log }: LogName): WaitingSteps<LogHead | undefined> {
    const kept = this.#heads.get(author + log);
    if (kept !== undefined) return kept;
    const record = yield* waitFor(this.#storage.getText(headKey(author, log)));
    return record === undefined ? undefined : decodeHead(record);
  }

  /** The record at a place, undefined when nothing is held there. */
  *placeSteps(branch: Branch, { author, log }: LogName, sequence: number): WaitingSteps<string | undefined> {
    return yield* waitFor(this.#storage.getText(placeKey(branch, author, log, sequence)));
  }

  /** Where an operation stands, undefined when it is not held. */
  *whereSteps(id: string): WaitingSteps<(LogName & { readonly sequence: number }) | undefined> {
    const place = yield* waitFor(this.#storage.getText(operationKey(id)));
    if (place === undefined) return undefined;
    for (const branch of BRANCHES) {
      const record = yield* waitFor(this.#storage.getText(keyOfPlace(branch, place)));
      if (record === undefined || !idOfOperation(record).startsWith(id)) continue;
      const found = readFound(record);
      if (found !== undefined) return { ...namesOf(found.operation), sequence: sequenceOfPlace(place) };
    }
    return undefined;
  }

  /** A body that is kept apart. */
  *bodySteps(place: OperationPlace): WaitingSteps<Uint8Array | undefined> {
    return yield* waitFor(this.#storage.getBytes(bodyKey(place)));
  }

  /** The id of the operation at a place that came without its body, undefined when none did. */
  *lackSteps({ author, log }: LogName, sequence: number): WaitingSteps<string | undefined> {
    return yield* waitFor(this.#storage.getText(lackKey(author, log, sequence)));
  }

  /** Calls back with operations that are new here, whoever brought them, within the turn in which they are durable. */
  onAppended(listener: (appended: readonly AppendedOperation[]) => void): void {
    this.#onAppended = listener;
  }

  /** Tells of operations that are durable. */
  announce(appended: readonly AppendedOperation[]): void {
    this.#onAppended(appended);
  }

  /** Calls back when an author gave up so much that it is to be removed by and by. */
  onGaveUp(listener: () => void): void {
    this.#onGaveUp = listener;
  }

  /** Tells that an author did, once that is durable. */
  gaveUp(): void {
    this.#onGaveUp();
  }

  /** Tells where a log ends, once that is durable. */
  published({ author, log }: LogName, head: LogHead): void {
    this.#heads.set(author + log, head);
    this.#tips.published({ author, log }, head);
  }

  /** Where a log begins and ends, undefined when nothing of it is held. */
  async head(name: LogName): Promise<LogHead | undefined> {
    const record = await this.#storage.getText(headKey(name.author, name.log));
    return record === undefined ? undefined : decodeHead(record);
  }

  /** Every log, with its head. */
  async heads(): Promise<(LogName & { readonly head: LogHead })[]> {
    const found: (LogName & { readonly head: LogHead })[] = [];
    for await (const [key, record] of this.#walk(headRange())) {
      found.push({ ...parseHeadKey(key), head: decodeHead(record) });
    }
    return found;
  }

  /** Logs with their heads after one of them, of one author alone if that is wanted, at most so many. */
  async headPage(
    author: string | undefined,
    after: LogName | undefined,
    most: number,
  ): Promise<(LogName & { readonly head: LogHead })[]> {
    const cursor = this.#storage.range(headRange(author, after));
    try {
      const entries = await cursor.next(most);
      const found: (LogName & { readonly head: LogHead })[] = [];
      for (const [key, record] of entries) found.push({ ...parseHeadKey(key), head: decodeHead(record) });
      return found;
    } finally {
      await cursor.close();
    }
  }

  /** The state vector of a topic; it may go on with what is published while it is used. */
  async tips(topic: string): Promise<PartedTips> {
    return this.#tips.read(topic);
  }

  /** The id at a place of a branch, undefined when nothing is held there or the author gave it up. */
  async idAt(name: LogName, sequence: number, branch: Branch = 'canonical'): Promise<string | undefined> {
    if (branch === 'canonical' && sequence < (await this.#firstOf(name))) return undefined;
    const record = await this.#recordAt(branch, name, sequence);
    return record === undefined ? undefined : idOfOperation(record);
  }

  /** How much a branch has after one sequence number and up to another. */
  async size(branch: Branch, name: LogName, after: number | undefined, until: number): Promise<LogSize> {
    const head = await this.head(name);
    const ends = branch === 'side' ? sideEnds(head) : head;
    if (ends === undefined) return { operations: 0, bytes: 0 };
    const first = Math.max(ends.first, (after ?? -1) + 1);
    const last = Math.min(ends.height, until);
    if (first > last) return { operations: 0, bytes: 0 };
    const before = first === ends.first ? 0 : await this.#totalAt(branch, name, first - 1);
    const total = last === ends.height ? ends.bytes : await this.#totalAt(branch, name, last);
    return { operations: last - first + 1, bytes: total - before };
  }

  /**
   * Operations of a branch, with headers and bodies, after one sequence number and up to another: at most so many, and
   * fewer when they are large; none at the end.
   */
  async read(
    branch: Branch,
    { author, log }: LogName,
    after: number | undefined,
    until: number,
    most: number,
  ): Promise<StoredOperation[]> {
    const from = branch === 'side' ? after : await this.#heldAfter({ author, log }, after);
    const cursor = this.#storage.range(placeRange(branch, author, log, from, until));
    const found: StoredOperation[] = [];
    let bytes = 0;
    try {
      while (found.length < most && bytes < STEP_BYTES) {
        const entries = await cursor.next(Math.min(STEP_ENTRIES, most - found.length));
        if (entries.length === 0) break;
        for (const [key, record] of entries) {
          if (bytes >= STEP_BYTES) break;
          const { id, header, body, isApart } = decodeOperation(record);
          const sequence = sequenceOfPlace(key);
          const whole = isApart ? await this.#storage.getBytes(bodyKey({ author, log, sequence, id })) : body;
          found.push({ author, log, sequence, id, header, body: whole });
          bytes += header.length + (whole?.length ?? 0);
        }
      }
      return found;
    } finally {
      await cursor.close();
    }
  }

  /** Header and body of an operation that is held; no bytes as header when it is not. */
  async bytesOf(id: string): Promise<Pick<StoredOperation, 'header' | 'body'>> {
    const operation = await this.operation(id);
    return { header: operation?.header.bytes ?? new Uint8Array(0), body: operation?.body };
  }

  /** An operation that is held, undefined when it is not. */
  async operation(id: string): Promise<Operation | undefined> {
    return (await this.operationLike(id))?.operation;
  }

  /** An operation that is held, and its id, found by that or the first half of it; undefined when there is none. */
  async operationLike(shortId: string): Promise<FoundOperation | undefined> {
    // What changed its branch between two reads is found by the next ones.
    return (await this.#find(shortId)) ?? (await this.#find(shortId));
  }

  async #find(id: string): Promise<FoundOperation | undefined> {
    const place = await this.#storage.getText(operationKey(id));
    if (place === undefined) return undefined;
    for (const branch of BRANCHES) {
      const record = await this.#storage.getText(keyOfPlace(branch, place));
      if (record === undefined || !idOfOperation(record).startsWith(id)) continue;
      const found = readFound(record);
      if (found !== undefined && !(await this.#isGivenUp(branch, found.operation)))
        return found.isApart ? this.#withBody(found) : { id: found.id, operation: found.operation };
    }
    return undefined;
  }

  async #withBody({ id, operation }: FoundOperation): Promise<FoundOperation> {
    const { sequence } = operation.header;
    const body = await this.#storage.getBytes(bodyKey({ ...namesOf(operation), sequence, id }));
    return { id, operation: { ...operation, body } };
  }

  /** True when the history of a node has what an operation wrote to it. */
  *hasHistory(id: string, node: WrittenNode): WaitingSteps<boolean> {
    const key = historyKey(node.soul, latestOf(node), id);
    return (yield* waitFor(this.#storage.getText(key))) !== undefined;
  }

  /** Witnessed marks from one number to another, at most so many, and those of them whose operations are not held. */
  async witnessedPage(
    from: number,
    end: number,
    most: number,
  ): Promise<{ readonly numbers: number[]; readonly dead: number[] }> {
    const cursor = this.#storage.range({ from: witnessedKey(from), to: witnessedKey(end) });
    try {
      const entries = await cursor.next(most);
      const held = await runWithPauses(this.heldSteps(entries.map(([, shortId]) => shortId)));
      const numbers = entries.map(([key]) => parseMarkKey(key));
      return { numbers, dead: numbers.filter((_, at) => held[at] === false) };
    } finally {
      await cursor.close();
    }
  }

  /** The first half of the id of the operation that witnessed a mark; undefined while none has, or none is to be told. */
  *witnessSteps(number: number): WaitingSteps<string | undefined> {
    const shortId = yield* waitFor(this.#storage.getText(witnessedKey(number)));
    return shortId === '' ? undefined : shortId;
  }

  /** Which of some operations are held, by the first halves of their ids. */
  *heldSteps(shortIds: readonly string[]): WaitingSteps<boolean[]> {
    const places = yield* waitFor(this.#storage.getTexts(shortIds.map(operationKey)));
    return places.map((place) => place !== undefined);
  }

  /**
   * The next operations that came without their bodies, of one log and at most so many; undefined behind the last.
   *
   * @param after the one to begin behind
   */
  async lacking(
    after: (LogName & { readonly sequence: number }) | undefined,
    most: number,
  ): Promise<(LogName & { readonly places: readonly number[] }) | undefined> {
    const range = lackRange(after && lackKey(after.author, after.log, after.sequence));
    const cursor = this.#storage.range(range);
    try {
      const keys = (await cursor.next(most)).map(([key]) => key);
      if (keys[0] === undefined) return undefined;
      const { author, log } = logInKey(keys[0]);
      const isOfLog = (key: string): boolean => key.startsWith(author + log, key.indexOf('/') + 1);
      return { author, log, places: keys.filter(isOfLog).map(sequenceOfPlace) };
    } finally {
      await cursor.close();
    }
  }

  /** Both headers of a log's fork, undefined when there is no evidence of one. */
  async evidence(log: LogName): Promise<readonly [Uint8Array, Uint8Array] | undefined> {
    const entry = await this.#first(forkRange(log));
    return entry === undefined ? undefined : headersOf(entry[1]);
  }

  async #first(range: KeyRange): Promise<TextEntry | undefined> {
    const cursor = this.#storage.range(range);
    try {
      return (await cursor.next(1))[0];
    } finally {
      await cursor.close();
    }
  }

  /** A place, or the one before a log begins: what its author gave up may not be removed yet. */
  async #heldAfter(name: LogName, after: number | undefined): Promise<number | undefined> {
    const first = await this.#firstOf(name);
    return first > (after ?? -1) + 1 ? first - 1 : after;
  }

  async #totalAt(branch: Branch, name: LogName, sequence: number): Promise<number> {
    const record = await this.#recordAt(branch, name, sequence);
    return record === undefined ? 0 : totalOfOperation(record);
  }

  /** True for what an author gave up and that is not removed yet. */
  async #isGivenUp(branch: Branch, operation: Operation): Promise<boolean> {
    if (branch === 'side') return false;
    return operation.header.sequence < (await this.#firstOf(namesOf(operation)));
  }

  /** Where a log begins. */
  async #firstOf(name: LogName): Promise<number> {
    return (this.#heads.get(name.author + name.log) ?? (await this.head(name)))?.first ?? 0;
  }

  async #recordAt(branch: Branch, { author, log }: LogName, sequence: number): Promise<string | undefined> {
    return this.#storage.getText(placeKey(branch, author, log, sequence));
  }

  async *#walk(range: { readonly from: string; readonly to: string }): AsyncGenerator<TextEntry> {
    const cursor = this.#storage.range(range);
    try {
      for (;;) {
        const entries = await cursor.next(STEP_ENTRIES);
        if (entries.length === 0) return;
        yield* entries;
      }
    } finally {
      await cursor.close();
    }
  }
}

/** The operation of a record, but for a body that is kept apart. */
function readFound(record: string): (FoundOperation & { readonly isApart: boolean }) | undefined {
  const { id, header, body, isApart } = decodeOperation(record);
  const decoded = decodeHeader(header);
  const extensions = decoded.ok ? decodeExtensions(decoded.value.extensions) : undefined;
  if (!decoded.ok || extensions?.ok !== true) return undefined;
  return { id, isApart, operation: { header: decoded.value, extensions: extensions.value, body } };
}

function sideEnds(head: LogHead | undefined): Pick<LogHead, 'first' | 'height' | 'bytes'> | undefined {
  return head?.side && { ...head.side, first: head.side.from };
}
