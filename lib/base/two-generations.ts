/**
 * A bounded map that forgets what was not used lately: two generations, of which the older is dropped whole
 * when the younger is full. Deleting single old keys of one big Map is slow in V8; this is not.
 */
export class TwoGenerations<K, V> {
  #young = new Map<K, V>();
  #old = new Map<K, V>();
  #youngWeight = 0;
  readonly #halfWeight: number;

  /** @param capacity total weight of what is kept, in the unit of the weights given to `set` */
  constructor(capacity: number) {
    this.#halfWeight = capacity / 2;
  }

  /** Entries of both generations. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** The value of a key, made young again with the given weight. */
  get(key: K, weight: (value: V) => number = one): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old, weight(old));
    return old;
  }

  /** Keeps a value; what both generations cannot hold leaves. */
  set(key: K, value: V, weight = 1): void {
    if (this.#youngWeight + weight > this.#halfWeight && this.#young.size > 0) this.#rotate();
    this.#young.set(key, value);
    this.#youngWeight += weight;
  }

  /** Tells that a kept value grew heavier. */
  grow(weight: number): void {
    this.#youngWeight += weight;
    if (this.#youngWeight > this.#halfWeight) this.#rotate();
  }

  /** Forgets a key; its weight is given back with its generation. */
  delete(key: K): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  #rotate(): void {
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngWeight = 0;
  }
}

function one(): number {
  return 1;
}
