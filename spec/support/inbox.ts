/**
 * Collects what arrives from elsewhere and lets a spec wait, within a bound, for what it needs of it.
 */

/** Milliseconds a spec waits for something before it fails; far above what loopback needs. */
export const WAIT_MS = 12_000;

/** Texts and numbers of a failure message, cut to what a reader can use. */
function shown(items: readonly unknown[]): string {
  return items.map((item) => `\n  ${(JSON.stringify(item) ?? String(item)).slice(0, 300)}`).join('');
}

/** Everything that came, in order, and the waits for it. */
export class Inbox<T> {
  /** Every item since the beginning. */
  readonly all: T[] = [];
  readonly #name: string;
  readonly #untaken: T[] = [];
  readonly #probes = new Set<() => void>();
  #end: string | undefined;

  /** @param name whose items these are, for failure texts */
  constructor(name: string) {
    this.#name = name;
  }

  /** Adds an item and wakes the waits, oldest first. */
  push(item: T): void {
    this.all.push(item);
    this.#untaken.push(item);
    for (const probe of this.#probes) probe();
  }

  /** Fails every wait that cannot be met by what is here, now and later. */
  close(reason: string): void {
    this.#end ??= reason;
    for (const probe of this.#probes) probe();
  }

  /** The first matching item that no earlier `next` returned, already here or still to come. */
  next(matches: (item: T) => boolean, what = 'a matching item'): Promise<T> {
    return this.until(() => {
      const at = this.#untaken.findIndex(matches);
      return at < 0 ? undefined : this.#untaken.splice(at, 1)[0];
    }, what);
  }

  /** Waits until the newest item matches, as a converging value does. */
  settles(matches: (item: T) => boolean, what = 'the newest item to match'): Promise<T> {
    return this.until(() => {
      const newest = this.all.at(-1);
      return newest !== undefined && matches(newest) ? newest : undefined;
    }, what);
  }

  /** Waits until `find` finds something; it is asked again after every item. */
  until<Found>(find: () => Found | undefined, what: string): Promise<Found> {
    return new Promise<Found>((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#probes.delete(probe);
        settle();
      };
      const fail = (reason: string): void => {
        const text = `${this.#name}: waited for ${what}; ${reason}; ${this.all.length} came, the newest:`;
        finish(() => reject(new Error(text + shown(this.all.slice(-12)))));
      };
      const probe = (): void => {
        const found = find();
        if (found !== undefined) finish(() => resolve(found));
        else if (this.#end !== undefined) fail(this.#end);
      };
      const timer = setTimeout(() => fail(`nothing within ${WAIT_MS} ms`), WAIT_MS);
      this.#probes.add(probe);
      probe();
    });
  }
}
