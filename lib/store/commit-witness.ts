import { Pace } from '../base/pace.ts';
import type { Result } from '../base/result.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { LogName } from '../log/heights.ts';
import { namesOf, type Operation } from '../log/operation.ts';
import { LOG_REASONS } from '../log/reasons.ts';
import { entryName } from './entry-name.ts';
import type { LogGroup } from './log-group.ts';
import type { LogHead } from './log-head.ts';
import { markSource } from './node-source.ts';
import { seenBodies } from './seen-bodies.ts';
import type { Change } from './storage.ts';
import type { Sources, WitnessMarks } from './witness-marks.ts';

/** What a commit witnessed itself. */
export interface WitnessedNow {
  readonly writes: number;
  /** The log behind it; undefined when nothing was appended. */
  readonly head: LogHead | undefined;
  /** Why something is marked instead of being witnessed. */
  readonly fault: string | undefined;
}

/** Who signs what commits change. */
export interface CommitSigner {
  /** Whose log it signs. */
  readonly name: LogName;
  /** True when a commit witnesses so many writes itself, false when they wait for others. */
  takes(writes: number): boolean;
  /** Signs a body as what comes after the head of the log. */
  sign(head: LogHead | undefined, body: Uint8Array): Result<Operation>;
  /** Told what a commit witnessed, once that is durable. */
  witnessed(now: WitnessedNow): void;
}

/** What one commit changes without a signature: witnessed by the commit itself, or marked to be witnessed later. */
export class CommitWitness {
  readonly #marks: WitnessMarks;
  readonly #signer: CommitSigner | undefined;
  /** What operations of others in this commit say. */
  readonly #said: (readonly FieldWrite[])[] = [];
  #writes = 0;
  /** The numbers of what was signed, with the operations. */
  readonly #signed = new Map<number, string>();
  #fault: string | undefined;
  #head: LogHead | undefined;

  constructor(marks: WitnessMarks, signer: CommitSigner | undefined) {
    this.#marks = marks;
    this.#signer = signer;
  }

  /** Operations that were appended. */
  get operations(): number {
    return this.#signed.size;
  }

  /** These operations by the numbers that the records of nodes name them by, as they name marks. */
  get signed(): ReadonlyMap<number, string> {
    return this.#signed;
  }

  /** Tells what an operation of somebody else says, which nobody else has to witness then. */
  heard(writes: readonly FieldWrite[]): void {
    this.#said.push(writes);
  }

  /** Signs or marks what changed. */
  *witness(
    batches: readonly (readonly FieldWrite[])[],
    group: () => LogGroup,
    graph: Sources,
  ): WaitingSteps<void> {
    const isNothing = this.#said.length === 0 || batches.every((batch) => batch.length === 0);
    const unsigned = isNothing ? batches : yield* withoutSaid(batches, this.#said);
    let count = 0;
    for (const batch of unsigned) count += batch.length;
    if (count === 0) return;
    const isNow = this.#signer?.takes(count) === true;
    yield* this.#marks.mark(isNow ? yield* this.#sign(this.#signer, unsigned, group) : unsigned, graph);
  }

  /** Operations that say what changed; gives what could not be signed. */
  *#sign(
    signer: CommitSigner,
    unsigned: readonly (readonly FieldWrite[])[],
    group: () => LogGroup,
  ): WaitingSteps<readonly (readonly FieldWrite[])[]> {
    const bodies = seenBodies(unsigned);
    const left: FieldWrite[] = [];
    for (let body = bodies.next(); body.done !== true; body = bodies.next()) {
      yield;
      const { bytes, says } = body.value;
      this.#fault ??= yield* this.#append(signer, group(), bytes, says);
      if (this.#fault === undefined) this.#writes += says.length;
      else left.push(...says);
      yield;
    }
    return [left];
  }

  /** One operation; gives why there is none. */
  *#append(
    signer: CommitSigner,
    group: LogGroup,
    body: Uint8Array,
    says: readonly FieldWrite[],
  ): WaitingSteps<string | undefined> {
    const signed = signer.sign(yield* group.head(signer.name), body);
    if (!signed.ok) return signed.reason;
    const placed = yield* group.place(signed.value, says, true);
    if (!placed.ok) return LOG_REASONS[placed.reason].text;
    const number = this.#marks.takeNumber();
    const { id } = namesOf(signed.value);
    this.#signed.set(number, id);
    group.nameOwn(id, markSource(number));
    this.#head = yield* group.head(signer.name);
    return undefined;
  }

  /** Marks of what is witnessed later. */
  appendMarks(changes: Change[]): void {
    this.#marks.appendChanges(changes);
  }

  /** Told once how the commit ended. */
  settle(isDurable: boolean): void {
    this.#marks.settle(isDurable);
    if (!isDurable) return;
    for (const writes of this.#said) this.#marks.heard(writes);
    const [writes, head, fault] = [this.#writes, this.#head, this.#fault];
    if (writes > 0 || fault !== undefined) this.#signer?.witnessed({ writes, head, fault });
  }
}

/** What is left of writes without those that others said as well. */
function* withoutSaid(
  batches: readonly (readonly FieldWrite[])[],
  said: readonly (readonly FieldWrite[])[],
): Generator<void, FieldWrite[][]> {
  const names = new Set<string>();
  const pace = new Pace();
  for (const writes of said) {
    for (const write of writes) {
      names.add(entryName(write));
      if (pace.after(write.json.length)) yield;
    }
  }
  const left: FieldWrite[][] = [];
  for (const batch of batches) {
    left.push([]);
    for (const write of batch) {
      if (!names.has(entryName(write))) left.at(-1)!.push(write);
      if (pace.after(write.json.length)) yield;
    }
  }
  return left;
}
