/** Tasks of one owner that wait, the oldest first. */
interface Line {
  waiting: (() => void)[];
  head: number;
}

/**
 * Lets so many tasks run at once; the others wait in the order they came, those of several owners by turns, so that
 * nobody waits for all that another one began.
 */
export class Gate {
  readonly #width: number;
  /** By owner; whose turn is next stands first. */
  readonly #lines = new Map<string | undefined, Line>();
  #running = 0;

  /** @param width tasks that may run at once */
  constructor(width: number) {
    this.#width = width;
  }

  /** Runs a task when there is room and gives what it gives. */
  async run<T>(task: () => Promise<T>, owner?: string): Promise<T> {
    if (this.#running >= this.#width) await new Promise<void>((resolve) => this.#wait(resolve, owner));
    else this.#running += 1;
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  #wait(enter: () => void, owner: string | undefined): void {
    const line = this.#lines.get(owner);
    if (line === undefined) this.#lines.set(owner, { waiting: [enter], head: 0 });
    else line.waiting.push(enter);
  }

  /** Hands the place over to the next in line, or gives it back. */
  #release(): void {
    const { value: next } = this.#lines.entries().next();
    if (next === undefined) {
      this.#running -= 1;
      return;
    }
    const [owner, line] = next;
    const enter = line.waiting[line.head]!;
    line.head += 1;
    const isEmpty = line.head === line.waiting.length;
    if (isEmpty || this.#lines.size > 1) this.#lines.delete(owner);
    if (!isEmpty) this.#giveTurn(owner, line);
    enter();
  }

  #giveTurn(owner: string | undefined, line: Line): void {
    this.#lines.set(owner, line);
    // Under steady pressure the line is never empty, and those let in must not be kept.
    if (2 * line.head < line.waiting.length) return;
    line.waiting = line.waiting.slice(line.head);
    line.head = 0;
  }
}
