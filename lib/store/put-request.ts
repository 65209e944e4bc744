import type { FieldWrite } from '../graph/write.ts';
import type { ForkEvidence } from '../log/fork.ts';
import type { Operation } from '../log/operation.ts';
import type { Placement } from '../log/placement.ts';
import type { LogReason } from '../log/reasons.ts';
import type { LogShare } from './log-room.ts';
import type { Change } from './storage.ts';
import type { UnsignedOperation } from './unsigned-operation.ts';

/** What became of a request. */
export type PutOutcome =
  /** Durable; `changed` are the writes that won and still hold their properties. */
  | {
      readonly ok: true;
      readonly changed: readonly FieldWrite[];
      /** What became of the operation of a signed request. */
      readonly placement?: Placement | undefined;
      /** True when what the operation says loses against everything: nobody is told of it. */
      readonly isHidden?: boolean | undefined;
    }
  | {
      readonly ok: false;
      readonly reason: string;
      /** Why its log does not take an operation. */
      readonly logReason?: LogReason | undefined;
    };

/** Writes that belong together: merged and committed all or not at all. */
export interface PutRequest {
  readonly writes: readonly FieldWrite[];
  /** With whose requests it takes turns, and whom waiting future writes count against. */
  readonly owner: string | undefined;
  /** True for writes and nothing else, as most requests are: nothing of what follows is there. */
  readonly isPlain?: boolean | undefined;
  /** The operation that says the writes: kept in its log by the same commit, also when none of them wins. */
  readonly operation?: Operation | undefined;
  /** An operation of this node's own in its place. */
  readonly own?: UnsignedOperation | undefined;
  /** What the operation says, where `writes` leaves out what the graph has. */
  readonly says?: readonly FieldWrite[] | undefined;
  /** True when the operation may open a log beyond the room that strangers have. */
  readonly isInvited?: boolean | undefined;
  /** What it may open otherwise; as much as there is room for when absent. */
  readonly share?: LogShare | undefined;
  /** Evidence that a log is forked, which was checked; the operations need not be held. */
  readonly evidence?: ForkEvidence | undefined;
  /** True for writes of operations that are kept already, said to the graph again. */
  readonly isReplay?: boolean | undefined;
  /** The id of the one operation that is said again, as hex, where the histories of nodes may lack it. */
  readonly replays?: string | undefined;
  /**
   * True for writes of operations that lose against everything from now on: where one of them holds its property, what
   * counts besides takes its place.
   */
  readonly isHidden?: boolean | undefined;
  /** Told of those among hidden writes that are for another commit, as what comes back would be too much for one. */
  readonly leave?: ((write: FieldWrite) => void) | undefined;
  /** What takes the place of each of the writes that holds its property, nothing where undefined: a repair of the graph. */
  readonly instead?: ReadonlyMap<FieldWrite, FieldWrite | undefined> | undefined;
  /** Records of logs that the same commit changes. */
  readonly records?: readonly Change[] | undefined;
  /** Marks of what the operation witnesses, deleted by the same commit. */
  readonly witnesses?: readonly string[] | undefined;
  /** True for souls whose histories must note the operation, of all others the records name a mark; all when absent. */
  readonly notes?: ((soul: string) => boolean) | undefined;
  /** Keys of what logs need no more, deleted by the same commit. */
  readonly drops?: readonly string[] | undefined;
  /** Operations that lose their bodies by the same commit. */
  readonly pruned?: readonly string[] | undefined;
  /** Writes that the graph has and that are to be witnessed again. */
  readonly marks?: readonly FieldWrite[] | undefined;
  /** Told once, after the commit. */
  settle(outcome: PutOutcome): void;
}

/** A request of this node's own: one shape for all, as whatever looks at requests is compiled for few. */
class OwnRequest implements Required<PutRequest> {
  readonly writes: PutRequest['writes'];
  readonly owner: PutRequest['owner'];
  readonly isPlain: PutRequest['isPlain'];
  readonly operation: PutRequest['operation'];
  readonly own: PutRequest['own'];
  readonly says: PutRequest['says'];
  readonly isInvited: PutRequest['isInvited'];
  readonly share: PutRequest['share'];
  readonly evidence: PutRequest['evidence'];
  readonly isReplay: PutRequest['isReplay'];
  readonly replays: PutRequest['replays'];
  readonly isHidden: PutRequest['isHidden'];
  readonly leave: PutRequest['leave'];
  readonly instead: PutRequest['instead'];
  readonly records: PutRequest['records'];
  readonly witnesses: PutRequest['witnesses'];
  readonly notes: PutRequest['notes'];
  readonly drops: PutRequest['drops'];
  readonly pruned: PutRequest['pruned'];
  readonly marks: PutRequest['marks'];
  readonly settle: PutRequest['settle'];

  constructor(request: Omit<PutRequest, 'settle'>, settle: PutRequest['settle']) {
    this.writes = request.writes;
    this.owner = request.owner;
    this.isPlain = request.isPlain;
    this.operation = request.operation;
    this.own = request.own;
    this.says = request.says;
    this.isInvited = request.isInvited;
    this.share = request.share;
    this.evidence = request.evidence;
    this.isReplay = request.isReplay;
    this.replays = request.replays;
    this.isHidden = request.isHidden;
    this.leave = request.leave;
    this.instead = request.instead;
    this.records = request.records;
    this.witnesses = request.witnesses;
    this.notes = request.notes;
    this.drops = request.drops;
    this.pruned = request.pruned;
    this.marks = request.marks;
    this.settle = settle;
  }
}

/** Submits a request; gives what became of it. */
export function submitted(
  submit: (request: PutRequest) => void,
  request: Omit<PutRequest, 'settle'>,
): Promise<PutOutcome> {
  return new Promise((settle) => submit(new OwnRequest(request, settle)));
}

/**
 * The same for one that is refused only when something is wrong.
 *
 * @throws Error with the reason of the refusal
 */
export async function committed(
  submit: (request: PutRequest) => void,
  request: Omit<PutRequest, 'settle'>,
): Promise<void> {
  const outcome = await submitted(submit, request);
  if (!outcome.ok) throw new Error(outcome.reason);
}

/**
 * Takes out of the graph what a log says that loses against everything, in as many commits as that takes.
 *
 * @param commit makes one of them durable; what it throws ends it all
 */
export async function hideAll(
  commit: (request: Omit<PutRequest, 'settle'>) => Promise<void>,
  writes: readonly FieldWrite[],
  owner: string,
): Promise<void> {
  for (let left = writes; left.length > 0;) {
    const next: FieldWrite[] = [];
    await commit({ writes: left, owner, isHidden: true, leave: (write) => next.push(write) });
    left = next;
  }
}
