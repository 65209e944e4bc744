/** Logs in memory, as one would keep them first: what a store of logs must come to, and what sessions can run over. */
import { toHex } from '../../lib/base/byte-texts.ts';
import { equalBytes } from '../../lib/base/bytes.ts';
import type { MaybePromise } from '../../lib/base/maybe-promise.ts';
import { failure, success, type Result } from '../../lib/base/result.ts';
import { checkEvidence, evidenceOf, MOST_SIDE_OPERATIONS, type ForkPolicy } from '../../lib/log/fork.ts';
import { compareTips, type LogName, type Tip, type Tips } from '../../lib/log/heights.ts';
import { readOperation } from '../../lib/log/integrity.ts';
import { namesOf, type Operation } from '../../lib/log/operation.ts';
import type { PartedTips } from '../../lib/log/parted-tips.ts';
import { placeOperation, type LogState, type Placement } from '../../lib/log/placement.ts';
import type { LogReason } from '../../lib/log/reasons.ts';
import { planParts } from '../../lib/sync/plan.ts';
import type {
  OutgoingOperation,
  PlanPart,
  SyncPlan,
  SyncStore,
  Taker,
  TakenOperation,
  SeenOperation,
} from '../../lib/sync/sync-store.ts';
import { LOG_ID, verifyFast } from './log-maker.ts';
import { partedTips } from './parted-tips.ts';

/** One log: a canonical branch without gaps from `first` on, and a side branch from a fork on. */
interface ReplicaLog {
  readonly author: string;
  readonly log: string;
  first: number;
  canonical: Operation[];
  side: Operation[];
}

function outgoing(operation: Operation): OutgoingOperation {
  const { header, body } = operation;
  return { ...namesOf(operation), sequence: header.sequence, header: header.bytes, body };
}

function isMore({ sequence }: OutgoingOperation, { after, until }: PlanPart): boolean {
  return sequence > (after ?? -1) && sequence <= until;
}

/** A replica of logs. */
export class LogReplica implements SyncStore {
  readonly logs = new Map<string, ReplicaLog>();
  readonly policy: ForkPolicy;
  /** Signatures that were checked, as evidence or as operations. */
  checked = 0;
  /** Evidence of forks that arrived in frames of its own. */
  evidenceTaken = 0;
  /** Throws instead of taking anything, when set. */
  broken = false;
  /** Why an operation is refused that could be taken. */
  refusal: (operation: SeenOperation) => LogReason | undefined = () => undefined;
  /** Told of everything that is new. */
  onTaken: (operation: TakenOperation) => void = () => undefined;

  constructor(policy: ForkPolicy = 'tolerate') {
    this.policy = policy;
  }

  /** Takes operations that were made here. */
  add(operations: Iterable<Operation>): this {
    for (const operation of operations) {
      const placed = this.place(operation);
      if (!placed.ok) throw new Error(placed.reason);
    }
    return this;
  }

  place(operation: Operation): Result<TakenOperation, LogReason> {
    const { author, log } = namesOf(operation);
    const held = this.logs.get(author + log);
    const placement = placeOperation(operation, stateFor(operation, held), this.policy);
    if (!placement.ok) return placement;
    const target = held ?? { author, log, first: 0, canonical: [], side: [] };
    this.logs.set(author + log, target);
    const forks = placement.value === 'side-start' || placement.value === 'switch';
    put(operation, target, placement.value);
    const taken = {
      ...outgoing(operation),
      forkedAt: forks ? operation.header.sequence : undefined,
      mayFollow: operation.extensions.prune || placement.value.startsWith('side'),
      known: placement.value === 'known',
    };
    return success(taken);
  }

  /** Ids of everything that is held, canonical and side, in order. */
  lines(): string[] {
    const lines: string[] = [];
    for (const { author, log, canonical, side } of this.logs.values()) {
      for (const { header, body } of canonical) {
        lines.push(`${author} ${log} ${header.sequence} ${toHex(header.id)} ${body?.join()}`);
      }
      for (const { header } of side)
        lines.push(`${author} ${log} ${header.sequence} side ${toHex(header.id)}`);
    }
    return lines.toSorted();
  }

