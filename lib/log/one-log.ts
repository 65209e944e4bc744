/** A map of one log, as which nearly every author has: a real one takes several times the room, and as long to make. */
export class OneLog<T> implements ReadonlyMap<string, T> {
  readonly size = 1;
  readonly #log: string;
  readonly #value: T;

  constructor(log: string, value: T) {
    this.#log = log;
    this.#value = value;
  }

  get(log: string): T | undefined {
    return log === this.#log ? this.#value : undefined;
  }

  has(log: string): boolean {
    return log === this.#log;
  }

  forEach(callback: (value: T, log: string, map: ReadonlyMap<string, T>) => void): void {
    callback(this.#value, this.#log, this);
  }

  keys(): MapIterator<string> {
    return [this.#log].values();
  }

  values(): MapIterator<T> {
    return [this.#value].values();
  }

  entries(): MapIterator<[string, T]> {
    const entry: [string, T] = [this.#log, this.#value];
    return [entry].values();
  }

  [Symbol.iterator](): MapIterator<[string, T]> {
    return this.entries();
  }
}
