import { fromHex, toHex } from '../base/byte-texts.ts';
import { failure, success, type Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import { decodeHeader, type Header } from '../log/codec.ts';
import { evidenceOf, type SideBranch } from '../log/fork.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import type { FieldWrite } from '../graph/write.ts';
import { placeOperation, type LogState, type Placement } from '../log/placement.ts';
import type { LogReason } from '../log/reasons.ts';
import {
  bodyKey,
  encodePlace,
  idOfPlace,
  headerKey,
  headKey,
  placeKey,
  topicKey,
  type Branch,
} from './log-keys.ts';
import { encodeHead, type LogHead } from './log-head.ts';
import { decodeDelta } from './delta-codec.ts';
import { evidenceChange, type ForkMark, type ForkMarks } from './fork-marks.ts';
import type { AppendedOperation, LogStore } from './log-store.ts';
import type { Change } from './storage.ts';
import { appendHistory } from './written-nodes.ts';

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
  readonly #logs = new Map<string, OpenLog>();
  /** Headers of the group, which forks are shown with before they are stored. */
  readonly #headers = new Map<string, Header>();
  /** What the operations of the group say to the graph. */
  readonly #said = new Map<string, readonly FieldWrite[]>();
  #changes: Change[] = [];
  readonly #appended: AppendedOperation[] = [];
  /** Logs that turned out to be forked. */
  readonly #marked = new Map<string, ForkMark>();
  #last: OpenLog | undefined;

  constructor(store: LogStore, marks: ForkMarks, topicOf: TopicOf) {
    this.#store = store;
    this.#marks = marks;
    this.#topicOf = topicOf;
  }

  /**
   * Places an operation that is true in itself; what is refused leaves nothing behind.
   *
   * @param writes what its body says to the graph
   * @param wasHere true for what the graph has already
   */
  *place(
    operation: Operation,
    writes: readonly FieldWrite[],
    wasHere: (write: FieldWrite) => boolean = () => false,
  ): WaitingSteps<Result<Placement, LogReason>> {
    const names = namesOf(operation);
    const topic = this.#topicOf(names.log);
    if (topic === undefined) return failure('log');
    const log = yield* this.#open(names);
    const placed = yield* this.#verdict(operation, log);
    if (!placed.ok || placed.value === 'known') return placed;
    if (log.head === undefined) this.#changes.push([topicKey(topic, log.author, log.log), '']);
    this.#headers.set(names.id, operation.header);
    this.#changes.push([headerKey(names.id), operation.header.bytes]);
    if (operation.body !== undefined) this.#changes.push([bodyKey(names.id), operation.body]);
    this.#said.set(names.id, writes);
    yield* appendHistory(this.#changes, names.id, writes, true, wasHere);
    const bytes = operation.header.bytes.length + (operation.body?.length ?? 0);
    yield* this.#apply(operation, encodePlace(names.id, bytes), log, placed.value);
    if (log.head?.tip === names.id) {
      log.tip = names.id;
      log.tipId = operation.header.id;
    }
    this.#appended.push({ operation, placement: placed.value });
    return success(placed.value);
  }

  *#verdict(operation: Operation, log: OpenLog): WaitingSteps<Result<Placement, LogReason>> {
    const state = yield* this.#stateFor(operation.header, log);
    const placed = placeOperation(operation, state, this.#marks.policy);
    const isStopped = operation.extensions.prune && this.#isBeingHidden(log);
    return isStopped && placed.ok && placed.value !== 'known' ? failure('frozen') : placed;
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

  /** The storage changes of everything that was placed, and of the heads. */
  *appendChanges(changes: Change[]): Generator<void, void> {
    for (const change of this.#changes) changes.push(change);
    yield;
    for (const { author, log, head } of this.#logs.values()) {
      if (head !== undefined && this.#changes.length > 0)
        changes.push([headKey(author, log), encodeHead(head)]);
    }
  }

  /** Tells the store what is durable now. */
  publish(): void {
    for (const log of this.#logs.values()) if (log.head !== undefined) this.#store.published(log, log.head);
    for (const mark of this.#marked.values()) this.#marks.add(mark);
    if (this.#appended.length > 0) this.#store.announce(this.#appended);
  }

  *#open({ author, log }: LogName): WaitingSteps<OpenLog> {
    if (this.#last?.author === author && this.#last.log === log) return this.#last;
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

  *#stateFor({ author, sequence }: Header, log: OpenLog): WaitingSteps<LogState> {
    const { head } = log;
    if (head === undefined)
      return { held: undefined, heldId: undefined, beforeId: undefined, side: undefined };
    const { first, height, tip } = head;
    return {
      held: { author, height, tip: tipIdOf(log, tip), first },
      heldId: bytesOf(yield* this.#idAt('canonical', log, sequence)),
      beforeId: sequence > height ? undefined : bytesOf(yield* this.#idAt('canonical', log, sequence - 1)),
      side: yield* this.#sideOf(log),
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
    return record === undefined ? undefined : idOfPlace(record);
  }

  *#placeAt(branch: Branch, log: OpenLog, sequence: number): WaitingSteps<string | undefined> {
    const changed = log[branch];
    if (changed.has(sequence)) return changed.get(sequence);
    if (branch === 'canonical' && sequence > log.head!.height) return undefined;
    return yield* this.#store.placeSteps(branch, log, sequence);
  }

  *#apply(
    { header, extensions }: Operation,
    place: string,
    log: OpenLog,
    placement: Placement,
  ): WaitingSteps<void> {
    const { sequence } = header;
    const { head } = log;
    const tip = idOfPlace(place);
    switch (placement) {
      case 'side-start':
        yield* this.#keepEvidence(header, extensions.logId, log);
        this.#put('side', log, sequence, place);
        log.head = { ...head!, side: { from: sequence, tip } };
        return;
      case 'side-append':
        this.#put('side', log, sequence, place);
        log.head = { ...head!, side: { from: head!.side!.from, tip } };
        return;
      case 'switch':
        yield* this.#keepEvidence(header, extensions.logId, log);
        return yield* this.#switch(log, sequence, place);
      default:
        this.#put('canonical', log, sequence, place);
        if (head === undefined || extensions.prune || placement === 'restart') {
          if (head !== undefined) yield* this.#giveUp(log, head, sequence);
          log.head = { first: sequence, height: sequence, tip, side: undefined };
        } else log.head = { ...head, height: sequence, tip };
    }
  }

  /** Makes what was canonical from a place on the side branch. */
  *#switch(log: OpenLog, from: number, place: string): WaitingSteps<void> {
    const head = log.head!;
    for (let sequence = from; sequence <= head.height; sequence += 1) {
      this.#put('side', log, sequence, yield* this.#placeAt('canonical', log, sequence));
      if (sequence > from) this.#put('canonical', log, sequence, undefined);
      yield;
    }
    this.#put('canonical', log, from, place);
    log.head = { first: head.first, height: from, tip: idOfPlace(place), side: { from, tip: head.tip } };
  }

  /** Deletes everything below a prune point, of both branches. */
  *#giveUp(log: OpenLog, { first, height, side }: LogHead, point: number): WaitingSteps<void> {
    for (let sequence = first; sequence <= height && sequence < point; sequence += 1) {
      yield* this.#forget('canonical', log, sequence);
      yield;
    }
    if (side === undefined) return;
    for (let sequence = side.from; yield* this.#forget('side', log, sequence); sequence += 1) yield;
  }

  /** Deletes one operation; false when none was there. */
  *#forget(branch: Branch, log: OpenLog, sequence: number): WaitingSteps<boolean> {
    const place = yield* this.#placeAt(branch, log, sequence);
    if (place === undefined) return false;
    const id = idOfPlace(place);
    yield* appendHistory(this.#changes, id, yield* this.#saidBy(id), false);
    this.#changes.push([headerKey(id), undefined], [bodyKey(id), undefined]);
    this.#put(branch, log, sequence, undefined);
    return true;
  }

  /** What an operation says to the graph, of the group or of the store. */
  *#saidBy(id: string): WaitingSteps<readonly FieldWrite[]> {
    const said = this.#said.get(id);
    if (said !== undefined) return said;
    const { body } = (yield this.#store.bytesOf(id)) as { readonly body: Uint8Array | undefined };
    const delta = body === undefined ? undefined : decodeDelta(body);
    return (delta?.ok === true ? delta.value?.writes : undefined) ?? [];
  }

  #put(branch: Branch, log: OpenLog, sequence: number, place: string | undefined): void {
    log[branch].set(sequence, place);
    this.#changes.push([placeKey(branch, log.author, log.log, sequence), place]);
  }

  *#keepEvidence(header: Header, logId: Uint8Array, log: OpenLog): WaitingSteps<void> {
    if (this.#markOf(log) !== undefined) return;
    const heldId = yield* this.#idAt('canonical', log, header.sequence);
    const held = this.#headers.get(heldId!) ?? (yield* this.#readHeader(heldId!));
    if (held === undefined) return;
    const evidence = evidenceOf(header, held, logId);
    const { author, log: name } = log;
    const { sequence, id: side } = evidence.side;
    this.#marked.set(author + name, { author, log: name, sequence, side });
    this.#changes.push(evidenceChange(log, evidence));
  }

  *#readHeader(id: string): WaitingSteps<Header | undefined> {
    const { header } = (yield this.#store.bytesOf(id)) as { readonly header: Uint8Array };
    const decoded = decodeHeader(header);
    return decoded.ok && toHex(decoded.value.id) === id ? decoded.value : undefined;
  }
}

/** The bytes of a log's tip, kept as long as it stays the tip. */
function tipIdOf(log: OpenLog, tip: string): Uint8Array {
  if (log.tipId === undefined || log.tip !== tip) log.tipId = fromHex(tip)!;
  log.tip = tip;
  return log.tipId;
}

function bytesOf(id: string | undefined): Uint8Array | undefined {
  return id === undefined ? undefined : fromHex(id);
}