  tips(): Promise<PartedTips> {
    return Promise.resolve(partedTips(this.#tips()));
  }

  /** The same in the order in which the logs came. */
  #tips(): Map<string, Map<string, Tip>> {
    const tips = new Map<string, Map<string, Tip>>();
    for (const { author, log, canonical, side } of this.logs.values()) {
      const { sequence: height, id } = canonical.at(-1)!.header;
      const tip = { height, id, side: side.at(-1)?.header.id };
      tips.set(author, (tips.get(author) ?? new Map<string, Tip>()).set(log, tip));
    }
    return tips;
  }

  async plan(_topic: Uint8Array, remote: Tips): Promise<SyncPlan> {
    const idAt = (author: string, log: string, sequence: number): Uint8Array | undefined => {
      const held = this.logs.get(author + log)!;
      return held.canonical[sequence - held.first]?.header.id;
    };
    const comparison = compareTips(this.#tips(), remote, MOST_SIDE_OPERATIONS, idAt);
    const held = ({ author, log }: LogName): ReplicaLog => this.logs.get(author + log)!;
    const parts = planParts(
      comparison,
      (log) => held(log).side[0]!.header.sequence,
      (log) => held(log).canonical.at(-1)!.header.sequence,
    );
    const operations = parts.flatMap((part) => this.#partOf(part));
    const bytes = operations.reduce((sum, { header, body }) => sum + header.length + (body?.length ?? 0), 0);
    return { operations: operations.length, bytes, parts };
  }

  read(part: PlanPart, most: number): Promise<readonly OutgoingOperation[]> {
    return Promise.resolve(this.#partOf(part).slice(0, most));
  }

  evidence(author: string, log: string): Promise<readonly [Uint8Array, Uint8Array] | undefined> {
    const held = this.logs.get(author + log)!;
    const side = held.side[0]?.header;
    if (side === undefined) return Promise.resolve(undefined);
    const canonical = held.canonical[side.sequence - held.first]!.header;
    const evidence = evidenceOf(canonical, side, LOG_ID);
    return Promise.resolve([evidence.canonical.bytes, evidence.side.bytes]);
  }

  take(_topic: Uint8Array, header: Uint8Array, body: Uint8Array | undefined, taker: Taker): void {
    if (this.broken) queueMicrotask(() => taker.fail(new Error('broken')));
    else {
      const taken = this.#take(header, body, taker);
      queueMicrotask(() => taker.settle(taken));
    }
  }

  #take(header: Uint8Array, body: Uint8Array | undefined, taker: Taker): Result<TakenOperation, LogReason> {
    this.checked += 1;
    const read = readOperation(header, body, verifyFast);
    if (!read.ok) return read;
    if (!equalBytes(read.value.extensions.logId, LOG_ID)) return failure('log');
    const seen = { ...namesOf(read.value), sequence: read.value.header.sequence };
    taker.seen(seen);
    const refusal = this.refusal(seen);
    if (refusal !== undefined) return failure(refusal);
    const taken = this.place(read.value);
    if (taken.ok && !taken.value.known) this.onTaken(taken.value);
    return taken;
  }

  takeEvidence(first: Uint8Array, second: Uint8Array): MaybePromise<LogReason | undefined> {
    const evidence = checkEvidence(first, second, verifyFast);
    if (!evidence.ok) return evidence.reason;
    this.evidenceTaken += 1;
    return undefined;
  }

  #partOf(part: PlanPart): OutgoingOperation[] {
    const held = this.logs.get(part.author + part.log);
    const branch = part.side ? held?.side : held?.canonical;
    return (branch ?? []).map(outgoing).filter((operation) => isMore(operation, part));
  }
}

function stateFor({ header }: Operation, log: ReplicaLog | undefined): LogState {
  if (log === undefined) return { held: undefined, heldId: undefined, beforeId: undefined, side: undefined };
  const tip = log.canonical.at(-1)!.header;
  const idAt = (sequence: number): Uint8Array | undefined => log.canonical[sequence - log.first]?.header.id;
  const from = log.side[0]?.header.sequence;
  return {
    held: { author: tip.author, height: tip.sequence, tip: tip.id, first: log.first },
    heldId: idAt(header.sequence),
    beforeId: idAt(header.sequence - 1),
    side: from === undefined ? undefined : { from, ids: log.side.map((operation) => operation.header.id) },
  };
}

function put(operation: Operation, log: ReplicaLog, placement: Placement): void {
  const { sequence } = operation.header;
  switch (placement) {
    case 'known':
      return;
    case 'append':
      log.canonical.push(operation);
      break;
    case 'side-start':
    case 'side-append':
      log.side.push(operation);
      return;
    case 'switch':
      log.side = log.canonical.splice(sequence - log.first);
      log.canonical.push(operation);
      return;
    case 'restart':
      log.canonical = [operation];
      log.first = sequence;
      log.side = [];
  }
  // A prune point gives up what is before it, also where it follows it.
  if (!operation.extensions.prune) return;
  log.canonical = [operation];
  log.first = sequence;
  log.side = [];
}
