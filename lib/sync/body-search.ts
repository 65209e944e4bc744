import { MOST_PLACES } from './frame-fields.ts';
import type { LackingBodies, SyncStore } from './sync-store.ts';

/** Questions in a row that may bring nothing: bodies that everybody has pruned are never to be had. */
const MOST_FRUITLESS = 3;

/** The questions of one session for bodies that are lacking here, which go on as long as the other side has some of them. */
export class BodySearch {
  readonly #store: Pick<SyncStore, 'lacking'>;
  /** Bodies that came over the session, those before the last question among them. */
  #came = 0;
  #cameBefore = 0;
  #fruitless = 0;
  /** True when the walk over what is lacking, which all sessions go on with, was begun anew for this one. */
  #isSecondWalk = false;
  #hasAsked = false;

  constructor(store: Pick<SyncStore, 'lacking'>) {
    this.#store = store;
  }

  /** Counts a body that came. */
  came(): void {
    this.#came += 1;
  }

  /** What to ask for next, undefined when there is nothing. */
  async next(): Promise<LackingBodies | undefined> {
    this.#cameBefore = this.#came;
    const isWorthIt = !this.#hasAsked || (this.#came > 0 && this.#fruitless === 0);
    this.#hasAsked = true;
    const lacking = await this.#store.lacking?.(MOST_PLACES);
    if (lacking !== undefined || this.#isSecondWalk || !isWorthIt) return lacking;
    // For what stands before this session's first question others may have been asked in vain.
    this.#isSecondWalk = true;
    return this.#store.lacking?.(MOST_PLACES);
  }

  /** True when it is worth to ask on, now that a question is answered. */
  goesOn(): boolean {
    this.#fruitless = this.#came > this.#cameBefore ? 0 : this.#fruitless + 1;
    return this.#fruitless < MOST_FRUITLESS;
  }
}
