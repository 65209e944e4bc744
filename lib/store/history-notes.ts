import { Pace } from '../base/pace.ts';
import type { FieldWrite } from '../graph/write.ts';
import type { CommitGroup } from './commit-group.ts';
import { sourceText } from './node-source.ts';
import type { Change } from './storage.ts';
import {
  endOfNode,
  historyChange,
  historyChangeInSteps,
  isBySoul,
  isMany,
  wereHere,
  wereHereInSteps,
  writtenNodes,
  type WasHere,
  type WrittenNode,
} from './written-nodes.ts';

/** Writes that are noted without a pause; this node's own operations have no more. */
const FEW_WRITES = 500;

const WAS_NOT_HERE: WasHere = () => false;

/** What an operation wrote to one node, of which all or nothing was there before: one shape, as there are so many. */
class EvenNote implements WrittenNode {
  readonly id: string;
  readonly soul: string;
  readonly writes: readonly FieldWrite[];
  readonly from: number;
  readonly to: number;
  readonly wereHere: boolean;

  constructor(id: string, writes: readonly FieldWrite[], from: number, to: number, were: boolean) {
    this.id = id;
    this.soul = writes[from]!.soul;
    this.writes = writes;
    this.from = from;
    this.to = to;
    this.wereHere = were;
  }
}

/**
 * What the operations of one commit write to nodes, until it is known what holds at its end: of a node that one operation
 * says whole the node's record notes that, of all others their histories do.
 */
export class HistoryNotes {
  #even: EvenNote[] = [];
  /** Records of what was there in part, with their operations. */
  #mixed: (readonly [id: string, change: Change])[] = [];
  readonly #ownNames = new Map<string, string>();

  /** Notes what an operation wrote, in steps. */
  *add(id: string, writes: readonly FieldWrite[], wasHere: WasHere): Generator<void, void> {
    if (wasHere === true && writes.length <= FEW_WRITES && isBySoul(writes)) return this.#addOwn(id, writes);
    const pace = new Pace();
    for (const node of writtenNodes(writes)) {
      if (node !== undefined && isMany(node)) yield* this.#addMany(id, node, wasHere);
      else if (node !== undefined) this.addNode(id, node, wasHere);
      if (node === undefined || pace.after(node.soul.length)) yield;
    }
  }

  /** Notes what this node's own operations say, all of which is in the graph. */
  #addOwn(id: string, writes: readonly FieldWrite[]): void {
    for (let from = 0, to = 0; from < writes.length; from = to) {
      to = endOfNode(writes, from);
      this.#even.push(new EvenNote(id, writes, from, to, true));
    }
  }

  /** Notes what an operation wrote to one node. */
  addNode(id: string, node: WrittenNode, wasHere: WasHere): void {
    const even = wereHere(node, wasHere);
    if (even === undefined) this.#mixed.push([id, historyChange(id, node, wasHere)]);
    else this.#even.push(new EvenNote(id, node.writes, node.from, node.to, even));
  }

  *#addMany(id: string, node: WrittenNode, wasHere: WasHere): Generator<void, void> {
    const even = yield* wereHereInSteps(node, wasHere);
    if (even === undefined) this.#mixed.push([id, yield* historyChangeInSteps(id, node, wasHere)]);
    else this.#even.push(new EvenNote(id, node.writes, node.from, node.to, even));
  }

  /** Has the records of nodes name an operation by a shorter text: all that it says was in the graph before. */
  nameOwn(id: string, source: string): void {
    this.#ownNames.set(id, source);
  }

  /** Takes back what was noted of an operation. */
  forget(id: string): void {
    this.#even = this.#even.filter((note) => note.id !== id);
    this.#mixed = this.#mixed.filter((note) => note[0] !== id);
  }

  /** Hands over what the records of nodes can note, in steps; once the graph is what it will be. */
  *settle(graph: CommitGroup): Generator<void, void> {
    const pace = new Pace();
    const left: EvenNote[] = [];
    // Nodes of one operation share the text that names it.
    let last: { readonly id: string; readonly wereHere: boolean; readonly text: string } | undefined;
    for (const note of this.#even) {
      const { id, soul } = note;
      if (last?.id !== id || last.wereHere !== note.wereHere)
        last = { id, wereHere: note.wereHere, text: this.#nameOf(note) };
      if (!graph.takeSource(note, last.text)) {
        // Whoever writes the commit goes through what is left without a pause.
        if (isMany(note)) this.#mixed.push([id, yield* historyChangeInSteps(id, note, wasHereOf(note))]);
        else left.push(note);
      }
      if (pace.after(soul.length)) yield;
    }
    this.#even = left;
  }

  #nameOf({ id, wereHere: were }: EvenNote): string {
    const own = were ? this.#ownNames.get(id) : undefined;
    return own ?? sourceText(id, were);
  }

  /** The records in the histories of nodes. */
  *appendChanges(changes: Change[]): Generator<void, void> {
    const pace = new Pace();
    for (const [, change] of this.#mixed) changes.push(change);
    for (const note of this.#even) {
      changes.push(historyChange(note.id, note, wasHereOf(note)));
      if (pace.after(note.soul.length)) yield;
    }
  }
}

function wasHereOf({ wereHere: were }: EvenNote): WasHere {
  return were ? true : WAS_NOT_HERE;
}
