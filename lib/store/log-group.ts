import { toHex } from '../base/byte-texts.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { ForkEvidence } from '../log/fork.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { FieldWrite } from '../graph/write.ts';
import { placeOperation, type LogState, type Placement } from '../log/placement.ts';
import { LOG_REASONS, type LogReason } from '../log/reasons.ts';
import {
  givenUpKey,
  headKey,
  heldKey,
  keyOfPlace,
  operationKey,
  placeOf,
  type Branch,
  type OperationPlace,
} from './log-keys.ts';
import { encodeHead, type LogHead } from './log-head.ts';
import type { CommitGroup } from './commit-group.ts';
import { writesIn } from './delta-codec.ts';
import type { ForkMarks } from './fork-marks.ts';
import { MOST_REMOVED_AT_ONCE } from './given-up.ts';
import { GroupBodies } from './group-bodies.ts';
import { GroupForks } from './group-forks.ts';
import { HistoryNotes } from './history-notes.ts';
import { isThere } from './hidden-writes.ts';
import { OpenedLogs, type LogOpener, type LogRoom } from './log-room.ts';
import type { AppendedOperation, LogStore } from './log-store.ts';
import { OpenLog } from './open-log.ts';
import {
  decodeOperation,
  encodeOperation,
  hasBody,
  totalOfOperation,
  withoutBody,
  withTotal,
} from './operation-record.ts';
import type { Change } from './storage.ts';
import type { MergeTarget } from './writer-logs.ts';
import { appendForgotten, onlyNode, writtenNodes, type WasHere } from './written-nodes.ts';

/** True for the ids of logs that are kept here, which are those of this node's topics. */
export type KeepsLog = (log: string) => boolean;

/** Who may open any number of logs. */
const INVITED: LogOpener = { isInvited: true };

const APPENDED: Result<Placement, LogReason> = success('append');

/** What the operations of one commit do to logs: placed one by one, each upon those before it, then written at once. */
export class LogGroup {
  readonly #store: LogStore;
  readonly #forks: GroupForks;
  readonly #keeps: KeepsLog;
  /** Logs that the group opens. */
  readonly #opened: OpenedLogs;
  readonly #logs = new Map<string, OpenLog>();
  readonly #bodies: GroupBodies;
  readonly #changes: Change[] = [];
  readonly #notes = new HistoryNotes();
  readonly #appended: AppendedOperation[] = [];
  #last: OpenLog | undefined;
  /** True when something is left to be removed later. */
  #isLeft = false;

  constructor(store: LogStore, marks: ForkMarks, keeps: KeepsLog, room?: LogRoom) {
    this.#store = store;
    this.#forks = new GroupForks(marks, this.#changes);
    this.#keeps = keeps;
    this.#bodies = new GroupBodies(store, this.#changes);
    this.#opened = new OpenedLogs(room);
  }

