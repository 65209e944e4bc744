import { fromHex, toHex } from '../base/byte-texts.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import { decodeHeader, type Header } from '../log/codec.ts';
import { evidenceOf, type ForkEvidence, type SideBranch } from '../log/fork.ts';
import type { LogName } from '../log/heights.ts';
import type { HeldLog } from '../log/integrity.ts';
import { namesOf, type Operation, type OperationNames } from '../log/operation.ts';
import type { FieldWrite } from '../graph/write.ts';
import { placeOperation, type LogState, type Placement } from '../log/placement.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import {
  bodyKey,
  headKey,
  logOfPlace,
  operationKey,
  placeKey,
  sequenceOfPlace,
  topicKey,
  type Branch,
  type OperationPlace,
} from './log-keys.ts';
import { encodeHead, type LogHead } from './log-head.ts';
import type { CommitGroup } from './commit-group.ts';
import { decodeDelta } from './delta-codec.ts';
import { evidenceChange, type ForkMark, type ForkMarks } from './fork-marks.ts';
import { isThere } from './hidden-writes.ts';
import type { LogRoom } from './log-room.ts';
import type { AppendedOperation, LogStore } from './log-store.ts';
import {
  decodeOperation,
  encodeOperation,
  idOfOperation,
  isKeptApart,
  totalOfOperation,
  withoutBody,
  withTotal,
} from './operation-record.ts';
import type { Change } from './storage.ts';
import type { MergeTarget } from './writer.ts';
import { HistoryNotes } from './history-notes.ts';
import { appendForgotten, writtenNodes, type WasHere } from './written-nodes.ts';

/** A log as the group sees it: stored, overlaid with what the group appended. */
interface OpenLog extends LogName {
  head: LogHead | undefined;
  /** The tip of the head, and its bytes once they were asked for. */
  tip: string | undefined;
  tipId: Uint8Array | undefined;
  /** Records of places that the group changed; undefined where it emptied them. */
  readonly canonical: Map<number, string | undefined>;
  readonly side: Map<number, string | undefined>;
}

/** The topic of a log id, as hex; undefined for logs of no topic of this node. */
export type TopicOf = (log: string) => string | undefined;

/** What the operations of one commit do to logs: placed one by one, each upon those before it, then written at once. */
export class LogGroup {
  readonly #store: LogStore;
  readonly #marks: ForkMarks;
  readonly #topicOf: TopicOf;
  readonly #room: LogRoom | undefined;
  /** Logs that the group opens. */
  #opened = 0;
  readonly #logs = new Map<string, OpenLog>();
  /** Bodies of the group that are kept apart. */
  readonly #bodies = new Map<string, Uint8Array>();
  #changes: Change[] = [];
  readonly #notes = new HistoryNotes();
  readonly #appended: AppendedOperation[] = [];
  /** Logs that turned out to be forked. */
  readonly #marked = new Map<string, ForkMark>();
  #last: OpenLog | undefined;

  constructor(store: LogStore, marks: ForkMarks, topicOf: TopicOf, room?: LogRoom) {
    this.#store = store;
    this.#marks = marks;
    this.#topicOf = topicOf;
    this.#room = room;
  }

  /**
   * Places an operation that is true in itself; what is refused leaves nothing behind.
   *
   * @param writes what its body says to the graph
   * @param wasHere what of it the graph has already
   * @param isInvited false for one that opens no log beyond the room for strangers
   */
  *place(
    operation: Operation,
    writes: readonly FieldWrite[],
    wasHere: WasHere = () => false,
    isInvited = true,
  ): WaitingSteps<Result<Placement, LogReason>> {
    const names = namesOf(operation);
    const topic = this.#topicOf(names.log);
    if (topic === undefined) return failure('log');
    const log = this.#lastOpened(names) ?? (yield* this.#open(names));
    const state = this.#knownState(operation.header, log) ?? (yield* this.#stateFor(operation.header, log));
    const placed = this.#verdict(operation, log, state, isInvited);
    if (!placed.ok || placed.value === 'known') return placed;
    if (log.head === undefined) this.#begin(topic, log);
    if (isKeptApart(operation.body)) this.#keepApart(names, operation);
    yield* this.#notes.add(names.id, writes, wasHere);
    if (placed.value === 'append' && !operation.extensions.prune) this.#append(operation, names.id, log);
    else yield* this.#apply(operation, names.id, log, placed.value);
    noteTip(log, names.id, operation.header.id);
    this.#appended.push({ operation, placement: placed.value });
    return success(placed.value);
  }

