/** The graph as one would write it first: a map and the rule of HAM, too simple to be wrong. */
import type { Value } from '../../lib/graph/value.ts';
import { valueOf, type FieldWrite } from '../../lib/graph/write.ts';

interface Held {
  readonly soul: string;
  readonly key: string;
  readonly state: number;
  readonly value: Value;
}

/** What every replica must hold after the writes it was given, in whatever order they came. */
export class NaiveGraph {
  readonly #held = new Map<string, Held>();

  /** Takes a write: the later state wins; of equal states the value with the greater JSON text. */
  put(write: FieldWrite): void {
    const place = JSON.stringify([write.soul, write.key]);
    const held = this.#held.get(place);
    const value = valueOf(write);
    const wins =
      held === undefined ||
      write.state > held.state ||
      (write.state === held.state && JSON.stringify(value) > JSON.stringify(held.value));
    if (wins) this.#held.set(place, { soul: write.soul, key: write.key, state: write.state, value });
  }

  /** Takes many writes. */
  putAll(writes: Iterable<FieldWrite>): this {
    for (const write of writes) this.put(write);
    return this;
  }

  /** Everything it holds, as lines in one order, for comparing. */
  lines(): string[] {
    return [...this.#held.values()].map(lineOf).toSorted();
  }

  /** Souls it knows. */
  souls(): Set<string> {
    return new Set([...this.#held.values()].map(({ soul }) => soul));
  }
}

function lineOf({ soul, key, state, value }: Held): string {
  return lineOfField(soul, key, state, JSON.stringify(value));
}

/** One property as {@link NaiveGraph.lines} writes it. */
export function lineOfField(soul: string, key: string, state: number, json: string): string {
  // JSON knows no -0, and neither does HAM.
  return JSON.stringify([soul, key, state + 0, json]);
}