  /**
   * Places an operation that is true in itself; what is refused leaves nothing behind but evidence that its log is forked.
   *
   * @param writes what its body says to the graph, of nodes whose histories are to note it
   * @param wasHere what of it the graph has already
   * @param opener who brings it
   */
  *place(
    operation: Operation,
    writes: readonly FieldWrite[],
    wasHere: WasHere = () => false,
    opener: LogOpener = INVITED,
  ): WaitingSteps<Result<Placement, LogReason>> {
    const names = namesOf(operation);
    if (!this.#keeps(names.log)) return failure('log');
    const log = this.#lastOpened(names) ?? (yield* this.#open(names));
    const { header } = operation;
    const isForked = this.#forks.has(log);
    const state = log.knownState(header, isForked) ?? (yield* log.stateFor(header, isForked));
    const placed = this.#verdict(operation, log, state, opener);
    if (!placed.ok) return failure(yield* this.#contradicted(operation, log, placed.reason));
    if (placed.value === 'known') return yield* this.#fillKnown(operation, log, writes, wasHere);
    if (log.head === undefined) this.#opened.add(opener);
    this.#bodies.keep(placeIn(log, header.sequence, names.id), operation);
    const only = onlyNode(writes);
    if (only === undefined) yield* this.#notes.add(names.id, writes, wasHere);
    else this.#notes.addNode(names.id, only, wasHere);
    if (placed.value === 'append' && !operation.extensions.prune) this.#append(operation, names.id, log);
    else yield* this.#apply(operation, names.id, log, placed.value);
    this.#noteAppended(operation, names.id, log, placed.value);
    return success(placed.value);
  }

  /**
   * {@link place} for what comes next in the log that the last one was of and writes to one node, as most do; undefined for
   * everything else, with which nothing is done.
   */
  placeNext(
    operation: Operation,
    writes: readonly FieldWrite[],
    wasHere: WasHere,
  ): Result<Placement, LogReason> | undefined {
    const names = namesOf(operation);
    const log = this.#lastOpened(names);
    const only = onlyNode(writes);
    if (log === undefined || only === undefined || operation.extensions.prune) return undefined;
    if (!log.isNext(operation.header) || this.#forks.has(log)) return undefined;
    this.#bodies.keep(placeIn(log, operation.header.sequence, names.id), operation);
    this.#notes.addNode(names.id, only, wasHere);
    this.#append(operation, names.id, log);
    this.#noteAppended(operation, names.id, log, 'append');
    return APPENDED;
  }

  #noteAppended(operation: Operation, id: string, log: OpenLog, placement: Placement): void {
    log.noteTip(id, operation.header.id);
    this.#appended.push({ operation, placement });
  }

  /** Drops the body of an operation, whichever branch it stands on by now. */
  *dropBody(id: string): WaitingSteps<void> {
    const where = yield* this.#store.whereSteps(id);
    if (where === undefined) return;
    const { sequence } = where;
    const log = yield* this.#open(where);
    if (log.head === undefined) return;
    const place = yield* log.find(id, sequence);
    if (place === undefined) return;
    if (decodeOperation(place.record).isApart) this.#bodies.drop(placeIn(log, sequence, id));
    this.#put(place.branch, log, sequence, withoutBody(place.record));
  }

  /** What becomes of an operation that is held: its body may have been lacking. */
  *#fillKnown(
    operation: Operation,
    log: OpenLog,
    writes: readonly FieldWrite[],
    wasHere: WasHere,
  ): WaitingSteps<Result<Placement, LogReason>> {
    const { id } = namesOf(operation);
    if (!(yield* this.#fill(operation, id, log))) return success('known');
    yield* this.#notes.add(id, writes, wasHere);
    return success('filled');
  }

  /** Takes the body of an operation that is held and came without it: anybody can leave that away. */
  *#fill(operation: Operation, id: string, log: OpenLog): WaitingSteps<boolean> {
    const { header, body } = operation;
    const at = placeIn(log, header.sequence, id);
    if (body === undefined || !(yield* this.#bodies.isLacking(at))) return false;
    const place = yield* log.find(id, header.sequence);
    if (place === undefined) return false;
    this.#bodies.found(at);
    this.#bodies.keep(at, operation);
    const record = encodeOperation(id, totalOfOperation(place.record), header.bytes, body);
    this.#put(place.branch, log, header.sequence, record);
    // What it supersedes counts as held from now on, not from when its header came.
    this.#changes.push([heldKey(log.author, log.log), undefined]);
    this.#appended.push({ operation, placement: 'filled' });
    return true;
  }

  #verdict(
    operation: Operation,
    log: OpenLog,
    state: LogState,
    opener: LogOpener,
  ): Result<Placement, LogReason> {
    const refusal = log.head === undefined ? this.#opened.refuses(opener) : undefined;
    if (refusal !== undefined) return failure(refusal);
    const placed = placeOperation(operation, state, this.#forks.policy);
    const isStopped = operation.extensions.prune && this.#forks.isBeingHidden(log);
    return isStopped && placed.ok && placed.value !== 'known' ? failure('frozen') : placed;
  }

  /** What parts too far back to be kept proves a fork as well; gives why it is refused. */
  *#contradicted(operation: Operation, log: OpenLog, reason: LogReason): WaitingSteps<LogReason> {
    if (reason !== 'backlink') return reason;
    yield* this.#forks.contradict(operation.header, operation.extensions.logId, log);
    return this.#forks.isNew(log) ? 'fork' : reason;
  }

  /**
   * Keeps evidence of a fork that came alone; gives why it is refused. There is one piece at most for each log that is held.
   *
   * @param opener who brings it
   */
  *keepEvidence(evidence: ForkEvidence, opener: LogOpener): WaitingSteps<[] | string> {
    const name = { author: toHex(evidence.canonical.author), log: toHex(evidence.logId) };
    if (!this.#keeps(name.log)) return LOG_REASONS.log.text;
    if (this.#forks.has(name)) return [];
    if ((yield* this.#open(name)).head === undefined) {
      const kept = this.#forks.size;
      const refusal = this.#opened.refusesEvidence(opener, kept);
      if (refusal !== undefined) return LOG_REASONS[refusal].text;
      this.#opened.addEvidence(opener, kept);
    }
    this.#forks.mark(name, evidence);
    return [];
  }

  /** True when what an operation says loses against everything. */
  hides(operation: Operation): boolean {
    return this.#forks.hides(namesOf(operation));
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

  /** Has the records of nodes name an operation of this node's own by a shorter text, see `node-source.ts`. */
  nameOwn(id: string, source: string): void {
    this.#notes.nameOwn(id, source);
  }

  /** Finds where it is noted what operations write: in the records of nodes, or in their histories. */
  *noteIn(graph: CommitGroup): WaitingSteps<void> {
    yield* this.#notes.settle(graph);
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
    this.#forks.publish();
    this.#opened.publish();
    if (this.#appended.length > 0) this.#store.announce(this.#appended);
    if (this.#isLeft) this.#store.gaveUp();
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
    return new OpenLog({ author, log }, head, this.#store);
  }

  *#apply(operation: Operation, id: string, log: OpenLog, placement: Placement): WaitingSteps<void> {
    const { header, extensions, body } = operation;
    const { sequence } = header;
    const { head } = log;
    const own = header.bytes.length + (body?.length ?? 0);
    const put = (branch: Branch, before: number): number => {
      this.#stand(branch, log, sequence, id, encodeOperation(id, before + own, header.bytes, body));
      return before + own;
    };
    switch (placement) {
      case 'side-start':
        yield* this.#forks.contradict(header, extensions.logId, log);
        log.head = { ...head!, side: { from: sequence, height: sequence, tip: id, bytes: put('side', 0) } };
        return;
      case 'side-append': {
        const side = head!.side!;
        const bytes = put('side', side.bytes);
        log.head = { ...head!, side: { from: side.from, height: sequence, tip: id, bytes } };
        return;
      }
      case 'switch': {
        yield* this.#forks.contradict(header, extensions.logId, log);
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
    this.#stand('canonical', log, sequence, id, encodeOperation(id, bytes, header.bytes, body));
    log.head = { first: head?.first ?? sequence, height: sequence, tip: id, bytes, side: head?.side };
  }

  /** Makes what was canonical from a place on the side branch; gives the bytes of what is canonical before it. */
  *#switch(log: OpenLog, from: number): WaitingSteps<number> {
    const head = log.head!;
    const last = from === head.first ? undefined : yield* log.recordAt('canonical', from - 1);
    const before = last === undefined ? 0 : totalOfOperation(last);
    for (let sequence = from; sequence <= head.height; sequence += 1) {
      const record = (yield* log.recordAt('canonical', sequence))!;
      this.#put('side', log, sequence, withTotal(record, totalOfOperation(record) - before));
      if (sequence > from) this.#put('canonical', log, sequence, undefined);
      yield;
    }
    return before;
  }

  /** Deletes everything below a prune point, of both branches; of a long log that is noted, to be done later. */
  *#giveUp(log: OpenLog, { first, height, side }: LogHead, point: number): WaitingSteps<void> {
    const end = Math.min(height + 1, point);
    this.#isLeft ||= end - first > MOST_REMOVED_AT_ONCE;
    if (end - first > MOST_REMOVED_AT_ONCE)
      this.#changes.push([givenUpKey(log.author, log.log, point), String(first)]);
    else {
      for (let sequence = first; sequence < end; sequence += 1) {
        yield* this.#forget('canonical', log, sequence);
        yield;
      }
    }
    if (side === undefined) return;
    for (let sequence = side.from; sequence <= side.height; sequence += 1) {
      yield* this.#forget('side', log, sequence);
      yield;
    }
  }

  /** Deletes one operation. */
  *#forget(branch: Branch, log: OpenLog, sequence: number): WaitingSteps<void> {
    const record = yield* log.recordAt(branch, sequence);
    if (record === undefined) return;
    const { id, body, isApart } = decodeOperation(record);
    const place = placeIn(log, sequence, id);
    const whole = isApart ? yield* this.#bodies.apart(place) : body;
    this.#notes.forget(id);
    yield* appendForgotten(this.#changes, id, writesIn(whole));
    this.#changes.push([operationKey(id), undefined]);
    if (isApart) this.#bodies.drop(place);
    if (!hasBody(record)) this.#bodies.found(place);
    this.#put(branch, log, sequence, undefined);
  }

  /** Puts an operation at a place that is new, which is where it is found from now on. */
  #stand(branch: Branch, log: OpenLog, sequence: number, id: string, record: string): void {
    const place = this.#put(branch, log, sequence, record);
    this.#changes.push([operationKey(id), place]);
  }

  #put(branch: Branch, log: OpenLog, sequence: number, record: string | undefined): string {
    const place = placeOf(log.prefix, sequence);
    log[branch].set(sequence, record);
    this.#changes.push([keyOfPlace(branch, place), record]);
    return place;
  }
}

function placeIn({ author, log }: LogName, sequence: number, id: string): OperationPlace {
  return { author, log, sequence, id };
}
