/** What one thing counts beside its characters. */
const THING_WEIGHT = 256;
/** Weight of one step: little enough to take well below a millisecond, more than looking at the clock. */
const STEP_WEIGHT = 32_768;

/** Tells work in steps when to yield: after some hundred things, or some ten thousand characters. */
export class Pace {
  #weight = 0;

  /**
   * Counts a thing that was done.
   *
   * @param length characters that were gone through for it
   * @returns true when it is time to yield
   */
  after(length: number): boolean {
    this.#weight += THING_WEIGHT + length;
    if (this.#weight < STEP_WEIGHT) return false;
    this.#weight = 0;
    return true;
  }
}

/** Those of many things that are meant, in steps. */
export function* chosenInSteps<Thing>(
  things: readonly Thing[],
  isMeant: (thing: Thing) => boolean,
): Generator<void, Thing[]> {
  const found: Thing[] = [];
  const pace = new Pace();
  for (const thing of things) {
    if (isMeant(thing)) found.push(thing);
    if (pace.after(0)) yield;
  }
  return found;
}
