import type { Tip, Tips } from './heights.ts';
import { HASH_BYTES } from './hash.ts';

/** Parts that a state vector is hashed, copied and shown by: one for each first byte of an author. */
export const TIPS_PARTS = 256;

/** Bytes of the hashes of all parts. */
export const PART_HASHES_BYTES: number = TIPS_PARTS * HASH_BYTES;

const DIGITS = 2;

/** The logs of one author. */
type Logs = ReadonlyMap<string, Tip>;

/** The logs of the authors whose keys begin with one byte. */
export interface TipsPart {
  readonly authors: ReadonlyMap<string, Logs>;
  /** Its hash, once somebody made it; forgotten when the part changes. */
  hash: Uint8Array | undefined;
}

/** The same while it belongs to one vector alone. */
type OwnPart = { authors: Map<string, Logs>; hash: Uint8Array | undefined };

/** A part without logs; one may stand in several places of a vector, and in no other vector but snapshots of that. */
function emptyPart(): TipsPart {
  return { authors: new Map(), hash: undefined };
}

/** Number of the part that an author belongs to. */
export function partOf(author: string): number {
  return Number.parseInt(author.slice(0, DIGITS), 16);
}

/**
 * A state vector in parts, which a snapshot shares with it until one of the two changes: a copy of 100,000 logs at once
 * would hold everybody up.
 */
export class PartedTips implements Tips {
  readonly #parts: TipsPart[];
  /** Parts that nobody else sees. */
  readonly #own = new Set<number>();
  #size = 0;

  private constructor(parts: TipsPart[]) {
    this.#parts = parts;
    for (const { authors } of parts) this.#size += authors.size;
  }

  /** A state vector without logs. */
  static empty(): PartedTips {
    const none = emptyPart();
    return new PartedTips(Array.from({ length: TIPS_PARTS }, () => none));
  }

  /** Authors. */
  get size(): number {
    return this.#size;
  }

  /** The parts, in the order of their numbers; not to be kept, as they go on with the vector. */
  get parts(): readonly TipsPart[] {
    return this.#parts;
  }

  get(author: string): Logs | undefined {
    return this.#parts[partOf(author)]?.authors.get(author);
  }

  has(author: string): boolean {
    return this.get(author) !== undefined;
  }

  /** Sets the logs of an author. */
  set(author: string, logs: Logs): this {
    const part = this.#ownPart(partOf(author));
    const before = part.authors.size;
    part.authors.set(author, logs);
    part.hash = undefined;
    this.#size += part.authors.size - before;
    return this;
  }

  /** The vector as it is now, whatever becomes of this one. */
  snapshot(): PartedTips {
    this.#own.clear();
    return new PartedTips(this.#parts.slice());
  }

  /** A snapshot of some parts alone. */
  only(isMeant: (part: number) => boolean): PartedTips {
    this.#own.clear();
    const none = emptyPart();
    return new PartedTips(this.#parts.map((part, at) => (isMeant(at) ? part : none)));
  }

  /** A snapshot of those parts that are not the very ones of another vector; what the two share is equal. */
  unlike({ parts }: PartedTips): PartedTips {
    return this.only((part) => this.#parts[part] !== parts[part]);
  }

  forEach(callback: (logs: Logs, author: string, map: Tips) => void): void {
    for (const [author, logs] of this) callback(logs, author, this);
  }

  *keys(): Generator<string, undefined> {
    for (const { authors } of this.#parts) yield* authors.keys();
  }

  *values(): Generator<Logs, undefined> {
    for (const { authors } of this.#parts) yield* authors.values();
  }

  *entries(): Generator<[string, Logs], undefined> {
    for (const { authors } of this.#parts) yield* authors;
  }

  [Symbol.iterator](): Generator<[string, Logs], undefined> {
    return this.entries();
  }

  #ownPart(at: number): OwnPart {
    if (!this.#own.has(at)) {
      this.#parts[at] = { authors: new Map(this.#parts[at]!.authors), hash: undefined };
      this.#own.add(at);
    }
    return this.#parts[at] as OwnPart;
  }
}