  #begin(topic: string, { author, log }: LogName): void {
    this.#opened += 1;
    this.#changes.push([topicKey(topic, author, log), '']);
  }

  #keepApart(names: OperationNames, { header, body }: Operation): void {
    this.#bodies.set(names.id, body!);
    this.#changes.push([bodyKey({ ...names, sequence: header.sequence }), body]);
  }

  /** Drops the body of an operation, whichever branch it stands on by now. */
  *dropBody(id: string): WaitingSteps<void> {
    const key = yield* this.#store.placeKeySteps(id);
    if (key === undefined) return;
    const log = yield* this.#open(logOfPlace(key));
    if (log.head === undefined) return;
    const sequence = sequenceOfPlace(key);
    for (const branch of ['canonical', 'side'] satisfies Branch[]) {
      const record = yield* this.#placeAt(branch, log, sequence);
      if (record === undefined || idOfOperation(record) !== id) continue;
      if (decodeOperation(record).isApart)
        this.#changes.push([bodyKey({ author: log.author, log: log.log, sequence, id }), undefined]);
      this.#put(branch, log, sequence, withoutBody(record));
    }
  }

  #verdict(
    operation: Operation,
    log: OpenLog,
    state: LogState,
    isInvited: boolean,
  ): Result<Placement, LogReason> {
    if (log.head === undefined && !isInvited && this.#room?.hasRoom(this.#opened) === false)
      return failure('authors');
    const placed = placeOperation(operation, state, this.#marks.policy);
    const isStopped = operation.extensions.prune && this.#isBeingHidden(log);
    return isStopped && placed.ok && placed.value !== 'known' ? failure('frozen') : placed;
  }

  /** Keeps evidence of a fork that came alone; gives why it is refused. */
  keepEvidence(evidence: ForkEvidence): [] | string {
    const { author, log } = { author: toHex(evidence.canonical.author), log: toHex(evidence.logId) };
    if (this.#topicOf(log) === undefined) return LOG_REASONS.log.text;
    if (this.#markOf({ author, log }) !== undefined) return [];
    if (this.#room?.hasEvidenceRoom(this.#marks.size + this.#marked.size) === false)
      return LOG_REASONS.authors.text;
    this.#mark({ author, log }, evidence);
    return [];
  }

  #mark({ author, log }: LogName, evidence: ForkEvidence): void {
    const { sequence, id: side } = evidence.side;
    this.#marked.set(author + log, { author, log, sequence, side });
    this.#changes.push(evidenceChange({ author, log }, evidence));
  }

  /** True when what an operation says loses against everything. */
  hides(operation: Operation): boolean {
    return this.#marks.policy === 'hide' && this.#markOf(namesOf(operation)) !== undefined;
  }

  /** While a log is being hidden its operations are gone through: none may be given up. */
  #isBeingHidden(name: LogName): boolean {
    return (
      this.#marks.policy === 'hide' &&
      this.#markOf(name) !== undefined &&
      this.#marks.hidingOf(name) !== 'done'
    );
  }

  #markOf(name: LogName): ForkMark | undefined {
    return this.#marked.get(name.author + name.log) ?? this.#marks.get(name);
  }

  /** Where a log begins and ends with what was placed; undefined when nothing of it is held. */
  *head(name: LogName): WaitingSteps<LogHead | undefined> {
    return (yield* this.#open(name)).head;
  }

  /** Notes what an operation that is held wrote to nodes whose histories lack it. */
  *noteAgain(id: string, writes: readonly FieldWrite[], into: MergeTarget): WaitingSteps<void> {
    for (const node of writtenNodes(writes)) {
      if (node === undefined) {
        yield;
        continue;
      }
      if (into.group.hasSource(node.soul, id) || (yield* this.#store.hasHistory(id, node))) continue;
      yield* this.#notes.add(id, node.writes.slice(node.from, node.to), (write) => isThere(write, into));
    }
  }

  /** Finds where it is noted what operations wrote: in the records of nodes, or in their histories. */
  *noteIn(graph: CommitGroup): WaitingSteps<void> {
    yield* this.#notes.settle(graph);
    if (graph.hasSources) yield* graph.checkSources((ids) => this.#store.heldSteps(ids));
  }

  /** The storage changes of everything that was placed, and of the heads; after {@link noteIn}. */
  *appendChanges(changes: Change[]): Generator<void, void> {
    for (const change of this.#changes) changes.push(change);
    yield;
    yield* this.#notes.appendChanges(changes);
    for (const { author, log, head } of this.#logs.values()) {
      if (head !== undefined && this.#changes.length > 0)
        changes.push([headKey(author, log), encodeHead(head)]);
    }
  }

  /** Tells the store what is durable now. */
  publish(): void {
    for (const log of this.#logs.values()) if (log.head !== undefined) this.#store.published(log, log.head);
    for (const mark of this.#marked.values()) this.#marks.add(mark);
    this.#room?.add(this.#opened);
    if (this.#appended.length > 0) this.#store.announce(this.#appended);
  }

  /** The log that the last operation was of, if it is this one: most often it is. */
  #lastOpened({ author, log }: LogName): OpenLog | undefined {
    return this.#last?.author === author && this.#last.log === log ? this.#last : undefined;
  }

  *#open({ author, log }: LogName): WaitingSteps<OpenLog> {
    const name = author + log;
    const known = this.#logs.get(name) ?? (yield* this.#load({ author, log }));
    this.#logs.set(name, known);
    this.#last = known;
    return known;
  }

  *#load({ author, log }: LogName): WaitingSteps<OpenLog> {
    const head = yield* this.#store.headSteps({ author, log });
    return { author, log, head, tip: undefined, tipId: undefined, canonical: new Map(), side: new Map() };
  }

  /** What continues a log that is not forked, as nearly everything does, is compared with its tip alone. */
  #knownState({ author, sequence }: Header, log: OpenLog): LogState | undefined {
    const { head } = log;
    const isForked = this.#markOf(log) !== undefined;
    if (head === undefined)
      return { held: undefined, heldId: undefined, beforeId: undefined, side: undefined, isForked };
    if (sequence <= head.height || head.side !== undefined) return undefined;
    const held = heldOf(author, head, log);
    return { held, heldId: undefined, beforeId: undefined, side: undefined, isForked };
  }

  *#stateFor({ author, sequence }: Header, log: OpenLog): WaitingSteps<LogState> {
    const head = log.head!;
    return {
      held: heldOf(author, head, log),
      heldId: bytesOf(yield* this.#idAt('canonical', log, sequence)),
      beforeId:
        sequence > head.height ? undefined : bytesOf(yield* this.#idAt('canonical', log, sequence - 1)),
      side: yield* this.#sideOf(log),
      isForked: this.#markOf(log) !== undefined,
    };
  }

  *#sideOf(log: OpenLog): WaitingSteps<SideBranch | undefined> {
    const from = log.head?.side?.from;
    if (from === undefined) return undefined;
    const ids: Uint8Array[] = [];
    for (;;) {
      const id = yield* this.#idAt('side', log, from + ids.length);
      if (id === undefined) return { from, ids };
      ids.push(fromHex(id)!);
    }
  }

  *#idAt(branch: Branch, log: OpenLog, sequence: number): WaitingSteps<string | undefined> {
    const { head } = log;
    if (head === undefined || sequence < 0) return undefined;
    if (branch === 'canonical' && sequence === head.height) return head.tip;
    const record = yield* this.#placeAt(branch, log, sequence);
    return record === undefined ? undefined : idOfOperation(record);
  }

  *#placeAt(branch: Branch, log: OpenLog, sequence: number): WaitingSteps<string | undefined> {
    const changed = log[branch];
    if (changed.has(sequence)) return changed.get(sequence);
    if (branch === 'canonical' && sequence > log.head!.height) return undefined;
    return yield* this.#store.placeSteps(branch, log, sequence);
  }

  *#apply(operation: Operation, id: string, log: OpenLog, placement: Placement): WaitingSteps<void> {
    const { header, extensions, body } = operation;
    const { sequence } = header;
    const { head } = log;
    const own = header.bytes.length + (body?.length ?? 0);
    const put = (branch: Branch, before: number): number => {
      this.#stand(branch, log, sequence, encodeOperation(id, before + own, header.bytes, body));
      return before + own;
    };
    switch (placement) {
      case 'side-start':
        yield* this.#keepEvidence(header, extensions.logId, log);
        log.head = { ...head!, side: { from: sequence, height: sequence, tip: id, bytes: put('side', 0) } };
        return;
      case 'side-append': {
        const side = head!.side!;
        const bytes = put('side', side.bytes);
        log.head = { ...head!, side: { from: side.from, height: sequence, tip: id, bytes } };
        return;
      }
      case 'switch': {
        yield* this.#keepEvidence(header, extensions.logId, log);
        const before = yield* this.#switch(log, sequence);
        const side = { from: sequence, height: head!.height, tip: head!.tip, bytes: head!.bytes - before };
        log.head = { first: head!.first, height: sequence, tip: id, bytes: put('canonical', before), side };
        return;
      }
      default:
        if (head !== undefined) yield* this.#giveUp(log, head, sequence);
        log.head = {
          first: sequence,
          height: sequence,
          tip: id,
          bytes: put('canonical', 0),
          side: undefined,
        };
    }
  }

  /** Continues the canonical branch, or begins the log. */
  #append({ header, body }: Operation, id: string, log: OpenLog): void {
    const { sequence } = header;
    const { head } = log;
    const bytes = (head?.bytes ?? 0) + header.bytes.length + (body?.length ?? 0);
    this.#stand('canonical', log, sequence, encodeOperation(id, bytes, header.bytes, body));
    log.head = { first: head?.first ?? sequence, height: sequence, tip: id, bytes, side: head?.side };
  }

  /** Makes what was canonical from a place on the side branch; gives the bytes of what is canonical before it. */
  *#switch(log: OpenLog, from: number): WaitingSteps<number> {
    const head = log.head!;
    const last = from === head.first ? undefined : yield* this.#placeAt('canonical', log, from - 1);
    const before = last === undefined ? 0 : totalOfOperation(last);
    for (let sequence = from; sequence <= head.height; sequence += 1) {
      const record = (yield* this.#placeAt('canonical', log, sequence))!;
      this.#stand('side', log, sequence, withTotal(record, totalOfOperation(record) - before));
      if (sequence > from) this.#put('canonical', log, sequence, undefined);
      yield;
    }
    return before;
  }

  /** Deletes everything below a prune point, of both branches. */
  *#giveUp(log: OpenLog, { first, height, side }: LogHead, point: number): WaitingSteps<void> {
    for (let sequence = first; sequence <= height && sequence < point; sequence += 1) {
      yield* this.#forget('canonical', log, sequence);
      yield;
    }
    if (side === undefined) return;
    for (let sequence = side.from; sequence <= side.height; sequence += 1) {
      yield* this.#forget('side', log, sequence);
      yield;
    }
  }

  /** Deletes one operation. */
  *#forget(branch: Branch, log: OpenLog, sequence: number): WaitingSteps<void> {
    const record = yield* this.#placeAt(branch, log, sequence);
    if (record === undefined) return;
    const { id, body, isApart } = decodeOperation(record);
    const place = { author: log.author, log: log.log, sequence, id };
    const whole = isApart ? yield* this.#bodyApart(place) : body;
    this.#notes.forget(id);
    yield* appendForgotten(this.#changes, id, saidIn(whole));
    this.#changes.push([operationKey(id), undefined]);
    if (isApart) this.#changes.push([bodyKey(place), undefined]);
    this.#put(branch, log, sequence, undefined);
  }

  *#bodyApart(place: OperationPlace): WaitingSteps<Uint8Array | undefined> {
    return this.#bodies.get(place.id) ?? (yield* this.#store.bodySteps(place));
  }

  /** Puts an operation at a place, which is where it is found from now on. */
  #stand(branch: Branch, log: OpenLog, sequence: number, record: string): void {
    const key = this.#put(branch, log, sequence, record);
    this.#changes.push([operationKey(idOfOperation(record)), key]);
  }

  #put(branch: Branch, log: OpenLog, sequence: number, record: string | undefined): string {
    const key = placeKey(branch, log.author, log.log, sequence);
    log[branch].set(sequence, record);
    this.#changes.push([key, record]);
    return key;
  }

  *#keepEvidence(header: Header, logId: Uint8Array, log: OpenLog): WaitingSteps<void> {
    if (this.#markOf(log) !== undefined) return;
    const record = yield* this.#placeAt('canonical', log, header.sequence);
    const held = record === undefined ? undefined : decodeHeader(decodeOperation(record).header);
    if (held?.ok === true) this.#mark(log, evidenceOf(header, held.value, logId));
  }
}

/** What a body says to the graph. */
function saidIn(body: Uint8Array | undefined): readonly FieldWrite[] {
  const delta = body === undefined ? undefined : decodeDelta(body);
  return (delta?.ok === true ? delta.value?.writes : undefined) ?? [];
}

function heldOf(author: Uint8Array, { first, height, tip }: LogHead, log: OpenLog): HeldLog {
  return { author, height, tip: tipIdOf(log, tip), first };
}

/** The bytes of a log's tip, kept as long as it stays the tip. */
function tipIdOf(log: OpenLog, tip: string): Uint8Array {
  if (log.tipId === undefined || log.tip !== tip) log.tipId = fromHex(tip)!;
  log.tip = tip;
  return log.tipId;
}

function noteTip(log: OpenLog, tip: string, id: Uint8Array): void {
  if (log.head?.tip !== tip) return;
  log.tip = tip;
  log.tipId = id;
}

function bytesOf(id: string | undefined): Uint8Array | undefined {
  return id === undefined ? undefined : fromHex(id);
}
