/** Byte strings that come again and again, as the authors of operations do: one in a row of the same is kept for all. */
export class Recurring {
  #last = new Uint8Array(0);

  /** A copy of the bytes between two places; that of the last ones when they are the same. */
  take(bytes: Uint8Array, from: number, to: number): Uint8Array {
    if (!this.#isLast(bytes, from, to)) this.#last = bytes.slice(from, to);
    return this.#last;
  }

  #isLast(bytes: Uint8Array, from: number, to: number): boolean {
    const last = this.#last;
    if (last.length !== to - from) return false;
    for (let at = 0; at < last.length; at += 1) if (last[at] !== bytes[from + at]) return false;
    return true;
  }
}
