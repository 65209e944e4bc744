import type { FieldWrite } from '../graph/write.ts';
import { entryName } from './entry-name.ts';
import type { KeyRange } from './keys.ts';
import { markKey, markRange, parseMarkKey, witnessedKey, witnessedRange } from './log-keys.ts';
import { markSource } from './node-source.ts';
import type { Change, Storage } from './storage.ts';
import { writtenNodes, type WrittenNode } from './written-nodes.ts';

/** Properties of one mark; a commit that changed more gets several. */
const MARK_PROPERTIES = 500;
/** Marks whose writes are found in one go. */
const FOUND_MARKS = 16;
/** Entries of one operation that are remembered as said; what is beyond is witnessed twice. */
const MOST_HEARD = 10_000;
/** Numbers of operations that are read at once. */
const SIGNED_PAGE = 1000;

/** Properties that an operation is full with. */
export const FULL_PROPERTIES = 500;

/** Where the records of nodes name their sources. */
export interface Sources {
  /** Makes something the source of a node, when what is written is everything that the node has; false when it is not. */
  takeSource(written: WrittenNode, source: string): boolean;
}

/** What is to be witnessed, and the keys to delete with the operation that does. */
export interface Marks {
  /** Writes of marks that are in memory. */
  readonly writes: readonly FieldWrite[];
  /** Souls of marks whose writes are to be found: of an earlier run, or too many to be kept. */
  readonly souls: ReadonlySet<string>;
  readonly keys: readonly string[];
  /**
   * True for a soul whose history must note the operation, as its record does not name its mark; asked in the commit that
   * brings it. Undefined when all of them must.
   */
  readonly notes: ((soul: string) => boolean) | undefined;
}

/** A mark whose writes are in memory. */
interface KeptMark {
  readonly writes: readonly FieldWrite[];
  /** Souls whose records do not name the mark, or no more. */
  readonly plain: Set<string>;
}

/** A mark of the commit under way. */
interface NewMark {
  /** Undefined for the number of an operation that this very commit signs. */
  readonly change: Change | undefined;
  /** Undefined when its writes are not kept. */
  readonly kept: KeptMark | undefined;
}

/**
 * What waits for a witness (log-mapping section 4): its souls are noted in the commit that changes it, so that a crash
 * loses nothing; the notes are deleted in the commit that witnesses it.
 */
export class WitnessMarks {
  readonly #storage: Storage;
  readonly #most: number;
  /** Marks by number; the writes of others are in the graph. */
  readonly #kept = new Map<number, KeptMark>();
  /** Names of entries that somebody else said while marks waited. */
  readonly #said = new Set<string>();
  /** Characters of both, those of the commit under way included. */
  #characters = 0;
  /** Writes that are kept. */
  #count = 0;
  #added: NewMark[] = [];
  /** Numbers of operations among those of marks that wait. */
  readonly #signed = new Set<number>();
  /** Numbers of the oldest mark that waits, and of the next one. */
  #first = 1;
  #next = 1;
  #wake: (isFull: boolean) => void = () => undefined;

  /** @param most characters of writes that are kept in memory until they are witnessed */
  constructor(storage: Storage, most: number) {
    this.#storage = storage;
    this.#most = most;
  }

  /** Marks that wait. */
  get size(): number {
    return this.#next - this.#first;
  }

  /** Number of the oldest mark that waits, or of the next one. */
  get first(): number {
    return this.#first;
  }

  /** Number of the next mark: those before it are what waits now. */
  get end(): number {
    return this.#next;
  }

  /** True while an operation can be filled with what waits. */
  get isFull(): boolean {
    return this.#count >= FULL_PROPERTIES;
  }

  /** True while something waits that was marked before a number was the next. */
  hasBefore(end: number): boolean {
    return this.#first < end;
  }

  /** Calls back when there is something to witness, and when that fills an operation. */
  onMarked(wake: (isFull: boolean) => void): void {
    this.#wake = wake;
  }

  /** Finds what waited before a restart. */
  async load(): Promise<void> {
    const first = await this.#numberAt(markRange(), false);
    const last = await this.#numberAt(markRange(), true);
    // Records of nodes name marks that were witnessed: no other mark may have their numbers.
    this.#next = Math.max(last ?? 0, (await this.#numberAt(witnessedRange(), true)) ?? 0) + 1;
    this.#first = first ?? this.#next;
    if (first === undefined) return;
    await this.#loadSigned(first);
    this.#wake(false);
  }

