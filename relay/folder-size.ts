import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** How long a measured size counts, in milliseconds; a large store has thousands of files. */
const LIFE_MS = 10_000;

/** The size of the files in a folder, measured when it is asked for, but not all the time. */
export class FolderSize {
  readonly #folder: string;
  readonly #now: () => number;
  #measuring: Promise<number> | undefined;
  #measuredAt = -Infinity;

  /** @param now milliseconds that never go back */
  constructor(folder: string, now: () => number) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Bytes; 0 when there is no such folder. */
  bytes(): Promise<number> {
    const now = this.#now();
    if (this.#measuring === undefined || now - this.#measuredAt >= LIFE_MS) {
      this.#measuredAt = now;
      this.#measuring = this.#measure();
    }
    return this.#measuring;
  }

  async #measure(): Promise<number> {
    const names = await readdir(this.#folder, { recursive: true }).catch((): string[] => []);
    let bytes = 0;
    for (const name of names) {
      // Files come and go while they are counted.
      const found = await stat(join(this.#folder, name)).catch(() => undefined);
      if (found?.isFile() === true) bytes += found.size;
    }
    return bytes;
  }
}
