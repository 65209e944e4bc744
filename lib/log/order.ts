/** One thing that waits. */
interface WaitingItem<T> {
  readonly item: T;
  readonly missing: Set<string>;
}

/** What became of something that was added. */
export type OrderOutcome<T> =
  /** This, and what waited for it alone, in an order in which everything comes after what it needs. */
  | { readonly kind: 'ready'; readonly items: readonly T[] }
  | { readonly kind: 'waiting' }
  /** Added before. */
  | { readonly kind: 'known' }
  /** Too many wait already. */
  | { readonly kind: 'full' };

/**
 * Puts operations that declare dependencies into causal order: each is given out once, after everything it needs.
 * It waits in memory for what is missing; beyond the bound nothing more is taken until somebody asks again.
 */
export class OrderBuffer<T> {
  readonly #most: number;
  readonly #isDone: (id: string) => boolean;
  readonly #waiting = new Map<string, WaitingItem<T>>();
  readonly #waitersByMissing = new Map<string, Set<string>>();
  #links = 0;

  /**
   * @param most dependencies that may be waited for in all, a thing without room for its own being refused
   * @param isDone whether an id was given out, now or in an earlier run
   */
  constructor(most: number, isDone: (id: string) => boolean) {
    this.#most = most;
    this.#isDone = isDone;
  }

  /** Things that wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Ids that something waits for and that are nowhere. */
  missing(): string[] {
    return [...this.#waitersByMissing.keys()].filter((id) => !this.#waiting.has(id));
  }

  /** Takes a thing in. */
  add(id: string, item: T, dependencies: readonly string[]): OrderOutcome<T> {
    if (this.#isDone(id) || this.#waiting.has(id)) return { kind: 'known' };
    const missing = new Set(
      dependencies.filter((dependency) => dependency !== id && !this.#isDone(dependency)),
    );
    if (missing.size === 0) return { kind: 'ready', items: this.#release(id, item) };
    if (this.#links + missing.size > this.#most) return { kind: 'full' };
    this.#waiting.set(id, { item, missing });
    this.#links += missing.size;
    for (const dependency of missing) {
      const waiters = this.#waitersByMissing.get(dependency);
      if (waiters === undefined) this.#waitersByMissing.set(dependency, new Set([id]));
      else waiters.add(id);
    }
    return { kind: 'waiting' };
  }

  #release(id: string, item: T): T[] {
    const ready: T[] = [];
    const released: { readonly id: string; readonly item: T }[] = [{ id, item }];
    for (let next = released.shift(); next !== undefined; next = released.shift()) {
      ready.push(next.item);
      for (const waiter of this.#waitersByMissing.get(next.id) ?? []) {
        const waiting = this.#waiting.get(waiter)!;
        waiting.missing.delete(next.id);
        this.#links -= 1;
        if (waiting.missing.size > 0) continue;
        this.#waiting.delete(waiter);
        released.push({ id: waiter, item: waiting.item });
      }
      this.#waitersByMissing.delete(next.id);
    }
    return ready;
  }
}
