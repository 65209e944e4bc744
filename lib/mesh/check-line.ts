import type { Result } from '../base/result.ts';
import type { FieldWrite } from '../graph/write.ts';

/** The writes of a put that may be merged, or why all of them are refused. */
export type Checked = Result<readonly FieldWrite[]>;

/** A put that goes on when it was checked. */
export interface CheckedPut {
  readonly writes: readonly FieldWrite[];
  goOn(checked: Checked): void;
}

/** Puts of one peer under check; beyond, what else it says waits. */
const MOST_PUTS = 8;
/** Characters of their values, likewise; each of them is held more than once meanwhile. */
const MOST_CHARACTERS = 1024 * 1024;

/** A put in line, and what was decided about it. */
export interface Place {
  readonly put: CheckedPut;
  readonly characters: number;
  checked: Checked | undefined;
}

/** The puts of one peer that are being checked: they go on in the order they came, whichever is decided first. */
export class CheckLine {
  readonly #places: Place[] = [];
  #characters = 0;

  /** Puts in line. */
  get size(): number {
    return this.#places.length;
  }

  /** True when no more should come for now. */
  get isFull(): boolean {
    return this.size >= MOST_PUTS || this.#characters >= MOST_CHARACTERS;
  }

  /** Takes a put in; tell {@link decide} what became of it. */
  add(put: CheckedPut): Place {
    const characters = put.writes.reduce((sum, { json }) => sum + json.length, 0);
    const place: Place = { put, characters, checked: undefined };
    this.#places.push(place);
    this.#characters += characters;
    return place;
  }

  /** Notes a decision; what waited for nothing else goes on. */
  decide(place: Place, checked: Checked): void {
    place.checked = checked;
    for (;;) {
      const first = this.#places[0];
      if (first?.checked === undefined) return;
      this.#places.shift();
      this.#characters -= first.characters;
      first.put.goOn(first.checked);
    }
  }
}
