import type { MaybePromise } from '../base/maybe-promise.ts';
import { GRAPH_PREFIXES } from './keys.ts';
import { HISTORY_PREFIX } from './log-keys.ts';
import type { Change, RangeOptions, Storage, TextCursor } from './storage.ts';

const APART: readonly string[] = [...GRAPH_PREFIXES, HISTORY_PREFIX];

function isApart(key: string): boolean {
  return APART.some((prefix) => key.startsWith(prefix));
}

/**
 * Logs as one storage has them, and beside them a graph with the histories of its nodes that another one has: whoever
 * writes here changes the graph apart and nothing else. Both are opened and closed by others.
 */
export class ApartStorage implements Storage {
  readonly #logs: Storage;
  readonly #graph: Storage;

  constructor(logs: Storage, graph: Storage) {
    this.#logs = logs;
    this.#graph = graph;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  getText(key: string): MaybePromise<string | undefined> {
    return this.#of(key).getText(key);
  }

  getTexts(keys: readonly string[]): MaybePromise<(string | undefined)[]> {
    const places = new Set(keys.map((key) => this.#of(key)));
    const [place] = places;
    if (place === undefined) return [];
    if (places.size === 1) return place.getTexts(keys);
    return Promise.all(keys.map(async (key) => this.getText(key)));
  }

  getBytes(key: string): MaybePromise<Uint8Array | undefined> {
    return this.#of(key).getBytes(key);
  }

  /** Walks a range that lies in one of the two as a whole. */
  range(options: RangeOptions): TextCursor {
    return this.#of(options.from).range(options);
  }

  /** Rejects when one of the changes is of logs: these are only read. */
  commit(changes: Iterable<Change>): Promise<void> {
    return this.#graph.commit(ofGraph(changes));
  }

  #of(key: string): Storage {
    return isApart(key) ? this.#graph : this.#logs;
  }
}

function* ofGraph(changes: Iterable<Change>): Generator<Change, void> {
  for (const change of changes) {
    if (!isApart(change[0])) throw new TypeError(`not of the graph: ${change[0]}`);
    yield change;
  }
}
