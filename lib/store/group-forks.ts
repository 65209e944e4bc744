import { decodeHeader, type Header } from '../log/codec.ts';
import { evidenceOf, type ForkEvidence, type ForkPolicy } from '../log/fork.ts';
import type { LogName } from '../log/heights.ts';
import type { WaitingSteps } from '../base/slices.ts';
import { evidenceChange, type ForkMark, type ForkMarks } from './fork-marks.ts';
import type { OpenLog } from './open-log.ts';
import { decodeOperation } from './operation-record.ts';
import type { Change } from './storage.ts';

/** Which logs are forked with what one commit found out. */
export class GroupForks {
  readonly #marks: ForkMarks;
  readonly #changes: Change[];
  /** Logs that turned out to be forked. */
  readonly #marked = new Map<string, ForkMark>();

  /** @param changes where the storage changes are put */
  constructor(marks: ForkMarks, changes: Change[]) {
    this.#marks = marks;
    this.#changes = changes;
  }

  /** What becomes of forked logs. */
  get policy(): ForkPolicy {
    return this.#marks.policy;
  }

  /** Forked logs. */
  get size(): number {
    return this.#marks.size + this.#marked.size;
  }

  /** True for a log that is forked. */
  has(name: LogName): boolean {
    if (this.#marked.size === 0 && this.#marks.size === 0) return false;
    return this.isNew(name) || this.#marks.get(name) !== undefined;
  }

  /** True for a log that turned out to be forked in this commit. */
  isNew({ author, log }: LogName): boolean {
    return this.#marked.has(author + log);
  }

  /** True for a log that loses against everything. */
  hides(name: LogName): boolean {
    return this.#marks.policy === 'hide' && this.has(name);
  }

  /** While a log is being hidden its operations are gone through: none may be given up. */
  isBeingHidden(name: LogName): boolean {
    return this.hides(name) && this.#marks.hidingOf(name) !== 'done';
  }

  /** Keeps evidence about a log that has none. */
  mark({ author, log }: LogName, evidence: ForkEvidence): void {
    const { sequence, id: side } = evidence.side;
    this.#marked.set(author + log, { author, log, sequence, side });
    this.#changes.push(evidenceChange({ author, log }, evidence));
  }

  /** Keeps a header and the canonical one at its place as evidence, unless there is some or nothing is held there. */
  *contradict(header: Header, logId: Uint8Array, log: OpenLog): WaitingSteps<void> {
    if (this.has(log)) return;
    const record = yield* log.recordAt('canonical', header.sequence);
    const held = record === undefined ? undefined : decodeHeader(decodeOperation(record).header);
    if (held?.ok === true) this.mark(log, evidenceOf(header, held.value, logId));
  }

  /** Tells who knows all marks of those that are durable now. */
  publish(): void {
    for (const mark of this.#marked.values()) this.#marks.add(mark);
  }
}
