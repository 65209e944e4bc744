/** A bar that shows how far long work has come, on terminals alone. */
import { SingleBar } from 'cli-progress';

/** Where the bar is drawn. */
export type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** Counts work that is done; draws nothing where nobody looks. */
export class Progress {
  readonly #bar: SingleBar | undefined;

  /**
   * @param total how much there is to do; undefined when nobody knows, and then nothing is drawn
   * @param unit what is counted, as in "operations"
   */
  constructor(stream: Terminal, total: number | undefined, unit: string) {
    if (!stream.isTTY || total === undefined) return;
    this.#bar = new SingleBar({
      stream,
      format: `{bar} {percentage}%  {value} of {total} ${unit}`,
      barCompleteChar: '#',
      barIncompleteChar: '-',
      hideCursor: true,
      clearOnComplete: true,
    });
    this.#bar.start(total, 0);
  }

  /** Counts some more. */
  add(count: number): void {
    this.#bar?.increment(count);
  }

  /** Takes the bar away. */
  stop(): void {
    this.#bar?.stop();
  }
}
