import { fromHex } from '../base/byte-texts.ts';
import { equalBytes } from '../base/bytes.ts';
import type { WaitingSteps } from '../base/slices.ts';
import type { Header } from '../log/codec.ts';
import type { SideBranch } from '../log/fork.ts';
import type { LogName } from '../log/heights.ts';
import type { HeldLog } from '../log/integrity.ts';
import type { LogState } from '../log/placement.ts';
import { BRANCHES, placePrefix, type Branch } from './log-keys.ts';
import type { LogHead } from './log-head.ts';
import type { LogStore } from './log-store.ts';
import { idOfOperation } from './operation-record.ts';

/** A log as a group of operations sees it: stored, overlaid with what the group appended. */
export class OpenLog implements LogName {
  readonly author: string;
  readonly log: string;
  /** What its places begin with. */
  readonly prefix: string;
  head: LogHead | undefined;
  /** Records of places that the group changed; undefined where it emptied them. */
  readonly canonical: Map<number, string | undefined> = new Map();
  readonly side: Map<number, string | undefined> = new Map();
  /** A tip whose bytes are known. */
  #tip: string | undefined;
  #tipId: Uint8Array | undefined;
  readonly #store: Pick<LogStore, 'placeSteps'>;

  constructor({ author, log }: LogName, head: LogHead | undefined, store: Pick<LogStore, 'placeSteps'>) {
    this.author = author;
    this.log = log;
    this.prefix = placePrefix(author, log);
    this.head = head;
    this.#store = store;
  }

  /** What an operation of an author is compared with, given the head of this log. */
  heldOf(author: Uint8Array, { first, height, tip }: LogHead): HeldLog {
    return { author, height, tip: this.#bytesOf(tip), first };
  }

  /** True for a header of the author's that comes next in a log without a side branch. */
  isNext({ sequence, backlink }: Header): boolean {
    const { head } = this;
    if (head === undefined || head.side !== undefined || sequence !== head.height + 1) return false;
    return backlink !== undefined && equalBytes(backlink, this.#bytesOf(head.tip));
  }

  #bytesOf(tip: string): Uint8Array {
    if (this.#tipId === undefined || this.#tip !== tip) {
      this.#tip = tip;
      this.#tipId = fromHex(tip)!;
    }
    return this.#tipId;
  }

  /** Notes the bytes of an id, if that is the tip now. */
  noteTip(tip: string, id: Uint8Array): void {
    if (this.head?.tip !== tip) return;
    this.#tip = tip;
    this.#tipId = id;
  }

  /** What continues a log that is not forked, as nearly everything does, is compared with its tip alone. */
  knownState({ author, sequence }: Header, isForked: boolean): LogState | undefined {
    const { head } = this;
    if (head === undefined)
      return { held: undefined, heldId: undefined, beforeId: undefined, side: undefined, isForked };
    if (sequence <= head.height || head.side !== undefined) return undefined;
    const held = this.heldOf(author, head);
    return { held, heldId: undefined, beforeId: undefined, side: undefined, isForked };
  }

  /** What any other operation is compared with; something of the log is held. */
  *stateFor({ author, sequence }: Header, isForked: boolean): WaitingSteps<LogState> {
    const head = this.head!;
    return {
      held: this.heldOf(author, head),
      heldId: bytesOf(yield* this.#idAt('canonical', sequence)),
      beforeId: sequence > head.height ? undefined : bytesOf(yield* this.#idAt('canonical', sequence - 1)),
      side: yield* this.#sideOf(sequence),
      isForked,
    };
  }

  /** Where an operation stands by now, undefined when it does not. */
  *find(
    id: string,
    sequence: number,
  ): WaitingSteps<{ readonly branch: Branch; readonly record: string } | undefined> {
    for (const branch of BRANCHES) {
      const record = yield* this.recordAt(branch, sequence);
      if (record !== undefined && idOfOperation(record) === id) return { branch, record };
    }
    return undefined;
  }

  /** The record at a place, undefined when nothing is held there; something of the log is held. */
  *recordAt(branch: Branch, sequence: number): WaitingSteps<string | undefined> {
    const changed = this[branch];
    if (changed.has(sequence)) return changed.get(sequence);
    const { first, height } = this.head!;
    if (branch === 'canonical' && (sequence < first || sequence > height)) return undefined;
    return yield* this.#store.placeSteps(branch, this, sequence);
  }

  /** The side branch as one operation meets it: a branch may be long, and each of its operations asks. */
  *#sideOf(sequence: number): WaitingSteps<SideBranch | undefined> {
    const side = this.head?.side;
    if (side === undefined) return undefined;
    const ids: { readonly length: number; [at: number]: Uint8Array | undefined } = {
      length: side.height - side.from + 1,
    };
    for (const at of [sequence - 1, sequence]) {
      if (at >= side.from && at <= side.height) ids[at - side.from] = bytesOf(yield* this.#idAt('side', at));
    }
    return { from: side.from, ids };
  }

  *#idAt(branch: Branch, sequence: number): WaitingSteps<string | undefined> {
    const { head } = this;
    if (head === undefined || sequence < 0) return undefined;
    const end = branch === 'side' ? head.side : head;
    if (sequence === end?.height) return end.tip;
    const record = yield* this.recordAt(branch, sequence);
    return record === undefined ? undefined : idOfOperation(record);
  }
}

function bytesOf(id: string | undefined): Uint8Array | undefined {
  return id === undefined ? undefined : fromHex(id);
}