  /** Finds the numbers of operations among those of marks that wait. */
  async #loadSigned(from: number): Promise<void> {
    const cursor = this.#storage.range({ from: witnessedKey(from), to: witnessedKey(this.#next) });
    try {
      for (;;) {
        const page = await cursor.next(SIGNED_PAGE);
        if (page.length === 0) return;
        for (const [key] of page) this.#signed.add(parseMarkKey(key));
      }
    } finally {
      await cursor.close();
    }
  }

  /** Number of the record at an end. */
  async #numberAt(range: KeyRange, reverse: boolean): Promise<number | undefined> {
    const cursor = this.#storage.range({ ...range, reverse });
    try {
      const [found] = await cursor.next(1);
      return found && parseMarkKey(found[0]);
    } finally {
      await cursor.close();
    }
  }

  /**
   * Marks what a commit changes without a signature, in steps. The records of nodes that have nothing else name the mark,
   * so that their histories need not note the operation.
   */
  *mark(batches: Iterable<readonly FieldWrite[]>, graph: Sources): Generator<void, void> {
    let writes: FieldWrite[] = [];
    for (const batch of batches) {
      for (const write of batch) {
        if (writes.push(write) < MARK_PROPERTIES) continue;
        yield* this.#add(writes, graph);
        writes = [];
        yield;
      }
    }
    if (writes.length > 0) yield* this.#add(writes, graph);
  }

  *#add(writes: readonly FieldWrite[], graph: Sources): Generator<void, void> {
    const number = this.#next + this.#added.length;
    const change: Change = [markKey(number), JSON.stringify(soulsOf(writes))];
    const characters = charactersOf(writes);
    const isKept = this.#characters + characters <= this.#most;
    if (!isKept) {
      this.#added.push({ change, kept: undefined });
      return;
    }
    this.#characters += characters;
    const plain = new Set<string>();
    const source = markSource(number);
    for (const node of writtenNodes(writes)) {
      if (node === undefined) yield;
      else if (!graph.takeSource(node, source)) plain.add(node.soul);
    }
    this.#added.push({ change, kept: { writes, plain } });
  }

  /** A number for an operation that the commit under way signs; records of nodes name that as they name a mark. */
  takeNumber(): number {
    this.#added.push({ change: undefined, kept: undefined });
    return this.#next + this.#added.length - 1;
  }

  /** The storage changes of the marks of the commit under way. */
  appendChanges(changes: Change[]): void {
    for (const { change } of this.#added) if (change !== undefined) changes.push(change);
  }

  /** Tells that the record of a node that named a mark which waits names it no more. */
  displace(number: number, soul: string): void {
    this.#kept.get(number)?.plain.add(soul);
  }

  /** True while what a mark stands for waits. */
  waits(number: number): boolean {
    return number >= this.#first && number < this.#next && !this.#signed.has(number);
  }

  /** Tells whether the commit of the appended marks went through. */
  settle(committed: boolean): void {
    const added = this.#added;
    this.#added = [];
    if (added.length === 0) return;
    if (!committed) return this.#release(added.map(({ kept }) => kept));
    const isFirst = this.size === 0;
    for (const { change, kept } of added) {
      if (change === undefined) this.#signed.add(this.#next);
      if (kept !== undefined) this.#kept.set(this.#next, kept);
      this.#count += kept?.writes.length ?? 0;
      this.#next += 1;
    }
    this.#skipSigned();
    if (this.size > 0 && (isFirst || this.isFull)) this.#wake(this.isFull);
  }

  /** Lets the oldest mark that waits be one indeed. */
  #skipSigned(): void {
    while (this.#signed.delete(this.#first)) this.#first += 1;
  }

  /** Tells what an operation of somebody else says; what waits of it needs no other witness. */
  heard(writes: readonly FieldWrite[]): void {
    if (this.size === 0) return;
    const end = Math.min(writes.length, MOST_HEARD);
    for (let at = 0; at < end; at += 1) {
      const name = entryName(writes[at]!);
      // What does not fit is witnessed twice, which does no harm.
      if (this.#characters + name.length > this.#most || this.#said.has(name)) continue;
      this.#said.add(name);
      this.#characters += name.length;
    }
  }

  /** The oldest marks, with at most so many properties unless one mark has more. */
  async oldest(most: number): Promise<Marks> {
    return this.#kept.has(this.#first) ? this.#oldestKept(most) : this.#oldestRead();
  }

  #oldestKept(most: number): Marks {
    const writes: FieldWrite[] = [];
    const keys: string[] = [];
    const marks: KeptMark[] = [];
    let count = 0;
    for (let number = this.#first; number < this.#next; number += 1) {
      if (this.#signed.has(number)) continue;
      const kept = this.#kept.get(number);
      count += kept?.writes.length ?? 0;
      if (kept === undefined || (keys.length > 0 && count > most)) break;
      for (const write of kept.writes) if (!this.#isSaid(write)) writes.push(write);
      keys.push(markKey(number));
      marks.push(kept);
    }
    const notes = (soul: string): boolean => marks.some(({ plain }) => plain.has(soul));
    return { writes, souls: new Set(), keys, notes };
  }

  async #oldestRead(): Promise<Marks> {
    const { to } = markRange();
    const cursor = this.#storage.range({ from: markKey(this.#first), to });
    try {
      const souls = new Set<string>();
      const keys: string[] = [];
      for (const [key, record] of await cursor.next(FOUND_MARKS)) {
        if (keys.length > 0 && this.#kept.has(parseMarkKey(key))) break;
        for (const soul of JSON.parse(record) as string[]) souls.add(soul);
        keys.push(key);
      }
      return { writes: [], souls, keys, notes: undefined };
    } finally {
      await cursor.close();
    }
  }

  #isSaid(write: FieldWrite): boolean {
    return this.#said.size > 0 && this.#said.has(entryName(write));
  }

  /** Forgets marks whose properties are witnessed, durably. */
  done(keys: readonly string[]): void {
    for (const key of keys) {
      const number = parseMarkKey(key);
      const kept = this.#kept.get(number);
      this.#release([kept]);
      this.#count -= kept?.writes.length ?? 0;
      this.#kept.delete(number);
      this.#first = Math.max(this.#first, number + 1);
    }
    this.#skipSigned();
    if (this.size === 0) this.#forgetSaid();
  }

  #forgetSaid(): void {
    for (const name of this.#said) this.#characters -= name.length;
    this.#said.clear();
  }

  #release(marks: readonly (KeptMark | undefined)[]): void {
    for (const kept of marks) if (kept !== undefined) this.#characters -= charactersOf(kept.writes);
  }
}

/** The souls of writes, of which those of one node stand together. */
function soulsOf(writes: readonly FieldWrite[]): string[] {
  const souls: string[] = [];
  for (const { soul } of writes) if (souls.at(-1) !== soul) souls.push(soul);
  return souls;
}

function charactersOf(writes: readonly FieldWrite[]): number {
  return writes.reduce((sum, { soul, key, json }) => sum + soul.length + key.length + json.length, 0);
}
