import type { FieldWrite } from '../graph/write.ts';

/** Writes or records of one commit. */
const MOST_WRITES = 500;
/** Characters of their keys and values. */
export const MOST_CHARACTERS: number = 1024 * 1024;

/**
 * How much was gathered for one commit by work that goes through a whole graph or log: others come in between commits, and
 * what is gathered stands in memory.
 */
export class CommitSize {
  #writes = 0;
  #characters = 0;

  /** True when that is enough: 500 writes or records, or 1 Mi characters. */
  get isFull(): boolean {
    return this.#writes >= MOST_WRITES || this.#characters >= MOST_CHARACTERS;
  }

  /** Counts a record, and the writes that make it; none for one whose length does not matter. */
  add(...writes: readonly (Pick<FieldWrite, 'key' | 'json'> | undefined)[]): void {
    this.#writes += 1;
    for (const write of writes)
      if (write !== undefined) this.#characters += write.key.length + write.json.length;
  }

  /** Begins anew. */
  clear(): void {
    this.#writes = 0;
    this.#characters = 0;
  }
}
