import type { TextUse } from './json-text.ts';

/** An object or array while it is read. */
export type Container = Record<string, unknown> | unknown[];

/** Reads the object or array once more that opens at a place. */
export type ReadAgain = (open: number, shape: Shape) => Generator<undefined, unknown>;

/** What is kept of a value that is read in steps, by its place in a message. */
export interface Shape {
  /** What becomes of a long text. */
  readonly text: TextUse;
  /** The shape of the member of a name that is always kept; undefined for all other names. */
  field(name: string): Shape | undefined;
  /** How many of the other members of an object are kept. */
  readonly others: number;
  /** How many members of an array are kept. */
  readonly items: number;
  /** The shape of these members, in objects and arrays. */
  readonly other: Shape;
  /** Makes the value of what was kept. */
  finish?(kept: KeptMembers): unknown;
  /** Reads what is missing of what was kept, before its value is made. */
  complete?(kept: KeptMembers, readAgain: ReadAgain): Generator<undefined, void>;
}

/** What is kept of the members of one object or array. */
export class KeptMembers {
  /** Without a prototype when it is an object: any name is its own, as with JSON.parse. */
  readonly value: Container;
  /** Where it stands in the text that is read. */
  readonly open: number;
  readonly isArray: boolean;
  readonly #shape: Shape;
  #others = 0;
  #isWhole = true;

  constructor(open: number, isArray: boolean, shape: Shape) {
    this.open = open;
    this.isArray = isArray;
    this.#shape = shape;
    this.value = isArray ? [] : (Object.create(null) as Record<string, unknown>);
  }

  /** False when members were left out. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** The shape of a member. */
  shapeOf(name: string): Shape {
    return this.#shape.field(name) ?? this.#shape.other;
  }

  /** Adds one member; the name means nothing in arrays. Of several of a name the last one counts. */
  add(name: string, member: unknown): void {
    const { value } = this;
    if (Array.isArray(value)) {
      if (value.length < this.#shape.items) value.push(member);
      else this.#isWhole = false;
      return;
    }
    if (!(name in value) && this.#shape.field(name) === undefined) {
      if (this.#others === this.#shape.others) {
        this.#isWhole = false;
        return;
      }
      this.#others += 1;
    }
    value[name] = member;
  }

  /**
   * Adds the members of an object or array that JSON.parse made.
   *
   * @returns false when it has none
   */
  addAll(part: Container): boolean {
    if (Array.isArray(part)) {
      for (const member of part) this.add('', member);
      return part.length > 0;
    }
    let isEmpty = true;
    for (const name in part) {
      isEmpty = false;
      this.add(name, part[name]);
    }
    return !isEmpty;
  }
}
