import type { Limits } from '../base/limits.ts';
import { inRange, matchesNames, type NameRange, type Selector } from '../graph/selector.ts';
import type { Entry } from '../graph/write.ts';

/** Characters of a state and what stands around it. */
const STATE_LENGTH = 14;

/** Properties of one soul, in the order they were read. */
export interface NodePart {
  readonly soul: string;
  readonly entries: (readonly [string, Entry])[];
}

/** Gathers entries of a walk into parts of bounded length, until a budget of bytes is spent. */
export class PartBuilder {
  readonly #souls: NameRange | undefined;
  readonly #selector: Selector;
  readonly #partLength: number;
  #budget: number;
  #nodes: NodePart[] = [];
  #length = 0;
  #full: readonly NodePart[] | undefined;

  constructor(selector: Selector, limits: Limits) {
    this.#selector = selector;
    this.#souls = typeof selector.soul === 'string' ? undefined : selector.soul;
    this.#budget = budgetOf(selector, limits);
    this.#partLength = limits.replyPartLength;
  }

  /** True when the budget is spent. */
  get done(): boolean {
    return this.#budget <= 0;
  }

  /** True when a part is ready. */
  get isFull(): boolean {
    return this.#full !== undefined;
  }

  /** True when a property is among those asked for. */
  means(soul: string, key: string): boolean {
    if (this.#souls !== undefined && !inRange(soul, this.#souls)) return false;
    return this.#selector.key === undefined || matchesNames(key, this.#selector.key);
  }

  /**
   * Adds an entry; the part before it may be full then.
   *
   * @param cost what `%` counts for its value
   */
  add(soul: string, key: string, entry: Entry, cost: number): void {
    const length = 2 * (soul.length + key.length) + STATE_LENGTH + entry.json.length;
    if (this.#length > 0 && this.#length + length > this.#partLength) this.#full = this.rest();
    const last = this.#nodes.at(-1);
    if (last?.soul === soul) {
      last.entries.push([key, entry]);
      this.#length += length - 2 * soul.length;
    } else {
      this.#nodes.push({ soul, entries: [[key, entry]] });
      this.#length += length;
    }
    this.#budget -= Math.max(1, cost);
  }

  /** The part that is ready, once. */
  full(): readonly NodePart[] | undefined {
    const full = this.#full;
    this.#full = undefined;
    return full;
  }

  /** What was gathered since the last part. */
  rest(): readonly NodePart[] {
    const nodes = this.#nodes;
    this.#nodes = [];
    this.#length = 0;
    return nodes;
  }
}

/** Bytes of values that a read may give. */
function budgetOf({ soul, key, byteLimit }: Selector, { lexDefaultBytes, lexMaxBytes }: Limits): number {
  const isLex = typeof soul !== 'string' || (key !== undefined && typeof key !== 'string');
  const wished = byteLimit ?? (isLex ? lexDefaultBytes : Infinity);
  return isLex || byteLimit !== undefined ? Math.min(wished, lexMaxBytes) : wished;
}
