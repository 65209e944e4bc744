/**
 * Operations taken in at once, and bytes of them; beyond, the other side is not read. More of them share no larger commits,
 * as a read brings as many anyhow, and outlive the young generation: that costs a relay 50 MiB.
 */
const MOST_OPERATIONS = 192;
const MOST_BYTES = 1024 * 1024;
/** Part of that at which it is read again. */
const RELEASE_SHARE = 0.5;

/** What a session has under way of what came from the other side, which is read no further beyond a certain load. */
export class TakingLoad {
  readonly #hold: (isHeld: boolean) => void;
  #operations = 0;
  #bytes = 0;
  #isHeld = false;
  #idle: (() => void)[] = [];

  /** @param hold told to read the other side no further, or again */
  constructor(hold: (isHeld: boolean) => void) {
    this.#hold = hold;
  }

  /** Takes one more that came. */
  add(bytes: number): void {
    this.#change(1, bytes);
  }

  /** Forgets one that is done. */
  remove(bytes: number): void {
    this.#change(-1, -bytes);
    if (this.#operations === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    if (this.#operations > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #change(operations: number, bytes: number): void {
    this.#operations += operations;
    this.#bytes += bytes;
    const share = Math.max(this.#operations / MOST_OPERATIONS, this.#bytes / MOST_BYTES);
    const isHeld = share >= 1 || (this.#isHeld && share > RELEASE_SHARE);
    if (isHeld === this.#isHeld) return;
    this.#isHeld = isHeld;
    this.#hold(isHeld);
  }
}
