/** Tables a set is spread over, and the bits of a fingerprint that tell which. */
const TABLES = 256;
const TABLE_SHIFT = 24;
/** Slots of a table at first; a power of two. */
const START_SLOTS = 16;
/** Part of its slots that a table fills before it grows: two or three are looked at to find one. */
const MOST_FILLED = 0.75;

/** An open-addressed table of fingerprints, of two words each. */
class Table {
  #slots = START_SLOTS;
  #size = 0;
  #words = new Uint32Array(2 * START_SLOTS);

  has(high: number, low: number): boolean {
    return this.#words[this.#find(high, low)] !== 0;
  }

  /** True when it was not there. */
  add(high: number, low: number): boolean {
    const at = this.#find(high, low);
    if (this.#words[at] !== 0) return false;
    this.#words[at] = high;
    this.#words[at + 1] = low;
    this.#size += 1;
    if (this.#size > this.#slots * MOST_FILLED) this.#grow();
    return true;
  }

  /** Index of the fingerprint's first word, or of the free slot where it would stand; `high` is never 0. */
  #find(high: number, low: number): number {
    const words = this.#words;
    const mask = this.#slots - 1;
    let slot = low & mask;
    while (words[2 * slot] !== 0) {
      if (words[2 * slot] === high && words[2 * slot + 1] === low) break;
      slot = (slot + 1) & mask;
    }
    return 2 * slot;
  }

  #grow(): void {
    const before = this.#words;
    this.#slots *= 2;
    this.#words = new Uint32Array(2 * this.#slots);
    for (let i = 0; i < before.length; i += 2) {
      if (before[i] === 0) continue;
      const at = this.#find(before[i]!, before[i + 1]!);
      this.#words[at] = before[i]!;
      this.#words[at + 1] = before[i + 1]!;
    }
  }
}

/**
 * A set of 64-bit fingerprints in typed arrays: 11 to 21 bytes for each, nothing for the garbage collector. It grows in
 * small pieces: making room for a million in one table holds the event loop for tens of milliseconds, and leaves
 * holes of megabytes in the memory of the process.
 */
export class FingerprintSet {
  readonly #tables: (Table | undefined)[] = Array.from({ length: TABLES }, () => undefined);
  #size = 0;

  /** Fingerprints in it. */
  get size(): number {
    return this.#size;
  }

  /** @param high first half, an unsigned whole number of 32 bits above 0 */
  has(high: number, low: number): boolean {
    return this.#tables[high >>> TABLE_SHIFT]?.has(high, low) === true;
  }

  /** Adds a fingerprint that may be there already. */
  add(high: number, low: number): void {
    const at = high >>> TABLE_SHIFT;
    const table = (this.#tables[at] ??= new Table());
    if (table.add(high, low)) this.#size += 1;
  }
}
