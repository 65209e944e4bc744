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
const FEW_WRITES = 1000;

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

/** What an operation of this node's own says, all of which the graph had: gone through node by node when it is settled. */
class OwnNotes implements WrittenNode {
  readonly id: string;
  readonly writes: readonly FieldWrite[];
  readonly wereHere = true;
  from = 0;
  to = 0;

  constructor(id: string, writes: readonly FieldWrite[]) {
    this.id = id;
    this.writes = writes;
  }

  /** Goes on to the next node; false behind the last. */
  next(): boolean {
    if (this.to === this.writes.length) return false;
    this.from = this.to;
    this.to = endOfNode(this.writes, this.from);
    return true;
  }

  /** The soul of the node. */
  get soul(): string {
    return this.writes[this.from]!.soul;
  }

  /** The note of the node. */
  get note(): EvenNote {
    return new EvenNote(this.id, this.writes, this.from, this.to, true);
  }
}

/**
 * What the operations of one commit write to nodes, until it is known what holds at its end: of a node that one operation
 * says whole the node's record notes that, of all others their histories do.
 */
export class HistoryNotes {
  #even: EvenNote[] = [];
  #own: OwnNotes[] = [];
  /** Records of what was there in part, with their operations. */
  #mixed: (readonly [id: string, change: Change])[] = [];
  readonly #ownNames = new Map<string, string>();

  /** Notes what an operation wrote, in steps. */
  *add(id: string, writes: readonly FieldWrite[], wasHere: WasHere): Generator<void, void> {
    if (wasHere === true && writes.length <= FEW_WRITES && isBySoul(writes)) {
      this.#own.push(new OwnNotes(id, writes));
      return;
    }
    const pace = new Pace();
    for (const node of writtenNodes(writes)) {
      if (node !== undefined && isMany(node)) yield* this.#addMany(id, node, wasHere);
      else if (node !== undefined) this.addNode(id, node, wasHere);
      if (node === undefined || pace.after(node.soul.length)) yield;
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
    this.#own = this.#own.filter((notes) => notes.id !== id);
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
    for (const notes of this.#own) {
      const text = this.#nameOf(notes);
      while (notes.next()) {
        if (!graph.takeSource(notes, text)) left.push(notes.note);
        if (pace.after(notes.soul.length)) yield;
      }
    }
    this.#even = left;
  }

  #nameOf({ id, wereHere: were }: Pick<EvenNote, 'id' | 'wereHere'>): string {
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
