/** Lets a fixed number of tasks run at once; the others wait in the order they came. */
export class Gate {
  readonly #width: number;
  readonly #waiting: (() => void)[] = [];
  #head = 0;
  #running = 0;

  /** @param width tasks that may run at once */
  constructor(width: number) {
    this.#width = width;
  }

  /** Runs a task when there is room and gives what it gives. */
  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#width) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  /** Hands the place over to the next in line, or gives it back. */
  #release(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    this.#head += 1;
    // Under steady pressure the line is never empty, and those let in must not be kept.
    if (2 * this.#head >= this.#waiting.length) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    next();
  }
}
